"""A chat model that says what somebody else writes: several calls are streamed as one message."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from langchain_core.callbacks import AsyncCallbackHandler, AsyncCallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import ConfigDict, Field

Pieces = asyncio.Queue[str | None]
"""Pieces of a text; None is its end."""


class Speaking(BaseChatModel):
    """Say the pieces as they come: LangGraph streams what a chat model says, and nothing that a node puts together."""

    pieces: Pieces = Field(exclude=True)
    cache: Any = False
    """Never LangChain's: all of them would be asked the same."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    @property
    def _llm_type(self) -> str:
        return "langgraph-moa-sections"

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        while (piece := await self.pieces.get()) is not None:
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                await run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
        yield ChatGenerationChunk(message=AIMessageChunk(content="", chunk_position="last"))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        text = ""
        while (piece := await self.pieces.get()) is not None:
            text += piece
        return ChatResult(generations=[ChatGeneration(message=AIMessage(text))])

    def _generate(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError("what is said comes from an event loop, expected `ainvoke`; there is no other way")


class Overhearing(AsyncCallbackHandler):
    """Hand on what a model says, piece by piece, with the run that says it."""

    run_inline = True

    def __init__(self, hand_on: Any) -> None:
        self._hand_on = hand_on

    async def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: Any = None, **kwargs: Any) -> None:
        """Take a piece."""
        message = getattr(chunk, "message", None)
        if message is not None and message.text:
            self._hand_on(run_id, message.text)
