"""Every error this package raises for its users.

MoAError
├── ConfigError         a wrong argument, refused when the graph is built (also a ValueError)
├── MissingExtra        an optional package is needed here (also an ImportError)
├── InputError          a run was started without a conversation, or goes on with another's (also a ValueError)
├── BudgetExceeded      not even the first step fits the budget; nothing has been spent (also a RuntimeError)
└── AllProposersFailed  too few usable proposals, or none, to answer from (also a RuntimeError)

LangGraph's server tells clients the text of ValueError and RuntimeError, and of most others only their name.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any


class MoAError(Exception):
    """Be the one class to catch for everything below."""


class ConfigError(MoAError, ValueError):
    """Refuse a wrong argument before any model is called."""


class MissingExtra(MoAError, ImportError):
    """Name the extra that brings a package this step needs."""

    def __init__(self, what: str, extra: str) -> None:
        self.what, self.extra = what, extra
        super().__init__(f"{what} needs an optional package; install it with: pip install 'langgraph-moa[{extra}]'")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.what, self.extra)


class InputError(MoAError, ValueError):
    """Refuse a run that has nothing to answer."""


class BudgetExceeded(MoAError, RuntimeError):
    """Refuse a run whose first step may cost more than its budget."""

    def __init__(self, why: str, *, asked: bool = False) -> None:
        self.why, self.asked = why, asked
        nobody = "nobody was asked for an answer" if asked else "nothing was asked"
        super().__init__(f"{why}; {nobody}: raise the budget, or ask fewer models for shorter answers")

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), asked=self.asked), (self.why,)


class AllProposersFailed(MoAError, RuntimeError):
    """Tell that fewer proposals were usable than the graph needs, and why, one by one.

    Attributes:
        failures: The proposals (`Proposal`) that were not usable, each with its `status` and `error`.
        usable: How many proposals were usable.
        needed: How many were needed (`min_proposals`).
        what: What they are; where only an aggregator can do what is asked for, such as calling tools, its answers.
    """

    def __init__(
        self, failures: Sequence[Mapping[str, Any]], *, usable: int = 0, needed: int = 1, what: str = "proposals"
    ) -> None:
        self.failures = list(failures)
        self.usable = usable
        self.needed = needed
        self.what = what
        reasons = "; ".join(f"{p['proposer']}: {p['status']} ({p['error'] or 'no text'})" for p in failures)
        super().__init__(
            f"{usable} of {usable + len(failures)} {what} were usable, expected at least {needed}: {reasons}; "
            + _advice(failures, usable)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), usable=self.usable, needed=self.needed, what=self.what), (self.failures,)


_CURES = {
    "unreachable": "start the server that is named, or correct its address",
    "address": "correct the base URL, which mostly ends in /v1",
    "loading": "wait until the server has loaded its model, or raise the timeout",
    "too_long": "shorten the conversation, or start the server with a larger window (n_ctx{window})",
    "key": "set the key that the server expects",
    "unknown_model": "name a model that the server has",
    "no_room": "raise max_tokens, set more_room, or lower the reasoning_effort",
    "no_more_room": "raise max_tokens, or lower the reasoning_effort",
    "media": "ask models that read it, or let these have the text alone (unreadable='text')",
    "timeout": "raise the timeout, or the budget's seconds where the run's deadline cut them",
    "skipped": "shorten the conversation, or raise the bound that is named",
}
"""What to do about what kept servers from answering, and else about a status."""


def _advice(failures: Sequence[Mapping[str, Any]], usable: int) -> str:
    short = "no_more_room" if any(p.get("more_room") for p in failures) else "no_room"
    kinds = [(p.get("obstacle") or {}).get("why") or (short if p.get("no_room") else p["status"]) for p in failures]
    figures = [(p.get("obstacle") or {}).get("window") for p in failures]
    windows = [window for window in figures if isinstance(window, int)]
    window = f" {min(windows):,}" if windows else ""
    cures = [cure.format(window=window) for kind, cure in _CURES.items() if kind in kinds]
    cures += ["replace these models"] * any(kind not in _CURES for kind in kinds)
    cures += ["lower min_proposals"] * bool(usable)
    return ", or ".join(cures)


def nearest(name: str, names: Sequence[str]) -> str:
    """Say what exists, and the nearest guess first where there is one."""
    guess = get_close_matches(name, names, n=1)
    return (f"did you mean {guess[0]!r}? " if guess else "") + "known: " + ", ".join(names)
