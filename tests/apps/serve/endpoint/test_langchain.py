"""LangChain's ChatOpenAI before the endpoint: a mixture over HTTP, in agents and for objects."""

from typing import Any, Literal

import pytest
from endpoints import asked, running, says, two_and_one
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from loopback import Loopback, Reply
from openai import APIError, NotFoundError
from pydantic import BaseModel, SecretStr


class City(BaseModel):
    """Name a city."""

    name: str


def over(url: str, **options: Any) -> ChatOpenAI:
    given = {"model": "moa", "max_retries": 0, "stream_usage": True, "use_responses_api": False, **options}
    return ChatOpenAI(base_url=url, api_key=SecretStr("none"), **given)


async def test_text_streams_with_the_usage_of_all_calls(loopback: Loopback) -> None:
    says(loopback)
    async with running(two_and_one(loopback)) as served:
        message = await over(served.url).ainvoke("Which one?")
        chunks = [chunk async for chunk in over(served.url).astream("Which one?")]

    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert message.text == whole.text == "the answer of c"
    assert message.usage_metadata
    assert whole.usage_metadata
    assert message.usage_metadata["total_tokens"] == loopback.tokens_billed // 2
    assert whole.usage_metadata["total_tokens"] == loopback.tokens_billed // 2


def station(body: dict[str, Any]) -> Reply:
    results = [message for message in body["messages"] if message["role"] == "tool"]
    return (
        Reply(f"It is {results[-1]['content']}.") if results else Reply("", tool_calls=[("weather", {"city": "Rom"})])
    )


async def test_an_agent_asks_the_panel_once(loopback: Loopback) -> None:
    says(loopback)
    loopback.say("c", station)

    def weather(city: str) -> str:
        """Tell the weather of a city."""
        return f"sunny in {city}"

    async with running(two_and_one(loopback)) as served:
        agent = create_agent(over(served.url), tools=[weather])
        result: Any = await agent.ainvoke({"messages": [{"role": "user", "content": "How is it in Rome?"}]})

    assert result["messages"][-1].text == "It is sunny in Rom."
    assert [request.model for request in loopback.requests] == ["a", "b", "c", "c"]


def in_form(body: dict[str, Any]) -> Reply:
    """Answer by a call where that is asked for, and in text where it is not."""
    tools = body.get("tools")
    return (
        Reply("", tool_calls=[(tools[0]["function"]["name"], {"name": "Rom"})]) if tools else Reply('{"name": "Rom"}')
    )


@pytest.mark.parametrize("method", ["json_schema", "function_calling", "json_mode"])
async def test_an_answer_is_an_object(
    loopback: Loopback, method: Literal["json_schema", "function_calling", "json_mode"]
) -> None:
    says(loopback)
    loopback.say("c", in_form)
    async with running(two_and_one(loopback)) as served:
        city = await over(served.url).with_structured_output(City, method=method).ainvoke("Which city, as JSON?")

    assert city == City(name="Rom")


async def test_the_responses_api_is_not_there_and_says_what_to_do(loopback: Loopback) -> None:
    async with running(two_and_one(loopback)) as served:
        with pytest.raises(NotFoundError, match="use_responses_api=False"):
            await over(served.url, use_responses_api=True).ainvoke("Which one?")


async def test_errors_are_openais(loopback: Loopback) -> None:
    loopback.default = Reply(status=401)
    async with running(two_and_one(loopback)) as served:
        with pytest.raises(APIError, match="0 of 2 proposals were usable"):
            await over(served.url).ainvoke("Which one?")


async def test_who_stops_reading_closes_the_requests(loopback: Loopback) -> None:
    says(loopback, "word " * 5000, chunk_delay=0.01)
    async with running(two_and_one(loopback)) as served:
        stream = over(served.url).astream("Which one?")
        async for _ in stream:
            break
        await asked(loopback, 3)
        await stream.aclose()  # type: ignore[attr-defined]
        assert await loopback.asked("c")[0].closed()
