"""The options that every command about a mixture shares, declared once."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from ..core.errors import ConfigError
from .settings import Settings, load_settings


def _option(kind: Any, metavar: str, text: str) -> Any:
    return Annotated[kind | None, Option(metavar=metavar, help=text, show_default=False)]


def _described(kind: Any, metavar: str, key: str, more: str = "") -> Any:
    return _option(kind, metavar, f"{Settings.model_fields[key].description}{more}")


_SHARED: dict[str, Any] = {
    "proposer": _described(list[str], "SPEC", "proposers", " Repeatable."),
    "aggregator": _described(list[str], "SPEC", "aggregator", " Repeatable."),
    "layers": _described(int, "N", "layers"),
    "samples": _described(int, "N", "samples"),
    "temperature": _described(float, "X", "temperature"),
    "max_tokens": _described(int, "N", "max_tokens"),
    "timeout": _described(float, "SECONDS", "timeout"),
    "quorum": _described(int, "K", "quorum"),
    "grace": _option(float, "SECONDS", "How long the rest may take once the quorum is reached; 0 where not given."),
    "budget": _described(list[str], "LIMIT=N", "budget", " Such as calls=20 or usd=0.05; repeatable."),
    "context_tokens": _described(int, "N", "context_tokens"),
    "base_url": _described(str, "URL", "base_url"),
    "docs": _described(list[str], "PATH", "docs", " Repeatable."),
    "preset": _described(str, "NAME", "preset"),
    "config": _option(Path, "FILE", "TOML or YAML with the same keys and more; see docs/options.md."),
}


def _as_keys(flags: dict[str, Any]) -> dict[str, Any]:
    """Turn flags into the settings' keys; what is not given is None."""
    given = {**flags, "proposers": flags.pop("proposer")}
    del given["proposer"], given["grace"]
    chain = given["aggregator"]
    given["aggregator"] = chain[0] if chain and len(chain) == 1 else chain
    if given["quorum"] is not None:
        given["quorum"] = {"k": given["quorum"], "grace_s": flags["grace"] or 0.0}
    elif flags["grace"] is not None:
        raise ConfigError("found --grace without a quorum, expected both; add --quorum K")
    if given["budget"]:
        given["budget"] = dict(_limit(written) for written in given["budget"])
    return given


def _limit(written: str) -> tuple[str, str]:
    name, equals, value = written.partition("=")
    if not equals:
        raise ConfigError(f"found --budget {written}, expected a limit and its number, such as --budget calls=20")
    return name.strip(), value.strip()


def with_mixture(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; it receives them as its first argument, `settings`."""
    own = list(inspect.signature(command).parameters.values())[1:]
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for name, annotation in _SHARED.items()
    ]

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        flags = {name: options.pop(name) for name in _SHARED}
        file = flags.pop("config")
        command(load_settings(file, _as_keys(flags)), *args, **options)

    positional = [p for p in own if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    keyword = [p for p in own if p.kind is inspect.Parameter.KEYWORD_ONLY]
    signature = inspect.Signature([*positional, *shared, *keyword])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return run
