"""A moderator that keeps whom it is told to, of proposers who number their answers."""

import json
from collections import Counter
from typing import Any

from langgraph_moa import (
    Moderator,
    create_moa,
)
from loopback import Loopback, Reply
from reading import proposals_in, references_in

NAMES = ["anna", "bert", "carl", "dora"]


def mixture(server: Loopback, moderator: Any = None, **options: Any) -> Any:
    for name in NAMES:
        if name not in server.scripts:
            numbered(server, name)
    told = moderator or Moderator("moderator", keep=2)
    defaults: dict[str, Any] = {"proposers": NAMES, "aggregator": "last", "layers": 4, "early_stop": None}
    return create_moa(**{**defaults, "moderator": told, "resolve": server.resolve, **options})


def numbered(server: Loopback, name: str) -> None:
    """Let a model tell how often it was asked."""
    asked: Counter[str] = Counter()

    def script(body: dict[str, Any]) -> Reply:
        asked[name] += 1
        return Reply(f"{name} {asked[name]}")

    server.say(name, script)


def keeping(server: Loopback, *rounds: list[str], stop: int = 99) -> None:
    """Let the moderator keep these authors, one list a layer, the last one from then on, and stop at a layer."""
    asked = iter(range(1, 100))

    def script(body: dict[str, Any]) -> Reply:
        number, texts = next(asked), proposals_in(body)
        wanted = rounds[min(number, len(rounds)) - 1]
        best = [n for name in wanted for n, text in enumerate(texts, 1) if text.startswith(name)]
        return Reply(json.dumps({"best": best, "stop": number >= stop}))

    server.say("moderator", script)


def told(server: Loopback, model: str) -> list[list[str]]:
    return [references_in(r.messages[-1]["content"]) for r in server.asked(model)]
