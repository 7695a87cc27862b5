"""In an agent the panel answers once for a user's message, and its proposals are shown again as the same bytes."""

import json
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import SummarizationMiddleware
from langchain.agents.structured_output import ToolStrategy
from langchain_core.messages import AIMessage, HumanMessage, RemoveMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from langgraph_moa import AllProposersFailed, Analyst, Budget, ChatMoA, ConfigError, DocsRetriever, create_rag_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_swarm import create_handoff_tool, create_swarm
from loopback import Loopback, Reply
from pydantic import BaseModel
from reading import references_in, user
from running import APIS, THREAD, run
from worn import worn

FOUR = ["m0", "m1", "m2", "m3"]


def steps(number: int, *, then: str = "done") -> Any:
    """Make an aggregator that calls a tool at so many steps of each turn, and then answers."""

    calls = count()

    def script(body: dict[str, Any]) -> Reply:
        taken = next(calls) % (number + 1)
        return Reply("", tool_calls=[("get_weather", {"city": f"no. {taken}"})]) if taken < number else Reply(then)

    return script


def agent_of(server: Loopback, tools: Any, *, panel: str = "turn", number: int = 6, **options: Any) -> Any:
    server.say("aggregator", steps(number))
    agent = {key: options.pop(key) for key in ("checkpointer", "middleware", "system_prompt") if key in options}
    model = ChatMoA(worn(server, proposers=FOUR, **options).moa, panel=panel)
    return create_agent(model, tools=tools, **agent)


def uses(result: Any) -> list[tuple[Any, ...]]:
    """Return what each message of a mixture tells of its panel."""
    panels = [m.response_metadata["moa"]["panel"] for m in result["messages"] if isinstance(m, AIMessage)]
    return [(p["call"], p["proposed_in"], p["why"]) for p in panels]


def asked(server: Loopback) -> list[int]:
    return [len(server.asked(name)) for name in ("m0", "m3", "aggregator")]


def equal_bytes(server: Loopback) -> Iterator[tuple[int, int]]:
    """Return how many bytes each prompt but the first has, and how many of them begin as the one before did."""
    prompts = [json.dumps(r.messages, ensure_ascii=False).encode() for r in server.asked("aggregator")]
    for before, prompt in pairwise(prompts):
        same = next((n for n, (a, b) in enumerate(zip(before, prompt, strict=False)) if a != b), len(before))
        yield len(prompt), same


@APIS
async def test_six_tool_steps_ask_four_proposers_once_and_the_same_prompt_grows(
    loopback: Loopback, get_weather: Any, api: str
) -> None:
    loopback.default = lambda body: Reply(f"{body['model']}: {'advice ' * 149}")

    result = await run(agent_of(loopback, [get_weather]), api, user("How warm is it?"))

    assert result["messages"][-1].text == "done"
    assert len(loopback.requests) == 4 + 7
    assert uses(result) == [(1, 1, "first"), *((call, 1, None) for call in range(2, 8))]
    prompts = [request.messages for request in loopback.asked("aggregator")]
    for before, prompt in pairwise(prompts):
        assert prompt[: len(before)] == before
        assert [m["role"] for m in prompt[len(before) :]] == ["assistant", "tool"]
    assert [text[:3] for text in references_in(prompts[0][0]["content"])] == [f"{name}:" for name in FOUR]
    sent, same = map(sum, zip(*equal_bytes(loopback), strict=True))
    assert same > 0.95 * sent


async def test_at_every_call_everybody_is_asked_as_before(loopback: Loopback, get_weather: Any) -> None:
    loopback.default = lambda body: Reply(f"{body['model']}: {'advice ' * 149}")

    result = await agent_of(loopback, [get_weather], panel="call").ainvoke(user("How warm is it?"))

    assert len(loopback.requests) == 7 * 5
    assert [why for *_, why in uses(result)] == ["first", *["due"] * 6]
    sent, same = map(sum, zip(*equal_bytes(loopback), strict=True))
    assert same < 0.15 * sent
    assert not [m for m in result["messages"] if "texts" in m.response_metadata.get("moa", {}).get("panel", {})]


@pytest.mark.parametrize(
    ("every", "panels"),
    [(1, [1, 2, 3, 4, 5, 6, 7]), (3, [1, 1, 1, 4, 4, 4, 7]), (50, [1] * 7)],
)
async def test_every_nth_call_asks_once_more(
    loopback: Loopback, get_weather: Any, every: int, panels: list[int]
) -> None:
    result = await agent_of(loopback, [get_weather], panel=f"every:{every}").ainvoke(user("How warm is it?"))

    assert [proposed_in for _, proposed_in, _ in uses(result)] == panels
    assert asked(loopback) == [len({*panels}), len({*panels}), 7]


