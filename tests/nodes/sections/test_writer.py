"""An answer is written while proposers still answer, within what was bounded, or as any mixture's."""

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence
from itertools import pairwise
from typing import Any, NoReturn, cast

import pytest
from ingest import Ingest, metadata, traced
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGenerationChunk
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph_moa import AllProposersFailed, Budget, BudgetExceeded, ChatMoA, Quorum, create_sectioned_moa, estimate
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from pydantic import BaseModel, ConfigDict
from reading import QUESTION
from running import APIS, THREAD, run

TEXT = "\n\n".join(f"Paragraph {n}: nobody can tell what will come of it." for n in range(4))
SHORT = "It is."


def answers(loopback: Loopback, text: str = TEXT, **replies: Reply) -> None:
    """Let a, b and c say a text, and the aggregator its sections."""
    for name in "abc":
        loopback.say(name, replies.get(name, Reply(text)))
    loopback.say("last", lambda body: Reply(f"Section {(len(body['messages']) + 1) // 2} of it."))


class Paced(BaseChatModel):
    """Say a text paragraph by paragraph, each but the first once a section was asked for."""

    sections: Sequence[threading.Event]

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @property
    def _llm_type(self) -> str:
        return "paced"

    def _generate(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        for number, paragraph in enumerate(TEXT.split("\n\n")):
            if number:
                await asyncio.to_thread(self.sections[min(number, len(self.sections)) - 1].wait, 60)
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"{paragraph}\n\n"))


def paced(loopback: Loopback, *replies: Reply, sections: int = 4) -> list[Paced]:
    """Make proposers that go on when the aggregator is asked for a section, and an aggregator that says these."""
    asked = [threading.Event() for _ in range(sections - 1)]
    rest = list(replies)

    def section(body: dict[str, Any]) -> Reply:
        number = (len(body["messages"]) + 1) // 2
        reply = rest.pop(0) if rest else Reply(f"Section {number} of it.")
        failed = reply.finish_reason == "content_filter" or reply.status >= 400
        for event in asked if failed else asked[:number]:
            event.set()
        return reply

    loopback.say("last", section)
    return [Paced(sections=asked), Paced(sections=asked)]


def mixture(loopback: Loopback, **options: Any) -> Any:
    defaults: dict[str, Any] = {"proposers": [*"abc"], "aggregator": "last", "section_chars": 30, "max_tokens": 100}
    return create_sectioned_moa(**{**defaults, "resolve": loopback.resolve, **options})


@APIS
@pytest.mark.parametrize("sections", [2, 4])
async def test_each_section_rests_on_one_more_of_all_proposals(loopback: Loopback, api: str, sections: int) -> None:
    models = paced(loopback, sections=sections)

    result = await run(mixture(loopback, proposers=models, sections=sections), api, QUESTION)

    asked = loopback.asked("last")
    assert result["messages"][-1].text == "\n\n".join(f"Section {n} of it." for n in range(1, sections + 1))
    assert (len(asked), result["run"]["calls"]) == (sections, 2 + sections)
    assert (result["run"]["stopped"], result["run"]["degraded"]) == ("completed", None)
    assert f"the answer was written in {sections} sections" in result["run"]["notes"]
    assert [p["status"] for p in result["proposals"]] == ["ok"] * 2
    assert "Paragraph 0" in asked[0].prompt
    assert "Paragraph 1" not in asked[0].prompt
    assert "Paragraph 3" in asked[-1].prompt
    for before, after in pairwise(asked):
        assert after.messages[: len(before.messages)] == before.messages
    assert sum(usage["total_tokens"] for usage in loopback.billed) == result["run"]["usage"]["total_tokens"]


async def test_it_begins_while_proposers_still_answer(loopback: Loopback) -> None:
    events: list[str] = []
    tokens, ids = "", set()
    models = paced(loopback)
    moa, modes = mixture(loopback, proposers=models), ["custom", "messages", "values"]
    async for mode, part in moa.astream(QUESTION, stream_mode=modes):
        if mode == "custom":
            events.append(part["moa"])
        elif mode == "messages":
            tokens += part[0].text
            ids.add(part[0].id)
            events += ["token"] if part[0].text and "token" not in events else []
        else:
            result = cast("Any", part)

    assert events.index("aggregating") < events.index("token") < len(events) - 1 - events[::-1].index("proposal")
    assert tokens == result["messages"][-1].text
    assert ids == {result["messages"][-1].id}


async def test_a_quorum_waits_for_no_last_one(loopback: Loopback) -> None:
    answers(loopback, c=Reply(broken="hang"))

    result = await mixture(loopback, quorum=Quorum(2)).ainvoke(QUESTION)

    assert len(loopback.asked("last")) > 1
    assert [p["status"] for p in result["proposals"]] == ["ok", "ok", "cancelled"]


class Form(BaseModel):
    """Be a form."""

    text: str


USUAL: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (SHORT, {}, {}),
    (f"Final answer: 7\n\n{TEXT}", {}, {}),
    (TEXT, {"budget": Budget(calls=6)}, {}),
    (TEXT, {"budget": Budget(tokens=3_000)}, {}),
]


