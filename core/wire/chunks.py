"""A streamed answer, read as it comes: what is told once, or told again and again, is handed on once, at its end.

LangChain adds chunks up: names of tools, finish reasons and usage that a server repeats would be joined and doubled.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from ..run.usage import StreamedUsage
from ..text import plain
from .events import Events
from .parsing import read_json, without_halves, write_json
from .refusals import ServerError, UnreadableAnswer, check_answer, check_first
from .replies import (
    answers_of,
    aside_of,
    beside_text,
    choices_of,
    content_text,
    facts_of,
    figures_of,
    priced_as,
    word_of,
)

STREAM_END = b"[DONE]"
_NO_REASON = {"", "null", "none"}
"""What some servers send as the reason of an end that has not come."""


class StreamedAnswer:
    """Make chunks of a server's events, and the last one of all that it told beside the text."""

    def __init__(self, *, provider: str, model: str, secrets: Iterable[str]) -> None:
        self._provider, self._model, self._secrets = provider, model, list(secrets)
        self._facts: dict[str, Any] = {}
        self._usage = StreamedUsage()
        self._reasons: dict[str, None] = {}
        """Why it ended, in the order in which that was told: several times, or otherwise the second time."""
        self.is_done = False
        """Whether the server has said so."""
        self._has_begun = False
        """Whether anything was said."""
        self._halves: dict[str | int, str] = {}
        """First halves of characters of which the next piece holds the other, by the kind of text or call's number."""
        self._calls: list[_Call] = []
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[str, _Call] = {}

    async def chunks(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[ChatGenerationChunk]:
        """Yield the chunks of an answer as it comes.

        Args:
            pieces: What the server sends, cut anywhere.

        Raises:
            ServerError: It is none, or breaks off before anything was said.
        """
        events = Events()
        try:
            async for piece in pieces:
                for data in events.feed(piece):
                    if chunk := self.chunk(data):
                        yield chunk
                if self.is_done:  # some servers keep the connection open
                    break
            rest, other = events.end()
            if other.strip():
                yield self.whole(other)
                return
            for data in rest:
                is_half = self._has_begun and data != STREAM_END and read_json(data) is None
                if not is_half and (chunk := self.chunk(data)):
                    yield chunk
            yield self.last()
        except ServerError as failure:
            failure.has_begun = self._has_begun
            raise

    def chunk(self, data: bytes) -> ChatGenerationChunk | None:
        """Return what an event adds; None where it adds nothing to be shown.

        Raises:
            ServerError: It is an error, or nothing of the API's.
        """
        if self.is_done or data == STREAM_END:
            self.is_done = True
            return None
        sent = check_answer(data, self._secrets, halves=True)
        whole = (without_halves(sent) or {}) if b"\\ud" in data or b"\\uD" in data else sent
        self._facts |= facts_of(whole, provider=self._provider, model=self._facts.get("model_name", self._model))
        message, logprobs = self._said(sent, whole)
        says = bool(message.content or message.additional_kwargs or message.tool_call_chunks)
        self._has_begun = self._has_begun or says
        self._usage.note(figures_of(whole.get("usage"), whole.get("service_tier")), says=says)
        if not (says or logprobs):
            return None
        return ChatGenerationChunk(message=message, generation_info={"logprobs": logprobs} if logprobs else None)

    def last(self) -> ChatGenerationChunk:
        """Return the chunk that ends the answer, and says so where it has no end.

        Raises:
            UnreadableAnswer: Nothing came, neither words nor an end.
        """
        is_whole = self.is_done or bool(self._reasons)
        if not is_whole and not self._has_begun:
            raise UnreadableAnswer("found a streamed answer that breaks off, expected its end; ask again")
        usage = priced_as(self._usage.usage, self._facts.get("service_tier")) if is_whole else None
        facts = {**self._facts, "finish_reason": "+".join(self._reasons) or None}
        facts |= {} if is_whole else {"stream_ended": False}
        facts |= {} if all(call.is_closed for call in self._calls) else {"calls_unclosed": True}
        halves = {name: plain(half) for name, half in self._halves.items()}
        calls = [tool_call_chunk(args=half, index=at) for at, half in halves.items() if isinstance(at, int)]
        aside = {name: half for name, half in halves.items() if isinstance(name, str) and name != "text"}
        message = AIMessageChunk(
            content=halves.get("text", ""),
            additional_kwargs=aside,
            tool_call_chunks=calls,
            response_metadata=facts,
            usage_metadata=usage,
            chunk_position="last",
        )
        return ChatGenerationChunk(message=message)

    def whole(self, body: bytes) -> ChatGenerationChunk:
        """Return the answer of a server that was asked for a stream, and sent it whole.

        Raises:
            UnreadableAnswer: It is no answer.
        """
        answers = answers_of(body, provider=self._provider, model=self._model, secrets=self._secrets)
        fields = answers[0].model_dump(exclude={"type"})
        if answers[0].invalid_tool_calls:  # LangChain mends their arguments, once chunks are added up
            fields["response_metadata"]["calls_unclosed"] = True
        return ChatGenerationChunk(message=AIMessageChunk(**fields, chunk_position="last"))

    def _said(self, sent: dict[str, Any], whole: dict[str, Any]) -> tuple[AIMessageChunk, Any]:
        """Return what an event says, with its log probabilities.

        Args:
            sent: What came.
            whole: The same without halves of characters.
        """
        first, choice = (
            next((choice for choice in choices_of(event) if not choice.get("index")), {}) for event in (sent, whole)
        )
        check_first(first, self._secrets)
        reason = word_of(choice.get("finish_reason"))
        self._reasons |= {} if reason is None or reason.lower() in _NO_REASON else {reason: None}
        delta = first.get("delta")
        if not delta and not self._has_begun:
            delta = first.get("message")
        delta = delta if isinstance(delta, dict) else {}
        texts = {"text": content_text(delta.get("content")), **aside_of(delta)}
        texts = {name: text for name in texts if (text := self._joined(name, texts[name]))}
        parts = beside_text(choice["delta"]) if isinstance(choice.get("delta"), dict) else {}
        message = AIMessageChunk(
            content=texts.pop("text", ""),
            additional_kwargs={**texts, **parts},
            tool_call_chunks=self._pieces(delta.get("tool_calls")),
        )
        return message, choice.get("logprobs")

    def _joined(self, kind: str | int, piece: str) -> str:
        """Return a piece of a text with the half of a character before it, and without one that it ends in."""
        piece = self._halves.pop(kind, "") + piece
        if "\ud800" <= piece[-1:] <= "\udbff":
            self._halves[kind], piece = piece[-1], piece[:-1]
        return plain(piece)

    def _pieces(self, sent: object) -> list[ToolCallChunk]:
        """Return pieces of calls, each with its call's number, and its name and id in one of them."""
        pieces: list[ToolCallChunk] = []
        for piece in sent if isinstance(sent, list) else []:
            if not isinstance(piece, dict):
                continue
            function = piece.get("function")
            function = function if isinstance(function, dict) else {}
            name, id_, args = _word(function.get("name")), _word(piece.get("id")), function.get("arguments")
            call = self._call(str(piece.get("index", "")), id_, name)
            args = write_json(args).decode() if isinstance(args, dict) else args
            args = self._joined(call.number, args) if isinstance(args, str) else None
            call.arguments += [args] if args else []
            pieces.append(
                tool_call_chunk(
                    name=None if call.name else name, args=args, id=None if call.id else id_, index=call.number
                )
            )
            call.name, call.id = call.name or name, call.id or id_
        return pieces

    def _call(self, index: str, id_: str | None, name: str | None) -> "_Call":
        """Return the call that a piece belongs to: by its id, else by its index, else the last one.

        Some servers number no call, or all as the first, repeat its id and name, or make another id for each piece.
        """
        last = self._calls[-1] if self._calls else None
        call = self._by_id.get(id_) if id_ else None
        call = call or self._by_index.get(index) or (last if not index and not id_ else None)
        is_another = call is not None and bool(name and call.name and (name != call.name or (id_ and id_ != call.id)))
        if call is None or is_another:
            call = _Call(len(self._calls))
            self._calls.append(call)
        if index:
            self._by_index[index] = call
        if id_:
            self._by_id[id_] = call
        return call


@dataclass
class _Call:
    """Be one call of a tool, as far as it was sent."""

    number: int
    name: str | None = None
    id: str | None = None
    arguments: list[str] = field(default_factory=list)

    @property
    def is_closed(self) -> bool:
        """Tell whether its arguments came to their end: LangChain mends what was cut, and a tool would run with it."""
        written = "".join(self.arguments).strip()
        try:
            return not written or isinstance(json.loads(written, strict=False), dict | None)
        except (ValueError, RecursionError):
            return False


def _word(value: object) -> str | None:
    word = word_of(value)
    return word if word is None else plain(word)
