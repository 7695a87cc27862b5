"""What a model can, under whatever it is wrapped in."""

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph_moa import ChatMoA, create_moa, resolve_model
from langgraph_moa.core.models.capabilities import (
    answer_limit_of,
    bound_to,
    chat_model_of,
    endpoint_of,
    is_chat_model,
    is_graph,
    is_one_call,
    knows_tools,
    map_chat_models,
    provider_of,
    takes_choices,
    tool_tokens_of,
    unwrapped,
    without_bound,
    without_streaming,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from tables import each


def test_streaming_is_turned_off_without_touching_the_users_model() -> None:
    model = ScriptedModel(script="x")

    assert chat_model_of(without_streaming(model.bind(stop=["."]))).disable_streaming is True  # type: ignore[union-attr]
    assert model.disable_streaming is False


CHAT: Any = ScriptedModel(name_of_model="m")
SERVED: Any = resolve_model("m", base_url="http://127.0.0.1:9/v1", max_tokens=9)
CHAIN = RunnableLambda(str) | CHAT
GRAPH = create_moa(proposers=["offline:words"], aggregator="offline:words")
KINDS: dict[str, tuple[Any, bool, bool, bool, str | None]] = {
    "a chat model": (CHAT, True, True, False, "offline"),
    "bound": (CHAT.bind(stop=["."]).with_config(tags=["a"]), True, True, False, "offline"),
    "with retries": (CHAT.with_retry(), True, False, False, "offline"),
    "with fallbacks": (CHAT.with_fallbacks([CHAT]), True, False, False, "offline"),
    "of a server": (SERVED, True, True, False, "openai"),
    "a chain": (CHAIN, False, False, False, None),
    "a graph": (GRAPH, False, False, True, None),
    "a graph as a chat model": (ChatMoA(moa=GRAPH), True, False, False, "offline"),
}


@each("case", KINDS)
def test_what_kind_of_model_it_is(case: str) -> None:
    model, chat, one_call, graph, provider = KINDS[case]

    assert (is_chat_model(model), is_one_call(model), is_graph(model)) == (chat, one_call, graph)
    assert provider_of(model) == provider


def test_what_is_bound_further_out_wins_and_can_be_taken_off() -> None:
    model = CHAT.bind(seed=1, stop=["."]).bind(seed=2)

    assert bound_to(model) == {"seed": 2, "stop": ["."]}
    assert bound_to(without_bound(model, {"seed"})) == {"stop": ["."]}
    assert bound_to(model) == {"seed": 2, "stop": ["."]}


def test_every_chat_model_inside_is_changed() -> None:
    model = (RunnableLambda(str) | CHAT.bind(stop=["."])).with_fallbacks([CHAT])

    changed: Any = map_chat_models(model, lambda chat: chat.model_copy(update={"delay": 7.0}))
    chats: list[Any] = [unwrapped(changed.runnable.last), unwrapped(changed.fallbacks[0])]

    assert [chat.delay for chat in chats] == [7.0, 7.0]
    assert CHAT.delay == 0.0


@each(
    ("model", "limit"),
    [
        (CHAT, None),
        (SERVED, 9),
        (SERVED.bind(max_tokens=5), 5),
        (SERVED.bind(n=3), 27),
        (resolve_model("offline:words"), 1000),
        (CHAIN, None),
    ],
)
def test_how_much_a_model_may_answer(model: Any, limit: int | None) -> None:
    assert answer_limit_of(model) == limit


@pytest.mark.parametrize(
    ("model", "takes"), [(SERVED, True), (SERVED.bind(n=2), False), (SERVED.with_retry(), False), (CHAT, False)]
)
def test_who_can_be_asked_for_several_answers_at_once(model: Any, *, takes: bool) -> None:
    assert takes_choices(model) == takes


def test_tools_that_are_bound_are_counted_and_known() -> None:
    bound = CHAT.bind_tools([{"type": "function", "function": {"name": "look", "parameters": {}}}])

    assert tool_tokens_of(bound) > tool_tokens_of(CHAT) == 0
    assert [knows_tools(model) for model in (bound, CHAT, CHAIN)] == [True, False, True]


def test_only_an_openai_compatible_model_has_an_address() -> None:
    assert endpoint_of(SERVED.bind(stop=["."])) == "http://127.0.0.1:9/v1/"
    assert endpoint_of(CHAT) is endpoint_of(CHAIN) is None