@pytest.mark.parametrize("streamed", [False, True])
async def test_the_report_of_each_call_counts_that_call(loopback: Loopback, get_weather: Any, streamed: bool) -> None:
    agent = agent_of(loopback, [get_weather], number=1)
    if streamed:
        parts = [part async for part in agent.astream(user("Warm?"), stream_mode=["messages", "values"])]
        result = [part for mode, part in parts if mode == "values"][-1]
    else:
        result = await agent.ainvoke(user("Warm?"))

    first, second = (m.response_metadata["moa"] for m in result["messages"] if isinstance(m, AIMessage))
    assert (first["calls"], second["calls"], second["layers"]) == (5, 1, 1)
    assert first["panel"]["proposers"] == FOUR
    assert first["panel"]["texts"] == [f"answer of {name}" for name in FOUR]
    assert second["panel"] == {
        "shown_again": True,
        "call": 2,
        "proposed_in": 1,
        "why": None,
        "turn": first["panel"]["turn"],
        "of": first["panel"]["of"],
    }
    assert second["usage"]["total_tokens"] == result["messages"][-1].usage_metadata["total_tokens"]


async def test_what_goes_along_is_not_sent_to_anybody(loopback: Loopback, get_weather: Any) -> None:
    await agent_of(loopback, [get_weather], panel="every:2", number=3).ainvoke(user("Warm?"))

    fields = {key for request in loopback.requests for message in request.messages for key in message}
    assert {"role", "content"} < fields <= {"role", "content", "tool_calls", "tool_call_id", "name"}


async def test_another_turn_asks_again_also_where_it_says_the_same(loopback: Loopback, get_weather: Any) -> None:
    agent = agent_of(loopback, [get_weather], number=1, checkpointer=InMemorySaver())

    for _ in range(2):
        result = await agent.ainvoke(user("How warm is it?"), THREAD)

    assert asked(loopback) == [2, 2, 4]
    assert uses(result) == [(1, 1, "first"), (2, 1, None)] * 2


async def test_an_edited_question_asks_again_and_the_old_proposals_are_gone(
    loopback: Loopback, get_weather: Any
) -> None:
    agent = agent_of(loopback, [get_weather], number=2, checkpointer=InMemorySaver())
    await agent.ainvoke({"messages": [HumanMessage("In Rome?", id="q")]}, THREAD, interrupt_before=["tools"])
    loopback.default = Reply("other advice")

    await agent.aupdate_state(THREAD, {"messages": [HumanMessage("In Oslo?", id="q")]}, as_node="model")
    result = await agent.ainvoke(None, THREAD)

    assert [why for *_, why in uses(result)] == ["first", "changed", None]
    assert [("answer of" in r.prompt, "other advice" in r.prompt) for r in loopback.asked("aggregator")] == [
        (True, False),
        (False, True),
        (False, True),
    ]


async def test_a_message_in_the_middle_of_a_turn_is_a_turn_and_two_at_once_are_one(
    loopback: Loopback, get_weather: Any
) -> None:
    agent = agent_of(loopback, [get_weather], number=2, checkpointer=InMemorySaver())
    both = {"messages": [HumanMessage("Warm?"), HumanMessage("In Rome.")]}

    await agent.ainvoke(both, THREAD, interrupt_after=["tools"])
    result = await agent.ainvoke(user("No, in Oslo."), THREAD)

    assert uses(result)[:2] == [(1, 1, "first"), (1, 1, "first")]
    assert asked(loopback)[0] == 2


async def test_summaries_and_removed_messages_ask_again(loopback: Loopback, get_weather: Any) -> None:
    short = SummarizationMiddleware(
        ScriptedModel(script="All in short."), trigger=("messages", 6), keep=("messages", 2)
    )
    agent = agent_of(loopback, [get_weather], number=4, middleware=[short])

    result = await agent.ainvoke(user("How warm is it?"))

    assert result["messages"][-1].text == "done"
    for request in loopback.asked("aggregator"):
        assert len(references_in(request.prompt.replace("\\n", "\n").replace('\\"', '"'))) == 4
    assert {why for *_, why in uses(result)} <= {"first", "changed", "lost", None}


async def test_a_conversation_without_the_message_that_carries_them_has_lost_them(
    loopback: Loopback, get_weather: Any
) -> None:
    agent = agent_of(loopback, [get_weather], number=2, checkpointer=InMemorySaver())
    result = await agent.ainvoke(user("Warm?"), THREAD, interrupt_after=["tools"])
    result = await agent.ainvoke(None, THREAD, interrupt_after=["tools"])
    gone: Any = [RemoveMessage(m.id) for m in result["messages"][1:3]]

    await agent.aupdate_state(THREAD, {"messages": gone}, as_node="tools")
    result = await agent.ainvoke(None, THREAD)

    assert uses(result)[-1] in [(2, 2, "lost")]


