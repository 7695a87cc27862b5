"""Refuse bounds of a run that could not mean anything."""

from langgraph.cache.base import BaseCache

from ..checks import check_number
from ..errors import ConfigError
from .budget import Budget
from .quorum import Quorum


def check_rules(
    *, quorum: object, budget: object, cache: object, min_proposals: int, review: bool, smallest: int
) -> None:
    """Refuse what is said about the whole run where it could not mean anything.

    Args:
        quorum: What was given as one.
        budget: What was given as one.
        cache: What was given as one.
        min_proposals: Usable proposals that a layer needs.
        review: Whether a person looks at them.
        smallest: Proposals of the smallest layer; 0 where a model answers alone.

    Raises:
        ConfigError: One of them is something else, or out of range.
    """
    if review and not smallest:
        raise ConfigError("found review=True with layers=1, expected proposals to review; use layers=2, or drop it")
    check_number("min_proposals", min_proposals, minimum=1)
    if smallest and min_proposals > smallest:
        raise ConfigError(f"found min_proposals={min_proposals}, expected at most {smallest}, the smallest layer")
    if quorum is not None:
        _check_quorum(quorum, min_proposals, smallest)
    if budget is not None:
        _check_budget(budget)
    if cache is not None and not isinstance(cache, BaseCache):
        raise ConfigError(f"found {type(cache).__name__} as the cache, expected one of LangGraph's, as InMemoryCache()")


def _check_quorum(quorum: object, min_proposals: int, smallest: int) -> None:
    if not isinstance(quorum, Quorum):
        raise ConfigError(f"found {quorum!r} as the quorum, expected Quorum(k, grace_s=...)")
    check_number("k", quorum.k, minimum=min_proposals, where=" for the quorum")
    check_number("grace_s", quorum.grace_s, minimum=0, where=" for the quorum")
    if quorum.k > smallest:
        raise ConfigError(f"found Quorum({quorum.k}), expected at most {smallest}, the smallest layer")


def _check_budget(budget: object) -> None:
    if not isinstance(budget, Budget):
        raise ConfigError(f"found {budget!r} as the budget, expected Budget(calls=..., tokens=..., ...)")
    given = {name: getattr(budget, name) for name in ("calls", "tokens", "usd", "seconds")}
    if all(value is None for value in given.values()):
        raise ConfigError("found Budget() without a limit, expected one of calls, tokens, usd, seconds")
    for option, value in given.items():
        if value is not None:
            check_number(option, value, above=0, where=" for the budget")
