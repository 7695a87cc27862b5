"""What a real server does that scripted ones do not: slots, windows, grammars, templates, and its death."""

import json
from functools import partial
from typing import Any, Literal

import pytest
from langchain_core.messages import AIMessageChunk
from langgraph_moa import (
    AllProposersFailed,
    ChatMoA,
    EarlyStop,
    Proposer,
    Quorum,
    create_debate,
    create_moa,
    resolve_model,
)
from langgraph_moa.core.models.labels import model_label
from langgraph_moa.core.run.records import USABLE
from llama import Llama, serving
from pydantic import BaseModel

QUESTION: Any = {"messages": [("user", "Which colour has grass?")]}
SHORT: Any = {"max_tokens": 8, "temperature": 0.0}
ALTERNATING = """{%- set turns = messages[1:] if messages[0].role == 'system' else messages -%}
{%- for turn in turns -%}
{%- if turn.role != ['user', 'assistant'][loop.index0 % 2] -%}
{{ raise_exception('user and assistant must take turns, and a system message comes first') }}
{%- endif -%}
{%- endfor -%}
{%- for turn in messages -%}
{{ '<|im_start|>' + turn.role + '\n' + turn.content + '<|im_end|>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}"""


def at(llama: Llama) -> Any:
    return partial(resolve_model, base_url=llama.url)


def endless(model: str, *, llama: Llama, **options: Any) -> Any:
    """Return a model that never comes to an end of its own."""
    chat: Any = resolve_model(model, base_url=llama.url, **options)
    return chat.model_copy(update={"extra_body": {"ignore_eos": True}})


def test_samples_above_the_slots_all_answer(server: Llama) -> None:
    moa = create_moa(proposers=[Proposer("real", samples=3)], aggregator="offline:words", resolve=at(server), **SHORT)

    state = moa.invoke(QUESTION)

    assert [(p["sample"], p["status"] in USABLE) for p in state["proposals"]] == [(1, True), (2, True), (3, True)]
    assert all(p["text"] and p["served_model"] == "real" for p in state["proposals"])


def test_samples_within_the_slots_are_one_request(server: Llama) -> None:
    before = len(server.logged("launch_slot_.*is_child = 1"))
    moa = create_moa(proposers=[Proposer("real", samples=2)], aggregator="offline:words", resolve=at(server), **SHORT)

    state = moa.invoke(QUESTION)

    assert [p["status"] in USABLE for p in state["proposals"]] == [True, True]
    assert len(server.logged("launch_slot_.*is_child = 1")) == before + 1


class Colour(BaseModel):
    """A colour."""

    name: Literal["red", "green", "blue"]
    bright: bool


async def test_an_object_comes_of_a_grammar(server: Llama) -> None:
    moa = create_moa(proposers=["offline:words"], aggregator="real", resolve=at(server), max_tokens=40, temperature=0)

    found = await ChatMoA(moa).with_structured_output(Colour, method="json_schema").ainvoke("Which colour has grass?")

    assert isinstance(found, Colour)


def test_a_prompt_beyond_the_window_says_how_much_it_holds(server: Llama) -> None:
    long: Any = {"messages": [("user", "Tell a long story. " * 500)]}
    moa = create_moa(proposers=["real"], aggregator="offline:words", resolve=at(server), **SHORT)

    with pytest.raises(AllProposersFailed, match="2,048") as failed:
        moa.invoke(long)

    assert failed.value.failures[0]["status"] in ("error", "skipped")


async def test_a_straggler_that_a_quorum_cuts_is_cancelled_on_the_server(server: Llama) -> None:
    before = len(server.logged("cancel task"))
    straggler = Proposer("real", name="straggler", max_tokens=900)
    moa = create_moa(
        proposers=[Proposer("real", max_tokens=1), straggler],
        aggregator=resolve_model("offline:words"),
        quorum=Quorum(1),
        resolve=partial(endless, llama=server),
    )

    state = await moa.ainvoke(QUESTION)

    assert [p["status"] for p in state["proposals"]] == ["truncated", "cancelled"]
    server.wait_until(lambda: len(server.logged("cancel task")) > before)
    server.wait_until(lambda: len(server.logged("release")) >= len(server.logged("launch_slot_")))


async def test_a_server_that_is_killed_in_mid_stream_costs_no_answer(weights: Any) -> None:
    with serving(weights, slots=1) as llama:
        moa = create_moa(proposers=["offline:words"], aggregator=endless("real", llama=llama))
        tokens: list[str] = []
        state: Any = {}
        part: Any
        async for mode, part in moa.astream(QUESTION, stream_mode=["messages", "values"]):
            if mode == "values":
                state = part
            elif isinstance(part[0], AIMessageChunk) and part[0].text:
                tokens.append(part[0].text)
                llama.process.kill()

    assert tokens
    assert state["messages"][-1].text == state["proposals"][0]["text"]
    assert "aggregator" in str(state["run"]["degraded"])


@pytest.mark.parametrize("layers", [2, 3])
def test_a_template_that_wants_turns_gets_them(weights: Any, layers: int) -> None:
    with serving(weights, template=ALTERNATING) as llama:
        moa = create_moa(proposers=["real", "real"], aggregator="real", layers=layers, resolve=at(llama), **SHORT)
        first = moa.invoke(QUESTION)
        more: Any = {"messages": [*first["messages"], ("user", "And the sky?")]}
        state = moa.invoke(more)

    assert [p["status"] in USABLE for p in state["proposals"]] == [True] * 2 * (layers - 1), state["proposals"]
    assert state["run"]["aggregators"][-1]["status"] in USABLE
    assert state["messages"][-1].text


NO_SYSTEM = (
    "{%- if messages[0].role == 'system' -%}{{ raise_exception('this model takes no system role') }}{%- endif -%}"
    + ALTERNATING
)
HISTORY: Any = [("system", "Be brief."), ("user", "Hello."), ("user", "Which colour has grass?")]


@pytest.mark.parametrize("template", [ALTERNATING, NO_SYSTEM], ids=["in turn", "no system role"])
def test_a_template_that_refuses_roles_gets_what_it_takes(weights: Any, template: str) -> None:
    """Be refused for the user's own roles; llama.cpp puts system messages into the user's by itself."""
    with serving(weights, template=template) as llama:
        options: Any = {"resolve": at(llama), **SHORT}
        moa = create_moa(proposers=["real", "real"], aggregator="real", layers=3, early_stop=EarlyStop(), **options)
        debate = create_debate(proposers=["real", "real"], rounds=3, aggregator="real", **options)
        states = [mixture.invoke({"messages": HISTORY}) for mixture in (moa, debate)]

    for state in states:
        assert [p["status"] in USABLE for p in state["proposals"]] == [True] * len(state["proposals"])
        assert all("repeated_roles" in p["left_out"] for p in state["proposals"])
        assert state["run"]["aggregators"][-1]["status"] in USABLE
        assert any("user and assistant in turn" in note for note in state["run"]["notes"])


async def test_two_servers_are_one_mixture(server: Llama, spec: str) -> None:
    def resolve(model: str, **options: Any) -> Any:
        return resolve_model(model, base_url=None if model == spec else server.url, **options)

    moa = create_moa(proposers=[spec, "real"], aggregator=spec, resolve=resolve, **SHORT)

    state = await moa.ainvoke(QUESTION)

    assert [p["served_model"] for p in state["proposals"]] == [model_label(spec).partition(":")[2], "real"]
    assert all(p["status"] in USABLE for p in state["proposals"])
    json.dumps(state["run"])
