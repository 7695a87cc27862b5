"""What is told beside an answer: what a cache spared, which options nobody heeds, and who failed."""

from pathlib import Path
from typing import Any

import pytest
from endpoints import HI, WEATHER, running, says, two_and_one
from langgraph_moa import ChatMoA, Pick, ResponseCache, create_moa, create_ranker, create_vote
from loopback import Loopback, Reply

ASK: Any = {"model": "moa", "messages": HI}
OPTIONS: Any = {"temperature": 0.5, "max_tokens": 50, "reasoning_effort": "low", "stop": ["STOP"]}


async def test_what_a_cache_spared_is_told_with_the_model_that_answered_once(
    loopback: Loopback, tmp_path: Path
) -> None:
    says(loopback, served="c-2026")
    async with running(two_and_one(loopback, cache=ResponseCache(tmp_path / "answers.sqlite"))) as served:
        first, again = [(await served.post(ASK))[1]["moa"] for _ in range(2)]

    assert "spared" not in first
    assert (again["calls"], again["spared"]["calls"], again["spared"]["tokens"] > 0) == (0, 3, True)
    assert first["served_model"] == again["served_model"] == "c-2026"
    assert [", 3 from the cache; " in line for line in served.log] == [False, True]


@pytest.mark.parametrize("system", ["vote", "ranker", "moa", "pick"])
async def test_options_that_reach_nobody_are_told(loopback: Loopback, system: str) -> None:
    says(loopback, "1")
    moa = {
        "vote": lambda: create_vote(proposers=["a", "b"], resolve=loopback.resolve),
        "ranker": lambda: create_ranker(proposers=["a", "b"], ranker="c", resolve=loopback.resolve),
        "moa": lambda: create_moa(proposers=["a", "b"], aggregator="c", resolve=loopback.resolve),
        "pick": lambda: create_moa(proposers=["a", "b"], aggregator=Pick(len), resolve=loopback.resolve),
    }[system]()
    async with running(ChatMoA(moa)) as served:
        answer = (await served.post({**ASK, **OPTIONS, "user": "anna"}))[1]

    reach_nobody = [] if system == "moa" else ["max_tokens", "reasoning_effort", "temperature"]
    assert answer["moa"]["left_out"] == [*reach_nobody, "user"]


async def test_an_aggregator_that_fails_is_no_proposer(loopback: Loopback) -> None:
    says(loopback)
    loopback.say("c", Reply(status=500))
    async with running(two_and_one(loopback)) as served:
        status, answer, _ = await served.post({**ASK, "tools": [WEATHER]})

    assert (status, answer["error"]["code"]) == (502, "models_failed")
    assert answer["error"]["message"].startswith("0 of 1 answers of aggregators were usable, expected at least 1: c: ")
