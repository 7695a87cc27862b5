"""The chat model is one of LangChain's: whoever listens hears it, and nothing is done for those who do not."""

import asyncio
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import AsyncCallbackHandler, get_usage_metadata_callback
from langchain_core.globals import set_llm_cache
from langchain_core.messages import HumanMessage
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.runnables import RunnableLambda
from langgraph_moa import ConfigError, resolve_model
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.wire.chat import ChatCompletions
from langgraph_moa.core.wire.refusals import ServerError, UnreadableAnswer
from loopback import Loopback, Reply
from pydantic import BaseModel, SecretStr

CONVERSATION: Any = [HumanMessage("Hi")]
KEY = "tiger-burning-bright-1"


class Listener(AsyncCallbackHandler):
    """Note what is heard."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
        self.heard.append("start")

    async def on_llm_new_token(self, token: Any, **kwargs: Any) -> None:
        self.heard.append(token)

    async def on_llm_end(self, *args: Any, **kwargs: Any) -> None:
        self.heard.append("end")

    async def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        self.heard.append(type(error).__name__)


def chat_at(server: Loopback, **options: Any) -> ChatCompletions:
    return ChatCompletions(model="m", base_url=server.url, api_key=SecretStr(KEY), **options)


async def test_who_listens_hears_a_call(loopback: Loopback) -> None:
    for options in ({"config": {"callbacks": [listener := Listener()]}}, {}):
        chat = chat_at(loopback) if options else chat_at(loopback, callbacks=[listener := Listener()])
        await chat.ainvoke(CONVERSATION, **options)  # type: ignore[arg-type]
        assert listener.heard == ["start", "end"]


async def test_who_listens_hears_a_failure(loopback: Loopback) -> None:
    loopback.say("m", Reply(status=400))
    listener = Listener()

    with pytest.raises(ServerError):
        await chat_at(loopback).ainvoke(CONVERSATION, {"callbacks": [listener]})

    assert listener.heard == ["start", "_InvalidRequest"]


async def test_usage_is_counted_where_somebody_counts_it_in_a_function_of_ones_own(loopback: Loopback) -> None:
    """A callback that is set where a run is under way is heard as well, and not only those that it began with."""
    chat = chat_at(loopback)

    async def work(conversation: Any) -> Any:
        with get_usage_metadata_callback() as counted:
            await chat.ainvoke(conversation)
        return counted.usage_metadata

    assert (await RunnableLambda(work).ainvoke(CONVERSATION))["m"]["total_tokens"] > 0


async def test_who_listens_around_hears_a_call_inside(loopback: Loopback) -> None:
    chat, listener = chat_at(loopback), Listener()

    async def work(conversation: Any) -> Any:
        return await chat.ainvoke(conversation)

    await RunnableLambda(work).ainvoke(CONVERSATION, {"callbacks": [listener]})

    assert listener.heard == ["start", "end"]


@pytest.fixture
def cache() -> Iterator[InMemoryCache]:
    kept = InMemoryCache()
    set_llm_cache(kept)
    yield kept
    set_llm_cache(None)


async def test_langchains_cache_and_limits_hold(loopback: Loopback, cache: InMemoryCache) -> None:
    answers = [await chat_at(loopback).ainvoke(CONVERSATION) for _ in range(2)]

    assert answers[0].text == answers[1].text
    assert len(loopback.requests) == 1
    set_llm_cache(None)
    limiter = InMemoryRateLimiter(requests_per_second=1000)
    await chat_at(loopback, rate_limiter=limiter).ainvoke(CONVERSATION)
    assert limiter.available_tokens < limiter.max_bucket_size or limiter.last is not None


@pytest.mark.parametrize("given", ["Hi", CONVERSATION, [("user", "Hi")]])
async def test_an_answer_has_an_id_and_says_who_gave_it(loopback: Loopback, given: Any) -> None:
    loopback.say("m", Reply("Hello", served="served"))

    answer = await chat_at(loopback).ainvoke(given)

    assert answer.id
    assert (answer.text, answer.response_metadata["model_name"]) == ("Hello", "served")
    assert answer.usage_metadata


def test_the_sync_side_is_the_same(loopback: Loopback) -> None:
    chat = chat_at(loopback)

    assert chat.invoke("Hi").text == "answer of m"
    chunks = list(chat.stream("Hi"))
    assert "".join(chunk.text for chunk in chunks) == "answer of m"
    assert chunks[-1].chunk_position == "last"


def test_a_stream_that_is_left_is_closed(loopback: Loopback) -> None:
    loopback.say("m", Reply("one two three", chunk_delay=0.05))
    stream: Any = chat_at(loopback).stream("Hi")

    next(stream)
    stream.close()

    assert loopback.requests[0].closed_early.wait(60)


async def test_a_stream_that_is_left_is_closed_without_blocking(loopback: Loopback) -> None:
    loopback.say("m", Reply("one two three", chunk_delay=0.05))
    stream: Any = chat_at(loopback).astream("Hi")

    await anext(stream)
    await stream.aclose()

    assert await loopback.requests[0].closed()


async def test_a_stream_is_over_when_its_server_says_so(loopback: Loopback) -> None:
    """Some keep the connection open after that; where it comes to its end, it is used again."""
    loopback.say("m", Reply("one two", broken="open_after_the_end"))

    assert (await chat_at(loopback).ainvoke(CONVERSATION, stream=True)).text == "one two"
    assert await loopback.requests[0].closed()

    loopback.say("m", Reply("one two"))
    for _ in range(3):
        await chat_at(loopback).ainvoke(CONVERSATION, stream=True)
    assert len(loopback.ports) == 2


async def test_choices_are_all_there(loopback: Loopback) -> None:
    loopback.say("m", Reply("a", choices=[Reply("a"), Reply("b")]))

    result = await chat_at(loopback, n=2).agenerate([CONVERSATION])

    assert [choice.text for choice in result.generations[0]] == ["a", "b"]


@pytest.mark.parametrize(("limit_name", "way"), [("max_completion_tokens", "response_format"), ("max_tokens", "tools")])
async def test_a_form_is_asked_for_as_its_server_knows_it(loopback: Loopback, limit_name: Any, way: str) -> None:
    class Person(BaseModel):
        """Somebody."""

        name: str

    loopback.say("m", Reply('{"name": "Ann"}', tool_calls=[] if way != "tools" else [("Person", {"name": "Ann"})]))

    person = await chat_at(loopback, limit_name=limit_name, max_tokens=9).with_structured_output(Person).ainvoke("Who?")

    assert person == Person(name="Ann")
    assert way in loopback.requests[0].body
    assert loopback.requests[0].body[limit_name] == 9


def test_what_takes_tools_elsewhere_is_asked_there() -> None:
    other = ScriptedModel(script="from elsewhere")
    chat = ChatCompletions(model="m", base_url="http://127.0.0.1:9/v1", with_tools=lambda: other)

    assert chat.bind_tools([]).invoke("Hi").text == "from elsewhere"


def test_key_and_headers_are_never_shown() -> None:
    chat = resolve_model("m", base_url="http://127.0.0.1:9/v1", headers={"X-Token": "forests-of-the-night-2"})
    assert isinstance(chat, ChatCompletions)
    chat = chat.model_copy(update={"api_key": SecretStr(KEY)})

    shown = f"{chat!r} {chat} {chat.model_dump()} {chat.asdict()} {chat.model_dump_json()}"

    assert KEY not in shown
    assert "forests" not in shown
    assert chat.address.headers == (("X-Token", "forests-of-the-night-2"),)


def test_a_model_goes_from_process_to_process(loopback: Loopback) -> None:
    copy = pickle.loads(pickle.dumps(chat_at(loopback)))

    assert copy.invoke("Hi").text == "answer of m"
    assert loopback.requests[0].headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ("<html>log in</html>", "a web page"),
        ('{"error": {"message": "overloaded"}}', "overloaded"),
        ("", "no JSON|breaks off"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_what_is_no_answer_is_told(loopback: Loopback, body: str, sentence: str, *, stream: bool) -> None:
    loopback.say("m", Reply(body=body or " "))

    with pytest.raises(UnreadableAnswer, match=sentence):
        await chat_at(loopback).ainvoke(CONVERSATION, stream=stream)


async def test_many_at_once_are_asked_at_once(loopback: Loopback) -> None:
    loopback.say("m", Reply("x", delay=0.2))

    answers = await asyncio.gather(*(chat_at(loopback).ainvoke(CONVERSATION) for _ in range(50)))

    assert len(answers) == len(loopback.ports) == 50


async def test_what_is_bound_as_for_the_openai_package_is_no_field_of_the_request(loopback: Loopback) -> None:
    bound = chat_at(loopback).bind(timeout=30, extra_headers={"X-Team": "red"}, stream_usage=True)

    await bound.ainvoke(CONVERSATION)

    assert loopback.requests[0].headers["X-Team"] == "red"
    assert loopback.requests[0].body.keys() == {"model", "messages"}


def test_models_that_say_more_to_their_server_are_not_one_to_a_cache() -> None:
    one, other = (
        ChatCompletions(model="m", base_url="http://127.0.0.1:9/v1", extra_body={"top_k": top_k}) for top_k in (1, 99)
    )

    assert one._get_llm_string() != other._get_llm_string()


def test_what_takes_its_place_has_what_it_was_told() -> None:
    other = ChatCompletions(model="other", base_url="http://127.0.0.1:9/v1")
    limiter = InMemoryRateLimiter(requests_per_second=1)
    chat = ChatCompletions(
        model="m", base_url="http://127.0.0.1:9/v1", with_tools=lambda: other, rate_limiter=limiter, max_tokens=5
    )

    bound: Any = chat.bind_tools([])

    assert (bound.bound.model_name, bound.bound.rate_limiter, bound.bound.max_tokens) == ("other", limiter, 5)


def test_a_way_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ConfigError, match="found method='json'"):
        ChatCompletions(model="m", base_url="http://127.0.0.1:9/v1").with_structured_output(dict, method="json")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "is_asked_for"), [({}, True), ({"stream_usage": True}, True), ({"stream_usage": False}, False)]
)
async def test_usage_of_a_stream_is_asked_for_unless_somebody_says_not_to(
    loopback: Loopback, given: dict[str, Any], is_asked_for: bool
) -> None:
    pieces = [piece async for piece in chat_at(loopback).bind(**given).astream("a question")]

    assert "".join(piece.text for piece in pieces)
    assert ("stream_options" in loopback.requests[0].body) == is_asked_for
