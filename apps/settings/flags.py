"""The options that every command about a mixture shares, declared once."""

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from copy import copy
from functools import wraps
from types import MappingProxyType
from typing import Annotated, Any, get_args

from typer import Option
from typer.models import OptionInfo

from ...core.bounds.budget import Budget
from ...core.models.capabilities import Transport
from ...core.models.effort import Effort
from ...core.models.presets import load_preset
from ...core.models.service_tiers import Tier
from ...core.panel.declared import Vary
from ...graphs.systems import DebateIf
from ...nodes.prompting.prompt_writer import References
from ...prompts import Placement
from ..logbook import Verbose, told_more
from ..mistakes import Misuse, misused
from ..remembered import recall_servers
from .files import merged_settings
from .settings import Settings
from .sources import Config, NoSettings, Sources
from .systems import SystemName
from .tables import WhenAgreed

Concurrency = Annotated[int, Option(metavar="N", help="Questions under way at once.")]
Repeat = Annotated[int, Option(metavar="K", help="How often every question is asked, in runs of their own.")]
RetryErrors = Annotated[bool, Option("--retry-errors", help="Ask those again that failed.")]


def _option(kind: Any, metavar: str | None, text: str, *called: str) -> Any:
    return Annotated[kind | None, Option(*called, metavar=metavar, help=text, show_default=False)]


def _described(kind: Any, metavar: str, key: str, more: str = "") -> Any:
    return _option(kind, metavar, f"{Settings.model_fields[key].description}{more}")


def _switched(key: str) -> Any:
    flag = key.replace("_", "-")
    return _option(bool, None, str(Settings.model_fields[key].description), f"--{flag}/--no-{flag}")


_BUDGET = f"{Settings.model_fields['budget'].description} Such as calls=20 or usd=0.05; repeatable."
_SHARED: dict[str, Any] = {
    "proposer": _described(list[str], "SPEC", "proposers", " Repeatable."),
    "aggregator": _described(list[str], "SPEC", "aggregator", " Repeatable."),
    "system": _described(SystemName, "NAME", "system"),
    "layers": _described(int, "N", "layers"),
    "samples": _described(int, "N", "samples"),
    "temperature": _described(float, "X", "temperature"),
    "max_tokens": _described(int, "N", "max_tokens"),
    "reasoning_effort": _described(Effort, "LEVEL", "reasoning_effort"),
    "more_room": _switched("more_room"),
    "tier": _described(Tier, "TIER", "tier"),
    "vary": _described(Vary, "HOW", "vary"),
    "timeout": _described(float, "SECONDS", "timeout"),
    "early_stop": _described(WhenAgreed, "WHAT", "early_stop"),
    "mark_answers": _switched("mark_answers"),
    "screen": _switched("screen"),
    "placement": _described(Placement, "WHERE", "placement"),
    "references": _described(References, "WHAT", "references"),
    "analyst": _described(str, "SPEC", "analyst"),
    "waves": _described(list[int], "N", "waves", " Repeatable."),
    "escalate": _described(list[str], "SPEC", "escalate", " Repeatable."),
    "confidence": _described(
        str, "[BY=]X", "confidence", " By itself, or BY a model or logprobs, such as logprobs=0.9."
    ),
    "quorum": _described(int, "K", "quorum"),
    "grace": _option(float, "SECONDS", "How long the rest may take once the quorum is reached; 0 where not given."),
    "budget": _option(list[str], "LIMIT=N", _BUDGET),
    "context_tokens": _described(int, "N", "context_tokens"),
    "window": _described(int, "N", "window"),
    "rounds": _described(int, "N", "rounds"),
    "debate_if": _described(DebateIf, "WHEN", "debate_if"),
    "moderator": _described(str, "SPEC", "moderator"),
    "keep": _described(int, "N", "keep"),
    "group": _described(int, "N", "group"),
    "base_url": _described(str, "URL", "base_url"),
    "transport": _described(Transport, "WAY", "transport"),
    "cache": _described(str, "PATH|URL", "cache"),
    "docs": _described(list[str], "PATH", "docs", " Repeatable."),
    "draft": _switched("draft"),
    "preset": _described(str, "NAME", "preset"),
    "config": Config,
    "no_settings": NoSettings,
    "verbose": Verbose,
}
_OF_SOURCES = ("config", "no_settings", "verbose")
_SWITCHES = ("no_settings", "verbose")


SHARED = frozenset(_SHARED) - {"draft"}
"""The names of all of them, but of those that are for a run that somebody watches."""
WATCHED = SHARED | {"draft"}
BOUNDS = frozenset(
    "timeout quorum grace budget max_tokens reasoning_effort more_room tier context_tokens base_url transport cache "
    "draft verbose".split()
)
"""The options that may change while a run stands still: they say how, and not who."""


