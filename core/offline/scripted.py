"""A chat model that plays a script: for tests, and for showing what fails."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr

from .tools import offer_tools

ScriptLine = str | AIMessage | Exception | Callable[[list[BaseMessage]], "str | AIMessage"]
"""One answer: a text, a whole message, an exception to raise, or a function of the messages."""


@dataclass
class _Record:
    """Hold what was asked, which is no part of who is asked."""

    conversations: list[list[BaseMessage]] = field(default_factory=list, repr=False)
    options: list[dict[str, Any]] = field(default_factory=list, repr=False)


class ScriptedModel(BaseChatModel):
    """Play given answers, delays and failures, and record what was asked.

    ScriptedModel(script="always this")
    ScriptedModel(script=["first", TimeoutError("then this"), lambda messages: messages[-1].text])
    """

    script: Any = ""
    """One line, said every time, or a sequence of lines, each said once."""
    name_of_model: str = "scripted"
    delay: float = 0.0
    """Seconds before each answer."""
    _record: _Record = PrivateAttr(default_factory=_Record)

    @property
    def model_name(self) -> str:
        """Name the model for reports."""
        return self.name_of_model

    @property
    def asked(self) -> list[list[BaseMessage]]:
        """Return the messages of every call so far, in order."""
        return self._record.conversations

    @property
    def told(self) -> list[dict[str, Any]]:
        """Return what every call so far was given beside its messages, such as tools, in order."""
        return self._record.options

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def assert_complete(self) -> None:
        """Complain about lines of the script that were never asked for."""
        rest = len(self.script) - len(self._record.conversations) if self._is_sequence() else 0
        if rest > 0:
            raise AssertionError(f"{rest} of {len(self.script)} lines of {self.model_name}'s script were not asked for")

    bind_tools = offer_tools

    def _is_sequence(self) -> bool:
        return isinstance(self.script, Sequence) and not isinstance(self.script, str)

    def _play(self, messages: list[BaseMessage], options: dict[str, Any]) -> AIMessage:
        self._record.options.append(options)
        return self._next(messages)

    def _next(self, messages: list[BaseMessage]) -> AIMessage:
        self._record.conversations.append(messages)
        if self._is_sequence() and len(self._record.conversations) > len(self.script):
            times = len(self._record.conversations)
            raise AssertionError(f"{self.model_name} was asked {times} times, its script has {len(self.script)} lines")
        line = self.script[len(self._record.conversations) - 1] if self._is_sequence() else self.script
        if isinstance(line, Exception):
            raise line
        reply = line(messages) if callable(line) else line
        if isinstance(reply, AIMessage):
            return reply.model_copy(update={"id": None})
        read, written = sum(len(m.text.split()) for m in messages), len(reply.split())
        return AIMessage(
            reply,
            usage_metadata=UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written),
            response_metadata={"model_name": self.model_name, "model_provider": "offline", "finish_reason": "stop"},
        )

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        time.sleep(self.delay)
        return ChatResult(generations=[ChatGeneration(message=self._play(messages, kwargs))])

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        await asyncio.sleep(self.delay)
        return ChatResult(generations=[ChatGeneration(message=self._play(messages, kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        time.sleep(self.delay)
        for chunk in _chunks(self._play(messages, kwargs)):
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        await asyncio.sleep(self.delay)
        for chunk in _chunks(self._play(messages, kwargs)):
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


def _chunks(message: AIMessage) -> Iterator[ChatGenerationChunk]:
    whole = message.content
    pieces = re.findall(r"\s*\S+|\s+$", whole) if isinstance(whole, str) else [[block] for block in whole]
    for piece in pieces:
        yield ChatGenerationChunk(message=AIMessageChunk(content=piece))
    calls = [(call["name"], json.dumps(call["args"]), call["id"]) for call in message.tool_calls]
    calls += [(call["name"] or "", call["args"] or "", call["id"]) for call in message.invalid_tool_calls]
    for index, (name, args, id_) in enumerate(calls):
        part = tool_call_chunk(name=name, args=args, id=id_, index=index)
        yield ChatGenerationChunk(message=AIMessageChunk(content=whole[:0], tool_call_chunks=[part]))
    last = AIMessageChunk(
        content=whole[:0],
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
        additional_kwargs=message.additional_kwargs,
        chunk_position="last",
    )
    yield ChatGenerationChunk(message=last)
