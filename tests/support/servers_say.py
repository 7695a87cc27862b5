"""What servers say, event by event, and the two ways of asking them."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph_moa import resolve_model
from langgraph_moa.core.models.capabilities import Model
from loopback import Loopback
from pydantic import SecretStr
from reading import QUESTION
from running import run

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}


def piece(delta: dict[str, Any] | None = None, reason: str | None = None, **more: Any) -> dict[str, Any]:
    """Return one event of a streamed answer."""
    choice = {"index": 0, "delta": delta or {}, "finish_reason": reason}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more}


def words(*texts: str) -> list[dict[str, Any]]:
    """Return events that say some pieces of text."""
    return [piece({"role": "assistant", "content": text}) for text in texts]


def called(name: str, *arguments: str) -> list[dict[str, Any]]:
    """Return events that call a tool, its arguments in pieces."""
    first = {"index": 0, "id": "c1", "type": "function", "function": {"name": name, "arguments": ""}}
    rest: list[dict[str, Any]] = [
        {"tool_calls": [{"index": 0, "function": {"arguments": written}}]} for written in arguments
    ]
    return [piece({"role": "assistant", "content": None, "tool_calls": [first]}), *map(piece, rest)]


def lean(server: Loopback, name: str, **options: Any) -> Model:
    """Return a model as strings become one."""
    return resolve_model(name, base_url=server.url, **options)


def chat_openai(server: Loopback, name: str, **options: Any) -> Model:
    """Return a model object of LangChain's, as users bring it."""
    return ChatOpenAI(model=name, base_url=server.url, api_key=SecretStr("not-needed"), max_retries=0, **options)


Makes = Callable[..., Model]
_SLOW = pytest.param(chat_openai, marks=pytest.mark.soak)
MODELS = pytest.mark.parametrize("model", [lean, _SLOW], ids=["string", "ChatOpenAI"])
"""Both kinds of models, the second one in `make soak`."""
BOTH = pytest.mark.parametrize("model", [lean, chat_openai], ids=["string", "ChatOpenAI"])
"""The same, each time."""
STREAMED = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])


async def asked(graph: Any, api: str, *, streamed: bool, given: Any = QUESTION) -> Any:
    """Return what a graph comes to, while somebody watches its tokens or nobody does, by one of its two APIs."""
    config: Any = {"recursion_limit": 40}
    if not streamed:
        return await run(graph, api, given, config)
    modes = ["values", "messages"]
    if api == "async":
        return [part async for mode, part in graph.astream(given, config, stream_mode=modes) if mode == "values"][-1]
    parts = await asyncio.to_thread(lambda: list(graph.stream(given, config, stream_mode=modes)))
    return [part for mode, part in parts if mode == "values"][-1]


def by_name(server: Loopback, model: Makes) -> Callable[..., Model]:
    """Return what makes models of names, all of them on this server."""
    return lambda name, **options: model(server, name, **options)