async def test_tools_that_fail_and_tools_in_parallel_are_the_same_turn(loopback: Loopback) -> None:
    def get_weather(city: str) -> str:
        """Tell the weather."""
        if city == "Atlantis":
            raise LookupError("no such city")
        return "18 degrees"

    def script(body: dict[str, Any]) -> Reply:
        tried = [m for m in body["messages"] if m["role"] == "tool"]
        both = [("get_weather", {"city": "Rome"}), ("get_weather", {"where": "Oslo"})]
        return Reply("done") if len(tried) == 3 else Reply("", tool_calls=both if not tried else both[:1])

    loopback.say("aggregator", script)
    agent: Any = create_agent(ChatMoA(worn(loopback).moa), tools=[get_weather])

    result = await agent.ainvoke(user("Warm?"))

    assert [m.status for m in result["messages"] if isinstance(m, ToolMessage)] == ["success", "error", "success"]
    assert uses(result) == [(1, 1, "first"), (2, 1, None), (3, 1, None)]


async def test_each_agent_of_a_swarm_has_its_own_panel_and_comes_back_to_it(
    loopback: Loopback, get_weather: Any
) -> None:
    def front(body: dict[str, Any]) -> Reply:
        transfers = [m for m in body["messages"] if m["role"] == "tool"]
        return Reply("done") if len(transfers) == 2 else Reply("", tool_calls=[("transfer_to_clerk", {})])

    loopback.say("aggregator", front)
    loopback.say("clerk", Reply("", tool_calls=[("transfer_to_front", {})]))
    one = ChatMoA(worn(loopback).moa)
    other = ChatMoA(worn(loopback, aggregator="clerk").moa)
    agents: Any = [
        create_agent(one, tools=[create_handoff_tool(agent_name="clerk")], name="front", system_prompt="Be the front."),
        create_agent(other, tools=[create_handoff_tool(agent_name="front")], name="clerk"),
    ]

    result: Any = await create_swarm(agents, default_active_agent="front").compile().ainvoke(user("Warm?"))

    assert uses(result) == [(1, 1, "first"), (1, 1, "first"), (2, 1, None)]
    assert asked(loopback)[0] == 2
    first, back = (request.messages for request in loopback.asked("aggregator"))
    assert back[: len(first)] == first


async def test_the_same_mixture_with_other_tools_is_asked_for_itself(loopback: Loopback, get_weather: Any) -> None:
    loopback.say("aggregator", steps(1))
    model = ChatMoA(worn(loopback).moa)
    first = await model.bind_tools([get_weather]).ainvoke("Warm?")
    result = ToolMessage("18", tool_call_id=first.tool_calls[0]["id"])

    await model.bind_tools([get_weather]).ainvoke([HumanMessage("Warm?"), first, result])
    assert len(loopback.asked("m0")) == 1
    await model.bind_tools([get_weather, {"type": "web_search"}]).ainvoke([HumanMessage("Warm?"), first, result])
    assert len(loopback.asked("m0")) == 2
    await model.ainvoke([HumanMessage("Warm?"), first, result])
    assert len(loopback.asked("m0")) == 3


class Weather(BaseModel):
    """The weather."""

    degrees: int


async def test_an_object_at_the_end_is_made_of_the_same_proposals(loopback: Loopback, get_weather: Any) -> None:
    def script(body: dict[str, Any]) -> Reply:
        tried = [m["content"] for m in body["messages"] if m["role"] == "tool"]
        if not tried:
            return Reply("", tool_calls=[("get_weather", {"city": "Rome"})])
        return Reply("", tool_calls=[("Weather", {"degrees": "warm" if len(tried) == 1 else 18})])

    loopback.say("aggregator", script)
    model = ChatMoA(worn(loopback).moa)
    agent: Any = create_agent(model, tools=[get_weather], response_format=ToolStrategy(Weather))

    result = await agent.ainvoke(user("Warm?"))

    assert result["structured_response"] == Weather(degrees=18)
    assert uses(result) == [(1, 1, "first"), (2, 1, None), (3, 1, None)]


async def test_where_the_aggregator_fails_later_no_old_advice_is_the_answer(
    loopback: Loopback, get_weather: Any
) -> None:
    agent = agent_of(loopback, [get_weather], number=1, checkpointer=InMemorySaver())
    await agent.ainvoke(user("Warm?"), THREAD, interrupt_before=["tools"])
    loopback.say("aggregator", Reply(status=401))

    with pytest.raises(AllProposersFailed, match="aggregator: error"):
        await agent.ainvoke(None, THREAD)


async def test_each_call_keeps_to_the_budget(loopback: Loopback, get_weather: Any) -> None:
    agent = agent_of(loopback, [get_weather], number=3, budget=Budget(calls=5))

    result = await agent.ainvoke(user("Warm?"))

    assert [m.response_metadata["moa"]["calls"] for m in result["messages"] if isinstance(m, AIMessage)] == [5, 1, 1, 1]


