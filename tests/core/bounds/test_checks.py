"""Bounds of a run that could not mean anything are refused in one sentence."""

from typing import Any

import pytest
from langgraph.cache.memory import InMemoryCache
from langgraph_moa import Budget, ConfigError, Quorum
from langgraph_moa.core.bounds.checks import check_rules


def check(**given: Any) -> None:
    usual: dict[str, Any] = {"quorum": None, "budget": None, "cache": None, "min_proposals": 1, "review": False}
    check_rules(**{**usual, "smallest": 3, **given})


def test_bounds_that_fit_pass() -> None:
    check()
    check(quorum=Quorum(3, grace_s=0.5), budget=Budget(calls=1), cache=InMemoryCache(), min_proposals=3, review=True)
    check(smallest=0)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"review": True, "smallest": 0}, "found review=True with layers=1, expected proposals to review"),
    ({"min_proposals": 0}, "found min_proposals=0, expected a whole number from 1"),
    ({"min_proposals": 4}, "found min_proposals=4, expected at most 3, the smallest layer"),
    ({"quorum": 2}, r"found 2 as the quorum, expected Quorum\(k, grace_s=...\)"),
    ({"quorum": Quorum(4)}, r"found Quorum\(4\), expected at most 3, the smallest layer"),
    ({"quorum": Quorum(1), "min_proposals": 2}, "found k=1 for the quorum, expected a whole number from 2"),
    ({"quorum": Quorum(2, grace_s=-1)}, "found grace_s=-1 for the quorum, expected a number from 0"),
    ({"budget": 5}, "found 5 as the budget"),
    ({"budget": Budget()}, r"found Budget\(\) without a limit"),
    ({"budget": Budget(usd=0)}, "found usd=0 for the budget, expected a number above 0"),
    ({"budget": Budget(calls=1.5)}, "found calls=1.5 for the budget, expected a whole number"),  # type: ignore[arg-type]
    ({"cache": {}}, r"found dict as the cache, expected one of LangGraph's, as InMemoryCache\(\)"),
]


@pytest.mark.parametrize(("given", "expected"), WRONG, ids=[expected for _, expected in WRONG])
def test_bounds_that_could_not_mean_anything_are_refused(given: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        check(**given)
