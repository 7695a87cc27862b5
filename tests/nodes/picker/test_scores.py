"""What a function returns is a number or no score, and whatever else it does is told with the proposer's name."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest
from langgraph_moa import Pick, create_moa
from panels import panel
from reading import QUESTION


class Sullen(Exception):
    def __str__(self) -> str:
        raise ValueError("no words")


class Odd:
    def __float__(self) -> float:
        raise OverflowError("too large")


FALSE = type("bool_", (), {"__bool__": lambda _: False, "__float__": lambda _: 0.0, "__str__": lambda _: "False"})()
"""As NumPy's False is."""


def raises(error: Exception) -> Any:
    raise error


ODD: list[tuple[Any, str, str | None]] = [
    (lambda: None, "declined", "it returned None"),
    (lambda: False, "declined", "it returned False"),
    (lambda: FALSE, "declined", "it returned False"),
    (lambda: float("nan"), "invalid", "found nan, expected a finite number"),
    (lambda: float("inf"), "invalid", "found inf, expected a finite number"),
    (lambda: "9", "invalid", "found str, expected a number"),
    (lambda: [1], "invalid", "found list, expected a number"),
    (lambda: 10**400, "invalid", "found no number: OverflowError"),
    (lambda: Odd(), "invalid", "found no number: OverflowError: too large"),
    (lambda: raises(ValueError("line 1\nline 2\x1b[31m")), "raised", "raised ValueError: line 1 line 2[31m"),
    (lambda: raises(AssertionError()), "raised", "raised AssertionError"),
    (lambda: raises(Sullen()), "raised", "raised Sullen"),
    (lambda: raises(StopIteration()), "raised", "raised RuntimeError: StopIteration"),
    (lambda: raises(TimeoutError("theirs")), "raised", "raised TimeoutError: theirs"),
    (lambda: raises(asyncio.CancelledError()), "raised", None),  # type: ignore[arg-type]
    (lambda: raises(SystemExit(3)), "raised", "raised RuntimeError: it ended its thread"),  # type: ignore[arg-type]
    (lambda: Decimal("0.5"), "", None),
]


@pytest.mark.parametrize(("value", "why", "error"), ODD, ids=[str(n) for n in range(len(ODD))])
async def test_what_is_no_score_is_told_with_the_proposers_name(value: Any, why: str, error: str | None) -> None:
    pick = Pick(lambda text: value() if text == "one" else 0.25)
    moa = create_moa(proposers=panel("one", "four"), aggregator=pick, early_stop=None)

    result = await moa.ainvoke(QUESTION)

    first = result["run"]["picking"]["scores"][0]
    assert (first["proposer"], first["unscored"]) == ("a", why or None)
    assert result["run"]["degraded"] is None
    if why:
        assert (first["score"], result["messages"][-1].text) == (None, "four")
        assert any("no score for a: " in note and (error or "") in note for note in result["run"]["notes"])
        assert error is None or error in first["error"]


async def test_an_async_function_that_would_end_the_process_has_no_score() -> None:
    async def score(text: str) -> float:
        return raises(SystemExit(3)) if text == "one" else 0.25  # type: ignore[arg-type]

    result = await create_moa(proposers=panel("one", "four"), aggregator=Pick(score), early_stop=None).ainvoke(QUESTION)

    assert result["messages"][-1].text == "four"
    assert any("no score for a: raised SystemExit: 3" in note for note in result["run"]["notes"])