async def test_references_that_were_read_in_windows_are_not_read_again(loopback: Loopback, get_weather: Any) -> None:
    loopback.default = lambda body: Reply(f"{body['model']} " * 3_000)
    agent = agent_of(loopback, [get_weather], number=2, context_tokens=8_000)
    whole = steps(2)
    loopback.say(
        "aggregator", lambda body: whole(body) if body.get("tools") else Reply("what came of the first windows")
    )

    result = await agent.ainvoke(user("Warm?"))

    assert len([r for r in loopback.asked("aggregator") if not r.body.get("tools")]) >= 1
    shown = [request.messages for request in loopback.asked("aggregator") if request.body.get("tools")]
    assert len(shown) == 3
    assert all(prompt[: len(shown[0])] == shown[0] for prompt in shown)
    assert "what came of the first windows" in shown[0][0]["content"]
    assert uses(result)[1:] == [(2, 1, None), (3, 1, None)]


async def test_evidence_is_shown_again_and_what_is_cited_is_checked(
    loopback: Loopback, get_weather: Any, tmp_path: Path
) -> None:
    (tmp_path / "rome.md").write_text("# Rome\n\nIt is warm in Rome in summer.\n", encoding="utf-8")
    loopback.say("aggregator", steps(1, then='It is "warm in Rome" [E1], not cold [E9].'))
    options: Any = {
        "retrievers": [DocsRetriever(docs=[tmp_path])],
        "aggregator": "aggregator",
        "resolve": loopback.resolve,
    }
    model = ChatMoA(create_rag_moa(proposers=["m0", "m1"], **options))
    agent: Any = create_agent(model, tools=[get_weather])

    result = await agent.ainvoke(user("Is it warm in Rome?"))

    first, second = (request.messages for request in loopback.asked("aggregator"))
    assert second[: len(first)] == first
    assert "It is warm in Rome in summer." in first[0]["content"]
    citations = result["messages"][-1].response_metadata["moa"]["citations"]
    assert [(c["id"], c["problem"] is None) for c in citations] == [("E1", True), ("E9", False)]
    assert len(loopback.asked("m0")) == 1


async def test_what_was_thought_is_shown_again_where_references_hold_it(loopback: Loopback, get_weather: Any) -> None:
    loopback.default = Reply("<think>It is summer there.</think>It is warm.")
    agent = agent_of(loopback, [get_weather], number=1, references="reasoning")

    await agent.ainvoke(user("Warm?"))

    first, second = (request.messages for request in loopback.asked("aggregator"))
    assert "It is summer there." in first[0]["content"]
    assert second[: len(first)] == first


async def test_a_person_reviews_proposals_once_a_turn(loopback: Loopback, get_weather: Any) -> None:
    agent = agent_of(loopback, [get_weather], number=2, review=True, checkpointer=InMemorySaver())

    waits = await agent.ainvoke(user("Warm?"), THREAD)
    edited = {"decisions": [{"proposer": "m0", "action": "edit", "text": "a person's word"}]}
    result = await agent.ainvoke(Command(resume=edited), THREAD)

    assert len(waits["__interrupt__"]) == 1
    assert result["messages"][-1].text == "done"
    assert ["a person's word" in request.prompt for request in loopback.asked("aggregator")] == [True] * 3


async def test_what_an_analyst_wrote_is_shown_again_and_nobody_compares_anew(
    loopback: Loopback, get_weather: Any
) -> None:
    loopback.default = lambda body: Reply(f"{body['model']}: {'advice ' * 149}")
    points = {"contradictions": [{"topic": "warmth", "stances": [{"proposers": ["m0"], "stance": "It is warm."}]}]}
    loopback.say("analyst", Reply(json.dumps({"consensus": ["It is in Rome."], **points})))
    agent = agent_of(loopback, [get_weather], number=2, analyst=Analyst("analyst"))

    await agent.ainvoke(user("Warm?"))

    prompts = [request.messages for request in loopback.asked("aggregator")]
    assert (len(loopback.asked("analyst")), len(prompts)) == (1, 3)
    assert "It is in Rome." in prompts[0][0]["content"]
    assert prompts[2][: len(prompts[0])] == prompts[0]


def test_other_ways_are_refused_in_a_sentence(loopback: Loopback) -> None:
    moa = worn(loopback).moa
    for panel in ("always", "every", "every:0", "every:-1", "every: 2", 3, None, ["turn"], "every:" + "9" * 5_000):
        with pytest.raises(ConfigError, match="expected 'turn', 'call', or 'every:N'"):
            ChatMoA(moa, panel=panel)
    assert ChatMoA(moa).panel == "turn"
