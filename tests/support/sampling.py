"""Models whose answers differ each time, and what was asked of them and billed."""

from collections import Counter
from typing import Any

from langgraph_moa import (
    create_moa,
)
from loopback import Loopback, Reply


def mixture(server: Loopback, **options: Any) -> Any:
    resolve = server.resolve
    defaults: dict[str, Any] = {"proposers": ["m"], "aggregator": "last", "samples": 4, "early_stop": None}
    return create_moa(**{**defaults, "resolve": resolve, **options})


def counting(server: Loopback, model: str = "m", **fields: Any) -> None:
    """Let each answer of a model be another one."""
    given: Counter[str] = Counter()

    def script(body: dict[str, Any]) -> Reply:
        given[model] += 1
        return Reply(f"{model} says {given[model]}", **fields)

    server.say(model, script)


def asked_for(server: Loopback, model: str = "m") -> list[int]:
    return [r.n for r in server.asked(model)]


def bill_of(server: Loopback) -> dict[str, int]:
    """Return what the server counted, all answers together."""
    return {
        "input_tokens": sum(usage["prompt_tokens"] for usage in server.billed),
        "output_tokens": sum(usage["completion_tokens"] for usage in server.billed),
        "total_tokens": server.tokens_billed,
    }


def counted(run: Any) -> dict[str, int]:
    return {key: run["usage"][key] for key in ("input_tokens", "output_tokens", "total_tokens")}