@pytest.mark.parametrize(("text", "options", "replies"), USUAL)
async def test_where_nothing_is_gained_or_it_may_cost_too_much_one_call_writes(
    loopback: Loopback, text: str, options: dict[str, Any], replies: dict[str, Any]
) -> None:
    answers(loopback, text, **replies)

    result = await mixture(loopback, **options).ainvoke(QUESTION)

    assert len(loopback.asked("last")) == 1
    assert result["messages"][-1].text == "Section 1 of it."
    assert result["verdicts"][0]["next"] == "aggregate"
    assert result["run"]["calls"] == 4


async def test_a_form_is_kept_to_by_one_call(loopback: Loopback) -> None:
    answers(loopback)
    loopback.say("last", Reply('{"text": "x"}'))
    model = ChatMoA(mixture(loopback)).with_structured_output(Form, method="json_mode")

    assert await model.ainvoke("Which?") == Form(text="x")
    assert len(loopback.asked("last")) == 1


async def test_what_a_caller_asks_of_the_author_holds_for_every_section(loopback: Loopback) -> None:
    moa = mixture(loopback, proposers=paced(loopback))
    chunks = [chunk async for chunk in ChatMoA(moa, temperature=0.3, max_tokens=50).astream("Which?")]

    assert "".join(chunk.text for chunk in chunks).endswith("Section 4 of it.")
    assert [(r.body["temperature"], r.body["max_tokens"]) for r in loopback.asked("last")] == [(0.3, 50)] * 4


def test_a_trace_says_what_it_came_to(loopback: Loopback, traces: Ingest) -> None:
    moa = mixture(loopback, proposers=paced(loopback))
    traced(traces, lambda: moa.invoke(QUESTION))

    (root,) = traces.roots
    assert (metadata(root)["moa_stopped"], metadata(root)["moa_calls"]) == ("completed", 6)


async def test_what_an_agent_says_on_its_way_is_no_section(loopback: Loopback) -> None:
    loopback.say("last", Reply("It is whole."))
    streamed = [ScriptedModel(script=text) for text in (TEXT, "Nobody can tell in the end.")]
    graph = StateGraph(MessagesState)
    for number, model in enumerate(streamed):
        graph.add_node(
            str(number), lambda state, m=model: {"messages": [m.bind(stream=True).invoke(state["messages"])]}
        )
    graph.add_edge(START, "0").add_edge("0", "1")
    moa = mixture(loopback, proposers=[graph.compile(name="agent")])

    assert (await moa.ainvoke(QUESTION))["messages"][-1].text == "It is whole."
    assert "Paragraph" not in loopback.asked("last")[0].prompt


FAILED = {
    "refused": Reply("", finish_reason="content_filter"),
    "error": Reply(status=500, body='{"error": {"message": "broken"}}', headers={"x-should-retry": "false"}),
}


@pytest.mark.parametrize("status", FAILED)
async def test_a_section_that_fails_is_told_and_all_is_written_anew(loopback: Loopback, status: str) -> None:
    models = paced(loopback, Reply("Section 1"), FAILED[status], Reply("It is whole."))
    moa = mixture(loopback, proposers=models)
    events, reports = [], []
    async for mode, part in moa.astream(QUESTION, stream_mode=["custom", "values"]):
        events += [part] if mode == "custom" else []
        reports += [part["run"]] if mode == "values" and "run" in part else []
        result = part

    assert [e["status"] for e in events if e["moa"] == "abandoned"] == [status]
    assert result["messages"][-1].text == "It is whole."
    assert [call["status"] for call in result["run"]["aggregators"]] == ["ok", status, "ok"]
    assert result["run"]["calls"] == 5
    assert len(reports) == 2
    words = f"section 2 failed, and the answer was asked for anew: aggregator last: {status} ("
    assert all(report["degraded"].startswith(words) for report in reports)


async def test_failures_are_as_in_any_mixture(loopback: Loopback) -> None:
    answers(loopback, a=Reply(status=400, body="no"))
    assert (await mixture(loopback).ainvoke(QUESTION))["run"]["degraded"].startswith("1 of 3 proposals")

    for name in "abc":
        loopback.say(name, Reply(status=400, body="no"))
    moa = mixture(loopback, checkpointer=InMemorySaver())
    with pytest.raises(AllProposersFailed):
        await moa.ainvoke(QUESTION, THREAD)
    answers(loopback)
    assert (await moa.ainvoke(None, THREAD))["messages"][-1].text.startswith("Section 1 of it.")


async def test_a_budget_too_small_for_the_proposers_refuses_them(loopback: Loopback) -> None:
    with pytest.raises(BudgetExceeded, match="nothing was asked"):
        await mixture(loopback, budget=Budget(calls=2)).ainvoke(QUESTION)

    assert loopback.requests == []


async def test_what_is_bounded_before_holds(loopback: Loopback) -> None:
    models = paced(loopback)
    bound = estimate(mixture(loopback, proposers=models), [HumanMessage("Which?")])
    assert bound["calls"] is not None

    answers(loopback)
    bound = estimate(mixture(loopback), [HumanMessage("Which?")])
    result = await mixture(loopback, budget=Budget(calls=7, tokens=bound["tokens"])).ainvoke(QUESTION)

    assert "the answer was written in " in str(result["run"]["notes"])
    assert result["run"]["calls"] <= 7
    assert result["run"]["usage"]["total_tokens"] <= (bound["tokens"] or 0)
