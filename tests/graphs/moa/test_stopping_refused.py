"""Rules of stopping that could not mean anything are refused in one sentence."""

from typing import Any

import pytest
from langgraph_moa import (
    ConfigError,
    EarlyStop,
    Quorum,
    Vote,
    closed_answers,
    create_moa,
    judge_agreement,
)
from panels import says
from solving import solvers
from tables import each

WRONG: list[tuple[dict[str, Any], str]] = [
    ({"early_stop": True}, "found True as the early stop, expected EarlyStop(...)"),
    ({"early_stop": EarlyStop(quorum=0)}, "found quorum=0, expected a share above 0, up to 1"),
    ({"early_stop": EarlyStop(quorum=6)}, "found quorum=6, expected a share"),
    ({"early_stop": EarlyStop(min_responses=0)}, "found min_responses=0, expected a whole number from 1"),
    ({"early_stop": EarlyStop(then="stop")}, "found then='stop' for the early stop"),  # type: ignore[arg-type]
    ({"early_stop": EarlyStop(agreement="closed")}, "found 'closed' as the agreement"),  # type: ignore[arg-type]
    ({"waves": (3,)}, "found waves=(3,) of 3 proposers, expected some to be left"),
    ({"waves": (1,)}, "found a first stage of one that does not know when it is unsure"),
    ({"waves": 2}, "found waves=2, expected sizes such as (2,)"),
    ({"waves": (2,), "early_stop": None}, "found waves=(2,) without an early stop"),
    ({"waves": (2,), "min_proposals": 3}, "found min_proposals=3, expected at most 2: so many are asked first"),
    (
        {"waves": (2,), "quorum": Quorum(2)},
        "found Quorum(2), expected more than 2: so many are asked before the last wave",
    ),
    ({"early_stop": EarlyStop(as_completed=True, quorum=0.5), "min_proposals": 3}, "min_proposals=3 with as_completed"),
    ({"early_stop": EarlyStop(shadow="yes")}, "found shadow='yes' for the early stop, expected True or False"),  # type: ignore[arg-type]
    ({"early_stop": EarlyStop(agreement=closed_answers)}, "expected a measure such as closed_answers()"),  # type: ignore[arg-type]
    ({"aggregator": Vote(weights=dict.fromkeys("abc", 0))}, "found a vote in which nobody's vote counts"),
    ({"aggregator": Vote(agreement=judge_agreement("offline:words"))}, "found a vote with a judge"),
    ({"aggregator": Vote(weights={"z": 1})}, "found a vote's weight for 'z'; known: a, b, c"),
    ({"aggregator": Vote(weights={"a": -1})}, "found the weight -1 for 'a', expected a number from 0"),
    ({"aggregator": [says("x", "z"), Vote()]}, "found Vote(...) after another aggregator, expected it first"),
]


@each(("options", "expected"), WRONG)
def test_what_could_not_mean_anything_is_refused(options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        create_moa(**{"proposers": solvers("1", "2", "3"), "aggregator": says("x", "z"), **options})

    assert expected in str(refused.value)
