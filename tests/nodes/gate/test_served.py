"""One model under several names agrees with itself only."""

from typing import Any

import pytest
from langgraph.cache.memory import InMemoryCache
from langgraph_moa import (
    EarlyStop,
    Proposer,
    judge_agreement,
)
from loopback import Loopback
from panels import says
from reading import QUESTION
from solving import QWEN, served

ALL_ONE = "3 of 3 agree: 7, but all were served by one model, qwen05"


AS_SERVED: dict[str, tuple[dict[str, tuple[str, str]], dict[str, Any], int, str]] = {
    "three names of one": (QWEN, {}, 1, ALL_ONE),
    "three models": (
        {name: ("7", name) for name in "abc"},
        {},
        3,
        "3 of 3 agree: 7; layer 2 skipped, 3 calls saved",
    ),
    "two of four are one": (
        {"a": ("7", "x"), "b": ("7", "x-2026-01-01"), "c": ("7", "c"), "d": ("7", "d")},
        {},
        3,
        "4 of 4 agree: 7; layer 2 skipped, 4 calls saved",
    ),
    "two of three are one": (
        {"a": ("7", "x"), "b": ("7", "x"), "c": ("7", "c")},
        {},
        2,
        "3 of 3 agree: 7, but 3 different models must; a, b were served by one, x",
    ),
    "three names of nothing": (
        dict.fromkeys("abc", ("7", "local-model")),
        {},
        3,
        "3 of 3 agree: 7; layer 2 skipped, 3 calls saved",
    ),
    "one is enough": (
        QWEN,
        {"early_stop": EarlyStop(min_responses=1)},
        1,
        "3 of 3 agree: 7; layer 2 skipped, 3 calls saved",
    ),
    "as they come in": (
        QWEN,
        {"early_stop": EarlyStop(as_completed=True, quorum=2 / 3, min_responses=2)},
        1,
        ALL_ONE,
    ),
    "a judge that says so": (
        QWEN,
        {"early_stop": EarlyStop(agreement=judge_agreement(says('{"groups": [[1, 2, 3]]}', "judge")))},
        1,
        "3 of 3 agree, but all were served by one model, qwen05",
    ),
}


@pytest.mark.parametrize("case", AS_SERVED)
async def test_what_one_server_has_under_several_names_is_one_model(loopback: Loopback, case: str) -> None:
    answers, options, models, reason = AS_SERVED[case]
    reached = "but" not in reason

    result = await served(loopback, answers, **options).ainvoke(QUESTION)

    verdict = result["verdicts"][0]
    assert verdict["reason"] == reason
    assert verdict["agreement"]["reached"] is reached
    assert verdict["agreement"]["models"] == models
    assert (result["run"]["stopped"] == "agreed") is reached
    assert {p["status"] for p in result["proposals"]} == {"ok"}
    assert {p["proposer"] for p in result["proposals"]} == set(answers)


async def test_a_cached_answer_is_of_the_model_that_gave_it(loopback: Loopback) -> None:
    moa = served(loopback, QWEN, cache=InMemoryCache())

    first, again = [(await moa.ainvoke(QUESTION))["verdicts"][0]["reason"] for _ in range(2)]

    assert first == again == ALL_ONE


async def test_the_samples_of_one_request_are_of_the_model_that_gave_them(loopback: Loopback) -> None:
    proposers = [Proposer(name, samples=2) for name in QWEN]

    result = await served(loopback, QWEN, proposers=proposers).ainvoke(QUESTION)

    assert [p["served_model"] for p in result["proposals"][:6]] == ["qwen05"] * 6
    assert result["verdicts"][0]["reason"] == "6 of 6 agree: 7, but all were served by one model, qwen05"
