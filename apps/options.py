"""The options that every command about a mixture shares, declared once."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from .settings import Settings, load_settings


def _option(kind: Any, metavar: str, text: str) -> Any:
    return Annotated[kind | None, Option(metavar=metavar, help=text, show_default=False)]


def _described(kind: Any, metavar: str, key: str, more: str = "") -> Any:
    return _option(kind, metavar, f"{Settings.model_fields[key].description}{more}")


_SHARED: dict[str, Any] = {
    "proposer": _described(list[str], "SPEC", "proposers", " Repeatable."),
    "aggregator": _described(str, "SPEC", "aggregator"),
    "layers": _described(int, "N", "layers"),
    "samples": _described(int, "N", "samples"),
    "temperature": _described(float, "X", "temperature"),
    "max_tokens": _described(int, "N", "max_tokens"),
    "timeout": _described(float, "SECONDS", "timeout"),
    "base_url": _described(str, "URL", "base_url"),
    "docs": _described(list[str], "PATH", "docs", " Repeatable."),
    "preset": _described(str, "NAME", "preset"),
    "config": _option(Path, "FILE", "TOML or YAML with the same keys and more; see docs/options.md."),
}


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
        flags["proposers"] = flags.pop("proposer")
        command(load_settings(file, flags), *args, **options)

    positional = [p for p in own if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    keyword = [p for p in own if p.kind is inspect.Parameter.KEYWORD_ONLY]
    signature = inspect.Signature([*positional, *shared, *keyword])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return run
