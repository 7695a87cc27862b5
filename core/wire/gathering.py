"""Pieces of a streamed answer, gathered: who adds them up takes time and memory for each, and copies what was before.

LangChain keeps a chunk of 2 kB for each piece, and joins thinking, and arguments of calls, by copying all of it each
time. So a short answer is handed on as it comes, and of a long one, pieces that grow with it.
"""

from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from .sizes import MOST_BYTES, too_large

_FINE, _COARSE, _LONG = 1024, 32, 2**18
"""Into how many parts what was said so far is cut: up to a length, and beyond it."""


class Gathered:
    """Hold what an answer says until it is long enough to be handed on."""

    def __init__(self, most: int = MOST_BYTES) -> None:
        """Say how many bytes the answer may have."""
        self._most = most
        self._bytes = self._waiting = 0
        self._content: list[str] = []
        self._texts: dict[str, list[str]] = {}
        self._beside: list[AIMessageChunk] = []
        self._calls: dict[int | None, ToolCallChunk] = {}
        self._arguments: dict[int | None, list[str]] = {}
        self._logprobs: list[Mapping[str, Any]] = []

    def add(self, added: Mapping[str, Any], logprobs: object, size: int) -> ChatGenerationChunk | None:
        """Take what an event adds; return what is to be handed on now.

        Args:
            added: Fields of a message.
            logprobs: What stands beside them.
            size: The event's bytes, which count where more stands in it than texts and calls.

        Raises:
            UnreadableAnswer: The answer is longer than it may be.
        """
        texts = [added.get("content", ""), *self._aside(added)]
        for call in added.get("tool_call_chunks", ()):
            texts += filter(None, (call["name"], call["id"], call["args"]))
            self._join(call)
        if self._content_of(added, logprobs):
            texts = [" " * size]
        count = 1 + sum(len(text) if text.isascii() else len(text.encode()) for text in texts)
        self._bytes += count
        self._waiting += count
        if self._bytes > self._most:
            raise too_large(f"more than {self._most:,} bytes of text, thinking and calls")
        parts = _FINE if self._bytes < _LONG else _COARSE
        return self.taken() if self._waiting >= self._bytes // parts else None

    def taken(self) -> ChatGenerationChunk | None:
        """Return all that waits, as one piece; None where nothing does."""
        if not self._waiting:
            return None
        calls = [
            tool_call_chunk(name=call["name"], id=call["id"], index=index, args="".join(args) if args else None)
            for index, call in self._calls.items()
            for args in (self._arguments.get(index),)
        ]
        texts = {name: "".join(pieces) for name, pieces in self._texts.items()}
        message = AIMessageChunk(content="".join(self._content), additional_kwargs=texts, tool_call_chunks=calls)
        if self._beside:
            message = add_ai_message_chunks(message, *self._beside)
        info = {"logprobs": _joined(self._logprobs)} if self._logprobs else None
        self._waiting = 0
        for gathered in (self._content, self._texts, self._beside, self._calls, self._arguments, self._logprobs):
            gathered.clear()
        return ChatGenerationChunk(message=message, generation_info=info)

    def _aside(self, added: Mapping[str, Any]) -> list[str]:
        """Take the texts beside the answer's own."""
        aside = {name: text for name, text in added.get("additional_kwargs", {}).items() if isinstance(text, str)}
        for name, text in aside.items():
            self._texts.setdefault(name, []).append(text)
        return list(aside.values())

    def _content_of(self, added: Mapping[str, Any], logprobs: object) -> bool:
        """Take the text, and what is none; tell whether there is such."""
        self._content.append(added.get("content", ""))
        others = {name: part for name, part in added.get("additional_kwargs", {}).items() if isinstance(part, dict)}
        if others:
            self._beside.append(AIMessageChunk(content="", additional_kwargs=others))
        if isinstance(logprobs, dict):
            self._logprobs.append(logprobs)
        return bool(others or logprobs)

    def _join(self, piece: ToolCallChunk) -> None:
        """Take a piece of a call; its name and its id come once."""
        index = piece["index"]
        call = self._calls.setdefault(index, tool_call_chunk(index=index))
        call["name"], call["id"] = call["name"] or piece["name"], call["id"] or piece["id"]
        if piece["args"]:
            self._arguments.setdefault(index, []).append(piece["args"])


def _joined(parts: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what stands beside several pieces, as if it stood beside one: lists are parts of one list."""
    joined: dict[str, Any] = {}
    for name, value in (item for part in parts for item in part.items()):
        if isinstance(value, list) and isinstance(joined.get(name), list):
            joined[name] += value
        else:
            joined[name] = [*value] if isinstance(value, list) else value
    return joined
