"""What this package adds to a request never costs the answer: where a server refuses it, it is asked without."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from langgraph_moa import ChatMoA, Proposer, create_debate, create_moa, create_self_moa, create_single, resolve_model
from langgraph_moa.core.models.openai_transport import shared_async_client, shared_sync_client
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from pydantic import BaseModel, SecretStr

QUESTION: Any = {"messages": [("user", "What is 12 * 4?")]}
BRIEFLY: Any = {"messages": [("system", "Be brief."), *QUESTION["messages"]]}
KINDS = ("lean", "openai", "object")
WAYS = ("invoke", "ainvoke", "stream", "astream")
Judge = Callable[[dict[str, Any]], str | None]


def maker(server: Loopback, kind: str) -> Any:
    """Return what makes models of names: as strings are asked, by either transport, or as a user builds them."""
    if kind != "object":
        return lambda name, **options: resolve_model(name, base_url=server.url, transport=kind, **options)  # type: ignore[arg-type]
    clients: Any = {"http_client": shared_sync_client(), "http_async_client": shared_async_client()}
    given: Any = {"api_key": SecretStr("k"), "base_url": server.url, "stream_usage": True, **clients}
    return lambda name, **options: ChatOpenAI(model=name, **given)


async def ask(moa: Any, way: str, given: Any = BRIEFLY) -> Any:
    """Return the last state; what streams is streamed as messages, too."""
    modes: Any = ["values", "messages"]
    if way == "ainvoke":
        return await moa.ainvoke(BRIEFLY)
    if way == "invoke":
        return await asyncio.to_thread(moa.invoke, given)
    if way == "astream":
        parts = [part async for part in moa.astream(given, stream_mode=modes)]
    else:
        parts = await asyncio.to_thread(lambda: list(moa.stream(given, stream_mode=modes)))
    return [part for mode, part in parts if mode == "values"][-1]


def roles(body: dict[str, Any]) -> list[str]:
    return [message["role"] for message in body["messages"]]


def no_usage(body: dict[str, Any]) -> str | None:
    return "Extra inputs are not permitted: stream_options" if "stream_options" in body else None


def no_stream(body: dict[str, Any]) -> str | None:
    return "Your organization must be verified to stream this model" if body.get("stream") else None


def no_system(body: dict[str, Any]) -> str | None:
    return "System role not supported" if {"system", "developer"} & {*roles(body)} else None


def in_turn(body: dict[str, Any]) -> str | None:
    """Judge as most templates do: they count users, and assistants that call nothing."""
    rest = roles(body)[roles(body)[0] == "system" :]
    said = [m for m in body["messages"] if m["role"] in ("user", "assistant") and not m.get("tool_calls")]
    is_one = "system" not in rest and all((m["role"] == "user") == (n % 2 == 0) for n, m in enumerate(said))
    return None if is_one else "Conversation roles must alternate user/assistant/user/assistant/..."


def strictly_in_turn(body: dict[str, Any]) -> str | None:
    """Judge as templates do that count a system message as one out of turn."""
    is_one = all((role == "user") == (n % 2 == 0) for n, role in enumerate(roles(body)))
    return None if is_one else "Conversation roles must alternate user/assistant/user/assistant/..."


def no_max_tokens(body: dict[str, Any]) -> str | None:
    told = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    return told if "max_tokens" in body else None


def no_forcing(body: dict[str, Any]) -> str | None:
    return "tool_choice of this kind is not supported" if isinstance(body.get("tool_choice"), dict) else None


def first_of(*judges: Judge) -> Judge:
    return lambda body: next(filter(None, (judge(body) for judge in judges)), None)


def refusing(judge: Judge, *, status: int = 400, words: str | None = None, text: str = "48") -> Any:
    def script(body: dict[str, Any]) -> Reply:
        if (reason := judge(body)) is None:
            return Reply(text)
        told = reason if words is None else words
        return Reply(status=status, body=json.dumps({"error": {"message": told}}) if told else "refused")

    return script


def only_streams(body: dict[str, Any]) -> str | None:
    return None if body.get("stream") else "parameter.enable_thinking must be set to false for non-streaming calls"


SERVERS: dict[str, tuple[Any, set[str]]] = {
    "stream_options": (refusing(no_usage, status=422), {"stream_options"}),
    "stream": (refusing(no_stream), {"streaming"}),
    "system": (refusing(no_system), {"system_role"}),
    "system, 500": (refusing(no_system, status=500), {"system_role"}),
    "a system message is out of turn": (refusing(strictly_in_turn), {"system_role"}),
    "without a word": (refusing(first_of(no_usage, no_system), words=""), {"stream_options", "system_role"}),
    "one after the other": (refusing(first_of(no_usage, no_system)), {"stream_options", "system_role"}),
    "an error for an answer": (refusing(no_system, status=200), {"system_role"}),
}


@pytest.mark.parametrize("kind", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.soak), KINDS[2]])
@pytest.mark.parametrize(
    "way",
    [pytest.param(WAYS[0], marks=pytest.mark.soak), WAYS[1], pytest.param(WAYS[2], marks=pytest.mark.soak), WAYS[3]],
)
@pytest.mark.parametrize("server", SERVERS)
async def test_it_is_asked_without_and_remembered(loopback: Loopback, server: str, way: str, kind: str) -> None:
    script, parts = SERVERS[server]
    if server == "an error for an answer" and kind != "lean" and "stream" in way:
        pytest.skip("the openai package reads no JSON in a stream's place")
    loopback.default = script
    make = maker(loopback, kind)
    moas = [create_moa(proposers=[make("a"), make("b")], aggregator=make("agg"), early_stop=None) for _ in range(2)]
    if "stream" not in way:
        parts = parts - {"stream_options", "streaming"}

    first = await ask(moas[0], way)
    loopback.requests.clear()
    second = await ask(moas[1], way)

    for state in (first, second):
        assert state["messages"][-1].text == "48"
        assert (state["run"]["degraded"], state["run"]["calls"]) == (None, 3)
        assert {*state["run"]["aggregators"][-1]["left_out"]} == parts
        assert all({*p["left_out"]} == parts - {"stream_options", "streaming"} for p in state["proposals"])
        assert sum("agg" in note and "its server" in note for note in state["run"]["notes"]) == len(parts)
    assert len(loopback.requests) == 3


@pytest.mark.parametrize("kind", [KINDS[0], pytest.param(KINDS[1], marks=pytest.mark.soak), KINDS[2]])
async def test_a_model_that_only_streams_is_asked_to(loopback: Loopback, kind: str) -> None:
    loopback.default = refusing(only_streams)
    make = maker(loopback, kind)
    moa = create_moa(proposers=[make("a"), make("b")], aggregator=make("agg"), early_stop=None)

    first, second = [await ask(moa, "ainvoke") for _ in range(2)]

    for state in (first, second):
        assert state["messages"][-1].text == "48"
        assert state["run"]["degraded"] is None
        assert all(p["left_out"] == ["unstreamed"] for p in state["proposals"])
    assert len(loopback.requests) == 6 + 3


CONVERSATIONS: dict[str, list[Any]] = {
    "two users": [("user", "I have a question."), ("user", "What is 12 * 4?")],
    "two answers": [("user", "Hello"), ("ai", "Hello."), ("ai", "How are you?"), ("user", "What is 12 * 4?")],
    "its own system message": [("system", "Be brief."), ("user", "What is 12 * 4?")],
    "a system message inside": [("user", "Hi"), ("ai", "Hi"), ("system", "Be brief."), ("user", "What is 12 * 4?")],
    "a developer": [{"role": "developer", "content": "Be brief."}, ("user", "What is 12 * 4?")],
    "answers first": [("ai", "How can I help?"), ("user", "What is 12 * 4?")],
    "tools": [
        ("user", "Look at it"),
        AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1"}]),
        {"role": "tool", "content": "a lamp", "tool_call_id": "1"},
        ("user", "What is 12 * 4?"),
    ],
}


@pytest.mark.parametrize("conversation", CONVERSATIONS)
@pytest.mark.parametrize("judge", [in_turn, strictly_in_turn, first_of(no_system, in_turn)])
@pytest.mark.parametrize("system", ["moa", "debate", "single"])
async def test_a_users_own_roles_are_joined_and_nothing_is_dropped(
    loopback: Loopback, conversation: str, judge: Judge, system: str
) -> None:
    loopback.default = refusing(judge)
    make = maker(loopback, "lean")
    mixtures: dict[str, Any] = {
        "moa": lambda: create_moa(proposers=["a", "b"], aggregator="agg", layers=3, resolve=make, mark_answers=True),
        "debate": lambda: create_debate(proposers=["a", "b"], rounds=3, aggregator="agg", resolve=make),
        "single": lambda: create_single(model="a", resolve=make),
    }

    state = await mixtures[system]().ainvoke({"messages": CONVERSATIONS[conversation]})

    assert state["messages"][-1].text == "48"
    assert state["run"]["degraded"] is None
    accepted = [r for r in loopback.requests if judge(r.body) is None]
    assert accepted
    for message in state["messages"][:-1]:
        assert all(message.text in r.prompt for r in accepted)


@pytest.mark.parametrize("status", [400, 422])
async def test_the_first_refusal_is_told_where_nothing_helps(loopback: Loopback, status: int) -> None:
    refusals = iter(range(100))
    loopback.default = lambda body: Reply(status=status, body=json.dumps({"detail": f"number {next(refusals)}"}))
    loopback.say("ok", "48")
    make = maker(loopback, "lean")
    moa = create_moa(proposers=["ok", "ok"], aggregator=["bad", "ok"], resolve=make, mark_answers=True)

    given: Any = {"messages": [("system", "Be brief."), ("user", "Hi"), ("user", "What is it?")]}
    state = await moa.ainvoke(given)

    assert len(loopback.asked("bad")) == 2
    refused = state["run"]["aggregators"][0]
    assert "number 0" in str(refused["error"])
    assert (refused["status"], refused["left_out"], refused["usd"]) == ("error", [], 0.0)


async def test_no_more_than_two_further_requests_are_made(loopback: Loopback) -> None:
    words = iter(["System role not supported", "roles must alternate", "stream_options is not taken"] * 9)
    loopback.default = lambda body: Reply(status=400, body=json.dumps({"error": {"message": next(words)}}))
    moa = create_single(model="bad", resolve=maker(loopback, "lean"))
    given: Any = {"messages": [("system", "Be brief."), ("user", "Hi"), ("user", "What is it?")]}

    with pytest.raises(Exception, match="System role not supported"):
        await ask(moa, "astream", given)

    assert len(loopback.requests) == 3


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
async def test_what_no_other_form_would_change_is_asked_once(loopback: Loopback, status: int) -> None:
    loopback.default = Reply(status=status)
    loopback.say("ok", "48")
    make = maker(loopback, "lean")

    state = await create_moa(proposers=["ok", "ok"], aggregator=["bad", "ok"], resolve=make).ainvoke(QUESTION)

    assert len(loopback.asked("bad")) == 1
    assert state["messages"][-1].text == "48"


async def test_nothing_of_ours_in_a_request_is_no_reason_to_repeat_it(loopback: Loopback) -> None:
    loopback.default = Reply(status=400, body="Bad Request")

    with pytest.raises(Exception, match="400"):
        await create_single(model="bad", resolve=maker(loopback, "openai")).ainvoke(QUESTION)

    assert len(loopback.requests) == 1


async def test_a_failure_of_another_kind_is_told_as_it_is(loopback: Loopback) -> None:
    def script(body: dict[str, Any]) -> Reply:
        return Reply(status=400, body="Bad Request") if no_system(body) else Reply(status=429)

    loopback.default = script

    with pytest.raises(Exception, match="429"):
        await create_single(model="bad", resolve=maker(loopback, "lean")).ainvoke(BRIEFLY)


async def test_samples_in_one_request_are_asked_without_as_well(loopback: Loopback) -> None:
    loopback.default = refusing(no_system)
    make = maker(loopback, "lean")

    state = await create_self_moa(model="a", samples=3, aggregator="agg", resolve=make).ainvoke(BRIEFLY)

    assert [r.n for r in loopback.asked("a")] == [3, 3]
    assert [(p["status"], p["left_out"]) for p in state["proposals"]] == [("ok", ["system_role"])] * 3


async def test_a_model_without_a_server_is_asked_without(socket_enabled: None) -> None:
    def says(messages: Any) -> str:
        if any(message.type == "system" for message in messages):
            raise ValueError("System role not supported")
        return "48"

    model = ScriptedModel(script=says)
    state = await create_single(model=model).ainvoke(BRIEFLY)

    assert state["messages"][-1].text == "48"


async def test_chains_are_not_asked_again(loopback: Loopback) -> None:
    asked: list[Any] = []

    def chain(messages: Any) -> Any:
        asked.append(messages)
        raise ValueError("System role not supported")

    with pytest.raises(Exception, match="System role"):
        await create_single(model=RunnableLambda(chain)).ainvoke(BRIEFLY)

    assert len(asked) == 1


async def test_a_chat_moa_streams_all_the_same(loopback: Loopback) -> None:
    loopback.default = refusing(first_of(no_usage, no_system))
    chat = ChatMoA(
        create_moa(proposers=["a", "b"], aggregator="agg", resolve=maker(loopback, "lean"), mark_answers=True)
    )

    pieces = [piece.text async for piece in chat.astream("What is 12 * 4?")]

    assert "".join(pieces) == "48"


async def test_time_outs_hold_for_all_requests_together(loopback: Loopback) -> None:
    loopback.default = lambda body: refusing(no_system)(body) if no_system(body) else Reply(broken="hang")
    moa = create_moa(
        proposers=[Proposer("slow", timeout=0.5), "quick"],
        aggregator="offline:words",
        resolve=maker(loopback, "lean"),
        mark_answers=True,
        early_stop=None,
    )
    loopback.say("quick", "48")

    state = await moa.ainvoke(QUESTION)

    assert [p["status"] for p in state["proposals"]] == ["timeout", "ok"]


@pytest.mark.parametrize("kind", ["lean", "openai"])
async def test_a_limit_is_sent_by_the_name_that_is_taken(loopback: Loopback, kind: str) -> None:
    loopback.default = refusing(no_max_tokens)
    make = maker(loopback, kind)
    moa = create_moa(proposers=["a", "b"], aggregator="agg", resolve=make, early_stop=None, max_tokens=70)

    state = await ask(moa, "astream")

    limits = [(r.body.get("max_tokens"), r.body.get("max_completion_tokens")) for r in loopback.requests]
    assert sorted(limits, key=str) == [(70, None)] * 3 + [(None, 70)] * 3
    assert all(p["left_out"] == ["max_tokens"] for p in state["proposals"])
    assert state["run"]["degraded"] is None


class Product(BaseModel):
    """A product."""

    value: int


async def test_a_form_is_asked_for_without_forcing_a_call(loopback: Loopback) -> None:
    def agg(body: dict[str, Any]) -> Reply:
        if told := no_forcing(body):
            return Reply(status=400, body=json.dumps({"error": {"message": told}}))
        return Reply("", tool_calls=[("Product", {"value": 48})])

    loopback.say("agg", agg)
    chat = ChatMoA(create_moa(proposers=["a", "b"], aggregator="agg", resolve=maker(loopback, "lean")))

    for _ in range(2):
        assert await chat.with_structured_output(Product).ainvoke("What is 12 * 4?") == Product(value=48)
    assert len(loopback.asked("agg")) == 3


async def test_a_users_own_tool_choice_is_theirs(loopback: Loopback) -> None:
    loopback.say("agg", refusing(no_forcing))
    chosen: Any = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
    model = maker(loopback, "lean")("agg").bind_tools([chosen], tool_choice="look")

    state = await create_moa(proposers=["a", "b"], aggregator=model, resolve=maker(loopback, "lean")).ainvoke(QUESTION)

    assert len(loopback.asked("agg")) == 1
    assert "tool_choice" in str(state["run"]["degraded"])
