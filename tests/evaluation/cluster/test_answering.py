"""An actor builds its mixture, shares its limits, tells costs as they come up, and says in words what it cannot do."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph_moa import Analyst, ConfigError, Limits, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.run.records import Cost
from langgraph_moa.core.run.state import Graph
from langgraph_moa.evaluation.batch.questions import Question
from langgraph_moa.evaluation.cluster import answering
from langgraph_moa.evaluation.cluster.answering import Answerer, bounds_of, limits_in
from langgraph_moa.evaluation.cluster.limiter import Limiter
from pydantic import SecretStr

QUESTION = Question(id="q1", messages=[{"role": "user", "content": "What is 2 + 2?"}], gold="4")


class Noting(Limiter):
    """Remember all notes."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.notes: list[dict[str, Cost | None]] = []

    async def note(self, holder: str, costs: dict[str, Cost | None]) -> None:
        self.notes.append(costs)
        await super().note(holder, costs)


def handle_of(limiter: Limiter) -> Any:
    """Return what asks it as Ray's handles do."""
    names = ("slots", "starts", "note")
    return SimpleNamespace(**{name: SimpleNamespace(remote=getattr(limiter, name)) for name in names})


def mixture() -> Graph:
    models = [ScriptedModel(script=text, name_of_model=text) for text in ("four", "five", "It is 4.")]
    limits = [Limits(provider="offline", concurrency=1), Limits(provider="other", per_second=5)]
    return create_moa(proposers=models[:2], aggregator=models[2], limits=limits)


async def test_it_answers_with_turns_of_the_limiter_and_notes_what_is_under_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answering, "NOTES_S", 0.0)
    limiter = Noting([(1, None)])
    actor = Answerer(mixture, handle_of(limiter), "a", "rows.jsonl", True)

    built = await actor.build()
    result = await actor.answer(QUESTION)
    while actor._noting:
        await actor._noting

    assert (built.error, result.row["answer"], result.row["gold"]) == (None, "It is 4.", "4")
    assert limiter.notes[0]["q1"] is not None
    assert limiter.notes[-1] == {"q1": None}
    assert await limiter.forget("a") == {}


async def test_what_is_done_in_a_moment_is_not_noted() -> None:
    limiter = Noting([(1, None)])
    actor = Answerer(mixture, handle_of(limiter), "a", "rows.jsonl", True)

    await actor.build()
    await actor.answer(QUESTION)
    while actor._noting:
        await actor._noting

    assert not [notes for notes in limiter.notes if notes]


async def test_what_keeps_it_from_being_built_is_told_in_a_line_without_secrets() -> None:
    def wrong() -> Graph:
        raise ConfigError("found sk-abcdefghijklmnopqrstuvwxyz0123456789 here, expected none; leave it out")

    built = await Answerer(wrong, handle_of(Limiter([])), "a", "rows.jsonl", True).build()

    assert built.error is not None
    assert built.error.startswith("found ")
    assert "abcdefghij" not in built.error


def test_limits_are_listed_once_for_everybody_who_may_be_asked() -> None:
    limits = [Limits(provider="openai", concurrency=3), Limits(provider="together", per_second=2)]
    models = [ChatOpenAI(model=name, api_key=SecretStr("none")) for name in ("one", "two")]
    moa = create_moa(proposers=models, aggregator=models[0], analyst=Analyst(models[1]), limits=limits)

    assert [bounds_of(limit) for limit in limits_in(moa)] == [(3, None)]


async def test_what_keeps_it_from_noting_is_told_with_the_next_question(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Limiter):
        async def note(self, holder: str, costs: dict[str, Cost | None]) -> None:
            raise ConnectionError("gone")

    monkeypatch.setattr(answering, "NOTES_S", 0.0)
    actor = Answerer(mixture, handle_of(Broken([(1, None)])), "a", "rows.jsonl", True)
    await actor.build()
    actor._note("q2", {"calls": 1, "tokens": 1, "usd": None})
    while actor._noting:
        await actor._noting
    with pytest.raises(ConnectionError):
        await actor.answer(QUESTION)


async def test_who_was_taken_for_gone_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    def end() -> None:
        raise ConnectionAbortedError

    monkeypatch.setattr(answering, "_end", end)
    limiter = Limiter([(1, None)])
    actor = Answerer(mixture, handle_of(limiter), "a", "rows.jsonl", True)
    await actor.build()
    await limiter.forget("a")
    async with asyncio.timeout(20):
        with pytest.raises(ConnectionAbortedError):
            await actor.answer(QUESTION)