def _as_keys(flags: dict[str, Any], budget: str) -> dict[str, Any]:
    """Turn flags into the settings' keys; what is not given is None."""
    given = {**flags, "proposers": flags.pop("proposer")}
    del given["proposer"], given["grace"]
    chain = given["aggregator"]
    given["aggregator"] = chain[0] if chain and len(chain) == 1 else chain
    quorum = {"k": given["quorum"], "grace_s": flags["grace"]}
    given["quorum"] = {key: value for key, value in quorum.items() if value is not None} or None
    if given["preset"]:
        with misused():
            load_preset(given["preset"])
    if given["confidence"]:
        given["confidence"] = confidence_of(given["confidence"])
    if given["budget"]:
        given["budget"] = limits_of(given["budget"], budget)
    return given


def confidence_of(written: str) -> float | dict[str, Any]:
    """Read a confidence, `0.9`, `logprobs=0.9` or `provider:model=0.9`.

    Raises:
        Misuse: It is written in another way.
    """
    by, equals, value = written.rpartition("=")
    threshold = read_value(value.strip())
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or (equals and not by.strip()):
        raise Misuse(
            f"found --confidence {written}, expected a number above 0 to 1, such as --confidence 0.9, or whose word it "
            "is and a number, such as logprobs=0.9"
        )
    if not equals:
        return float(threshold)
    who = by.strip()
    return {"threshold": float(threshold), **({"logprobs": "mean"} if who == "logprobs" else {"model": who})}


def limits_of(written: Sequence[str], option: str = "--budget") -> dict[str, Any]:
    """Read the limits of a budget, each as `LIMIT=N`.

    Args:
        written: The limits.
        option: The option that they were given with, for the message.

    Raises:
        Misuse: One is written in another way, or twice.
    """
    limits: dict[str, Any] = {}
    for limit in written:
        name, equals, value = (part.strip() for part in limit.partition("="))
        if not equals or not value:
            raise Misuse(f"found {option} {limit}, expected a limit and its number, such as {option} calls=20")
        if name in limits:
            raise Misuse(f"found {option} {name}=... twice, expected it once; leave one out")
        limits[name] = read_value(value)
    return limits


def budget_of(written: Sequence[str] | None) -> Budget | None:
    """Return the budget that `LIMIT=N` make; None of none.

    Raises:
        ConfigError: One is written otherwise, or is no limit.
    """
    table = merged_settings({}, {"budget": limits_of(written)}).budget if written else None
    return Budget(**table.model_dump()) if table else None


def _with_help(option: OptionInfo, text: str) -> OptionInfo:
    other = copy(option)
    other.help = text
    return other


def read_value(value: str) -> Any:
    """Read a number, true or false, or else text."""
    for kind in (int, float):
        with suppress(ValueError):
            return kind(value)
    return {"true": True, "false": False}.get(value.lower(), value)


def with_mixture(
    command: Callable[..., None],
    *,
    only: Collection[str] = SHARED,
    budget: str = "--budget",
    apart: bool = False,
    helps: Mapping[str, str] = MappingProxyType({}),
) -> Callable[..., None]:
    """Give a command the shared options, or some of them; it receives them as its first argument, `settings`.

    Args:
        command: What to run.
        only: The names of those that it shares; without `config`, no file is looked for.
        budget: What the option of a run's budget is called.
        apart: Whether it receives `Sources` instead, to say for itself whether a file is looked for.
        helps: What it says of options that mean something else to it.
    """
    declared = {**_SHARED, "budget": _option(list[str], "LIMIT=N", _BUDGET, budget)}
    for name, text in helps.items():
        kind, option = get_args(declared[name])
        declared[name] = Annotated[kind, _with_help(option, text)]
    own = list(inspect.signature(command).parameters.values())[1:]
    shared = [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=False if name in _SWITCHES else None, annotation=annotation
        )
        for name, annotation in declared.items()
        if name in only
    ]

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        flags = {name: options.pop(name, None) for name in _SHARED}
        file, is_alone, verbose = (flags.pop(name) for name in _OF_SOURCES)
        with told_more(bool(verbose)):
            recall_servers()
            sources = Sources(_as_keys(flags, budget), file, is_alone=bool(is_alone) or "config" not in only)
            command(sources if apart else sources.whole, *args, **options)

    positional = [p for p in own if p.kind is not inspect.Parameter.KEYWORD_ONLY]
    keyword = [p for p in own if p.kind is inspect.Parameter.KEYWORD_ONLY]
    signature = inspect.Signature([*positional, *shared, *keyword])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return run
