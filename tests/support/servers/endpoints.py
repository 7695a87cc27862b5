"""Mixtures behind one URL, in the test's own loop, over models of a loopback server."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession
from langgraph_moa import ChatMoA, create_moa
from langgraph_moa.apps.serve.callers import Caller, Callers
from langgraph_moa.apps.serve.endpoint import Endpoint, Manners
from langgraph_moa.apps.serve.listener import listening
from loopback import Loopback, Reply
from openai import AsyncOpenAI

HI: Any = [{"role": "user", "content": "Which one is it?"}]
ANYONE = Callers([Caller("anyone")])
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tell the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@dataclass
class Running:
    """Hold what is served, its clients, and what its log says."""

    endpoint: Endpoint
    url: str
    log: list[str] = field(default_factory=list)

    def client(self, key: str = "none", **options: Any) -> AsyncOpenAI:
        return AsyncOpenAI(base_url=self.url, api_key=key, **{"max_retries": 0, **options})

    async def post(self, body: Any, path: str = "/chat/completions", **headers: str) -> tuple[int, Any, dict[str, str]]:
        """Send what no client would; a body that is no bytes is sent as JSON."""
        given = {"data": body} if isinstance(body, bytes) else {"json": body}
        sent = {"Content-Type": "application/json", **{name.replace("_", "-"): h for name, h in headers.items()}}
        async with ClientSession() as session, session.post(self.url + path, headers=sent, **given) as answer:
            return answer.status, await answer.json(), dict(answer.headers)


def two_and_one(server: Loopback, **options: Any) -> ChatMoA:
    """Return a mixture of two proposers and one who writes."""
    given = {"proposers": ["a", "b"], "aggregator": "c", "early_stop": None, **options}
    return ChatMoA(create_moa(resolve=server.resolve, **given))


def says(server: Loopback, text: str = "the answer of c", **reply: Any) -> None:
    server.say("a", "proposal of a")
    server.say("b", "proposal of b")
    server.say("c", Reply(text, **reply))


@asynccontextmanager
async def running(
    models: dict[str, ChatMoA] | ChatMoA, *, callers: Callers = ANYONE, host: str = "127.0.0.1", **manners: Any
) -> AsyncIterator[Running]:
    log: list[str] = []
    named = models if isinstance(models, dict) else {"moa": models}
    endpoint = Endpoint(named, callers, Manners(**manners), log.append)
    async with listening(endpoint.app(), host, 0, log.append, shutdown_s=0.1) as port:
        try:
            yield Running(endpoint, f"http://{host}:{port}/v1", log)
        finally:
            await endpoint.drain(0)


async def streamed(client: AsyncOpenAI, **body: Any) -> list[Any]:
    stream = await client.chat.completions.create(**{"model": "moa", "messages": HI, "stream": True, **body})
    return [chunk async for chunk in stream]


def text_of(chunks: Sequence[Any]) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


async def until(condition: Callable[[], bool]) -> None:
    """Let others work until something holds."""
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0)


async def asked(server: Loopback, number: int) -> None:
    """Wait until models were asked so often."""
    await asyncio.to_thread(server.wait_until, lambda: len(server.requests) >= number)
