"""The options that every command about a mixture shares, declared once."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

from typer import Option

from .settings import load_settings

_SHARED: dict[str, Any] = {
    "proposer": Annotated[
        list[str] | None, Option(help="A model, provider:model; repeat for more.", show_default=False)
    ],
    "aggregator": Annotated[str | None, Option(help="The model that writes the answer.", show_default=False)],
    "layers": Annotated[
        int | None, Option(help="Layers, the aggregator's included.  [default: 2]", show_default=False)
    ],
    "samples": Annotated[
        int | None, Option(help="How often each proposer is asked.  [default: 1]", show_default=False)
    ],
    "temperature": Annotated[float | None, Option(help="Sampling temperature.", show_default=False)],
    "max_tokens": Annotated[int | None, Option(help="Limit of tokens of each answer.", show_default=False)],
    "timeout": Annotated[float | None, Option(help="Seconds for each call.  [default: 180]", show_default=False)],
    "base_url": Annotated[
        str | None, Option(help="An OpenAI-compatible server, such as Ollama's or vLLM's.", show_default=False)
    ],
    "docs": Annotated[
        list[str] | None,
        Option(help="A file or folder the offline models answer from; repeatable.", show_default=False),
    ],
    "preset": Annotated[str | None, Option(help="A mixture by name; see `models`.", show_default=False)],
    "config": Annotated[Path | None, Option(help="Settings from a TOML or YAML file.", show_default=False)],
}


def with_mixture(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the shared options; it receives them as its first argument, `settings`."""
    own = list(inspect.signature(command).parameters.values())[1:]
    shared = [
        inspect.Parameter(k, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=a) for k, a in _SHARED.items()
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
