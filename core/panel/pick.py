"""A function of the user's that scores proposals, such as tests or a compiler, as it is declared."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any

from ..checks import check_number
from ..errors import ConfigError
from ..run.records import Proposal

Scored = float | bool | None
"""What a function gives a proposal: the more, the better; True is 1, False and None are no score."""
Scorer = Callable[..., Scored | Awaitable[Scored]]
"""A function of a proposal's text, sync or async; what it has parameters of these names for, it is given beside it."""
_OFFERED = ("question", "proposal")


@dataclass(frozen=True)
class Pick:
    """Be an aggregator that asks no model: a function of yours scores each usable proposal, the best is the answer.

    create_moa(..., aggregator=Pick(passed))                     # def passed(text): share of tests that pass
    create_moa(..., aggregator=Pick(fits, timeout=5))            # async def fits(text, question): a schema, a checker
    create_moa(..., aggregator=[Pick(compiles), "openai:gpt-6"]) # this model writes, where nothing compiles

    The function is given a proposal's text; where it has a parameter `question`, what the user asked, and where it has
    one `proposal`, all of it. It returns a number, the more the better, True, or False or None for a proposal that is
    not to be picked. One that raises, returns anything else, or takes longer than `timeout` gives no score; the report
    tells whose. Where no proposal has a score, the next aggregator is asked, and at last the best proposal is taken.
    Among equal scores that proposal wins which agrees with most others, then the first declared.
    """

    function: Scorer
    timeout: float | None = 60.0
    """Seconds for one proposal; None is no limit. A function that is not async runs in a thread of its own, which goes
    on after that; what it began, such as a process, is for it to end."""
    concurrency: int = 4
    """How many proposals are scored at once; 1 for a function that asks a person with `interrupt`."""

    @property
    def name(self) -> str:
        """Return the function's name, for reports."""
        inner = getattr(self.function, "func", self.function)  # of a partial
        return str(getattr(inner, "__name__", type(inner).__name__))

    @property
    def sees_whole(self) -> bool:
        """Tell whether it is given more of a proposal than its text."""
        return "proposal" in self._taken()

    def options(self, question: str, proposal: Proposal) -> dict[str, Any]:
        """Return what the function is given beside the text.

        Args:
            question: What the user asked.
            proposal: The proposal.
        """
        offered = {"question": question, "proposal": proposal}
        return {name: offered[name] for name in self._taken()}

    def _taken(self) -> list[str]:
        parameters = _parameters(self.function) or []
        first = next((p.name for p in parameters if p.kind in _POSITIONAL), None)
        by_name = {p.name for p in parameters if p.kind in _NAMED}
        return [name for name in _OFFERED if name in by_name and name != first]


_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
_NAMED = (Parameter.KEYWORD_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def as_pick(declared: Pick | Scorer) -> Pick:
    """Let a function stand for itself."""
    return declared if isinstance(declared, Pick) else Pick(declared)


def check_pick(pick: Pick) -> None:
    """Refuse what could score nothing, before anything is paid for.

    Raises:
        ConfigError: It is no function, its parameters are others, or a limit is out of range.
    """
    if not callable(pick.function):
        raise ConfigError(
            f"found {pick.function!r:.80} in Pick(...), expected a function of a proposal's text that returns a "
            "number; for a model that chooses, write Rank(model)"
        )
    if pick.timeout is not None:
        check_number("timeout", pick.timeout, above=0, where=" in Pick(...)")
    check_number("concurrency", pick.concurrency, minimum=1, where=" in Pick(...)", whole=True)
    parameters = _parameters(pick.function)
    if parameters is None:
        return
    taken = pick.options("", {})  # type: ignore[typeddict-item] # only the names count here
    try:
        signature(pick.function).bind("", **taken)
    except TypeError as exc:
        names = ", ".join(p.name for p in parameters)
        raise ConfigError(
            f"found {pick.name}({names}) in Pick(...), expected a function of the text alone, or of the text and "
            f"parameters that are called question or proposal: {exc}"
        ) from None


def _parameters(function: Scorer) -> list[Parameter] | None:
    """Return a function's parameters; None where it does not tell, as some that are built in."""
    try:
        return list(signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
