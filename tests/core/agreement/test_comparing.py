"""A measure may be anybody's: what it returns is checked, and where it fails there is no agreement."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from langgraph_moa import Agreement, closed_answers
from langgraph_moa.core.agreement.comparing import compare_at_once, compare_texts
from langgraph_moa.core.agreement.measures import abstain, agree

TEXTS = ["a", "b", "c"]
FINE = agree("mine", TEXTS, [[0, 2], [1]])
WRONG: dict[str, Any] = {
    "nothing": None,
    "a list": [[0, 2]],
    "half of one": {"groups": [[0, 2]], "measure": "mine"},
    "a text that is not there": {**FINE, "groups": [[0, 3]]},
    "a text before the first": {**FINE, "groups": [[0, -1]]},
    "a text by a word": {**FINE, "groups": [["0", 2]]},
    "a text twice": {**FINE, "groups": [[0, 2], [2]]},
    "an empty group": {**FINE, "groups": [[0, 2], []]},
    "groups, and none": {**FINE, "abstained": "no idea"},
    "no groups, and no reason": {**FINE, "groups": []},
    "another's representative": {**FINE, "representative": 1},
    "half a call": {**FINE, "call": {"status": "ok"}},
}


@pytest.mark.parametrize("result", WRONG.values(), ids=WRONG)
async def test_what_is_no_agreement_is_abstained_from(result: Any) -> None:
    def measure(texts: Sequence[str]) -> Agreement:
        return result  # type: ignore[no-any-return]

    expected = abstain("measure", "it failed: TypeError")

    assert await compare_texts(measure, TEXTS) == expected
    assert compare_at_once(measure, TEXTS) == expected


async def test_what_it_says_is_put_in_order_and_on_one_line() -> None:
    def measure(texts: Sequence[str]) -> Agreement:
        return {**FINE, "groups": [[1], [2, 0]], "answer": "4\x1b[31m\n2"}

    agreement = await compare_texts(measure, TEXTS)

    assert agreement["groups"] == [[0, 2], [1]]
    assert agreement["answer"] == "4[31m 2"


async def test_a_function_and_a_coroutine_are_both_asked() -> None:
    async def later(texts: Sequence[str]) -> Agreement:
        return FINE

    def at_once(texts: Sequence[str]) -> Agreement:
        return FINE

    assert await compare_texts(later, TEXTS) == await compare_texts(at_once, TEXTS) == FINE


@pytest.mark.parametrize("error", [ValueError("x"), asyncio.CancelledError(), TimeoutError()])
async def test_one_that_fails_has_nothing_to_say(error: BaseException) -> None:
    async def measure(texts: Sequence[str]) -> Agreement:
        raise error

    assert (await compare_texts(measure, TEXTS))["abstained"] == f"it failed: {type(error).__name__}"


async def test_one_that_hangs_is_given_up() -> None:
    async def measure(texts: Sequence[str]) -> Agreement:
        await asyncio.Event().wait()
        return FINE

    assert (await compare_texts(measure, TEXTS, seconds=0.01))["abstained"] == "it failed: TimeoutError"


async def test_whoever_is_cancelled_stays_so() -> None:
    entered = asyncio.Event()

    async def measure(texts: Sequence[str]) -> Agreement:
        entered.set()
        await asyncio.Event().wait()
        return FINE

    task = asyncio.create_task(compare_texts(measure, TEXTS))
    await entered.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task


async def test_one_that_keeps_the_time_itself_is_told_how_much_there_is() -> None:
    given: list[float | None] = []

    class Patient:
        name = "patient"

        def within(self, seconds: float | None) -> Any:
            given.append(seconds)
            return lambda texts: FINE

        def __call__(self, texts: Sequence[str]) -> Agreement:
            raise AssertionError

    assert await compare_texts(Patient(), TEXTS, seconds=7) == FINE
    assert given == [7]


async def test_fewer_than_two_texts_are_not_compared() -> None:
    for texts in ([], ["alone"]):
        assert (await compare_texts(closed_answers(), texts))["abstained"] == "fewer than two texts to compare"
