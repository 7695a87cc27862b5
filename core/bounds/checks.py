"""Refuse bounds of a run that could not mean anything."""

from collections.abc import Sequence

from langgraph.cache.base import BaseCache

from ..agreement.measures import check_share, is_measure, is_sync
from ..checks import check_number
from ..errors import ConfigError
from ..panel.seats import Seat
from .budget import Budget
from .early_stop import EarlyStop
from .quorum import Quorum
from .screen import Screen

_MOST_SPENT = 10**15
"""What no batch of a million questions comes to, in whatever is counted."""


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
    check_number("min_proposals", min_proposals, minimum=1, whole=True)
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
    check_number("k", quorum.k, minimum=min_proposals, where=" for the quorum", whole=True)
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
            check_number(
                option, value, above=0, most=_MOST_SPENT, whole=option in ("calls", "tokens"), where=" for the budget"
            )


def check_early_stop(stop: object, waves: Sequence[object], proposers: int, *, escalated: int = 0) -> None:
    """Refuse an early stop that could not mean anything, and waves that are none.

    Args:
        stop: What was given as the rule.
        waves: Sizes of the first layer's waves.
        proposers: How many proposers the first layer has; 0 where a model answers alone.
        escalated: How many of them are asked last, instead of more of the same.

    Raises:
        ConfigError: One of them is wrong.
    """
    if stop is not None:
        _check_rule(stop)
    if not isinstance(waves, list | tuple) or any(isinstance(w, bool) or not isinstance(w, int) for w in waves):
        raise ConfigError(f"found waves={waves!r}, expected sizes such as (2,)")
    sizes = [size for size in waves if isinstance(size, int)]
    if not sizes and not escalated:
        return
    opening = f"found waves={tuple(sizes)!r}" if sizes else "found escalate"
    if stop is None:
        raise ConfigError(
            f"{opening} without an early stop, expected one to say whether a wave agrees; drop one of them"
        )
    if min(sizes, default=1) < 1:
        raise ConfigError(f"{opening}, expected no empty wave; leave it out")
    if sum(sizes) > proposers - max(escalated, 1):
        raise ConfigError(
            f"{opening} of {proposers - escalated} proposers, expected some to be left for the last wave; ask fewer "
            "first"
            if not escalated
            else f"{opening} of {proposers - escalated} proposers beside those of escalate, expected as many; ask fewer"
        )


def check_enough(
    stop: EarlyStop | None,
    waves: Sequence[int],
    panel: Sequence[Sequence[Seat]],
    *,
    quorum: Quorum | None,
    needed: int,
    is_weighed: bool = False,
) -> None:
    """Refuse waves and stops that could never be enough, or would leave too few answers.

    Args:
        stop: The rule.
        waves: Sizes of the first layer's waves.
        panel: The proposers of each layer.
        quorum: The quorum that holds beside it.
        needed: Usable proposals that a layer needs.
        is_weighed: Whether it is measured how sure a first one is.

    Raises:
        ConfigError: They are such.
    """
    if stop and waves and waves[0] == 1 and not is_weighed:
        _check_first(stop, waves, panel[0])
    if stop and stop.as_completed and panel and needed > (least := min(stop.needed(len(seats)) for seats in panel)):
        raise ConfigError(
            f"found min_proposals={needed} with as_completed, expected at most {least}: that many may end a layer"
        )
    if waves and needed > waves[0]:
        raise ConfigError(
            f"found min_proposals={needed}, expected at most {waves[0]}: so many are asked first; lower it, or ask "
            "more of them first"
        )
    if waves and quorum is not None and quorum.k <= sum(waves):
        raise ConfigError(
            f"found Quorum({quorum.k}), expected more than {sum(waves)}: so many are asked before the last "
            "wave, and reach it; raise it, or ask fewer first"
        )


def _check_first(stop: EarlyStop, waves: Sequence[int], seats: Sequence[Seat]) -> None:
    """Refuse a first stage of one that does not know when it is unsure, and one after it that could end nothing."""
    samples = sum(seat.position == 0 for seat in seats)
    if samples < 2:
        raise ConfigError(
            "found a first stage of one that does not know when it is unsure, expected a sign: ask it several times "
            "(Proposer(model, samples=3)), or measure it (confidence=Confident(0.9)); or begin with two"
        )
    for wave in range(2, len(waves) + 1):
        size = sum(seat.position < sum(waves[:wave]) for seat in seats)
        most = stop.needed(samples) - 1 + size - samples
        if most < stop.needed(size):
            raise ConfigError(
                f"found waves={tuple(waves)!r} with quorum={stop.quorum:g}, expected a smaller one: after {samples} "
                f"samples that differ, at most {most} of {size} can agree, and {stop.needed(size)} must; lower it, "
                "or ask that wave together with the next"
            )


def check_screen(screen: object, widest: int) -> None:
    """Refuse a screen that could take nobody out, or would ask a model.

    Args:
        screen: What was given as one.
        widest: Proposals of the largest layer; 0 where a model answers alone.

    Raises:
        ConfigError: It is wrong.
    """
    if screen is None:
        return
    if not isinstance(screen, Screen):
        raise ConfigError(f"found {screen!r:.80} as the screen, expected Screen(), or None for none")
    if screen.most is not None:
        check_number("most", screen.most, minimum=1, where=" for the screen", whole=True)
    if hasattr(screen.measure, "at_most"):
        raise ConfigError("found a screen with a judge, expected a measure that calls no model, as closed_answers()")
    if not is_measure(screen.measure):
        raise ConfigError(f"found {screen.measure!r} as the screen's measure, expected one such as closed_answers()")
    if widest < 3:
        raise ConfigError(
            f"found a screen with at most {widest} proposals a layer, expected 3 or more, for of two who differ nobody "
            "is screened out; ask more proposers, or drop it"
        )


def _check_rule(stop: object) -> None:
    if not isinstance(stop, EarlyStop):
        raise ConfigError(f"found {stop!r} as the early stop, expected EarlyStop(...), or None for none")
    check_share("quorum", stop.quorum)
    check_number("min_responses", stop.min_responses, minimum=1, whole=True)
    if stop.then not in ("aggregate", "answer"):
        raise ConfigError(f"found then={stop.then!r} for the early stop, expected 'aggregate' or 'answer'")
    for option in ("shadow", "as_completed", "later_layers"):
        if not isinstance(getattr(stop, option), bool):
            raise ConfigError(f"found {option}={getattr(stop, option)!r} for the early stop, expected True or False")
    if not is_measure(stop.agreement):
        raise ConfigError(f"found {stop.agreement!r} as the agreement, expected a measure such as closed_answers()")
    if stop.as_completed and not is_sync(stop.agreement):
        raise ConfigError(
            "found as_completed with a measure that is awaited or takes its time, and would be asked again at every "
            "answer; expected one that answers at once, as closed_answers()"
        )
