"""A streamed answer, read as it comes: what is told once, or told again and again, is handed on once, at its end.

LangChain adds chunks up: names of tools, finish reasons and usage that a server repeats would be joined and doubled.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from ..run.usage import StreamedUsage
from .events import Events
from .halves import Halves
from .instead import choices_of
from .parsing import read_json, without_halves
from .refusals import ServerError, UnreadableAnswer, check_answer, check_first
from .replies import (
    answers_of,
    aside_of,
    beside_text,
    content_text,
    end_of,
    facts_of,
    figures_of,
    priced_as,
)
from .streamed_calls import StreamedCalls

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
        self._halves = Halves()
        self._calls = StreamedCalls(self._halves)

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
        first = _first_of(sent)
        choice = first if whole is sent else _first_of(whole)
        added, logprobs = self._added(first, choice), choice.get("logprobs")
        self._has_begun = self._has_begun or bool(added)
        if added or whole.get("usage"):
            self._usage.note(figures_of(whole.get("usage"), whole.get("service_tier")), says=bool(added))
        if not (added or logprobs):
            return None
        message = AIMessageChunk(**{"content": "", **added})
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
        halves = self._halves.rest()
        aside = {name: half for name, half in halves.items() if isinstance(name, str) and name != "text"}
        calls = [tool_call_chunk(args=half, index=at) for at, half in halves.items() if isinstance(at, int)]
        is_closed = self._calls.are_closed and not calls
        calls += self._calls.ids()
        facts = {**self._facts, "finish_reason": "+".join(self._reasons) or None}
        facts |= {} if is_whole else {"stream_ended": False}
        facts |= {} if is_closed else {"calls_unclosed": True}
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

    def _added(self, first: dict[str, Any], choice: dict[str, Any]) -> dict[str, Any]:
        """Return what a choice adds to the answer, as fields of a message.

        Args:
            first: What came.
            choice: The same without halves of characters.
        """
        check_first(first, self._secrets)
        reason = end_of(choice.get("finish_reason"))
        if reason and reason.lower() not in _NO_REASON:
            self._reasons[reason] = None
        delta = first.get("delta")
        if not delta and not self._has_begun:
            delta = first.get("message")
        if not delta or not isinstance(delta, dict):
            return {}
        aside = {name: text for name, piece in aside_of(delta).items() if (text := self._halves.joined(name, piece))}
        if isinstance(choice.get("delta"), dict):
            aside |= beside_text(choice["delta"])
        fields = {
            "content": self._halves.joined("text", content_text(delta.get("content"))),
            "additional_kwargs": aside,
            "tool_call_chunks": self._calls.pieces(delta.get("tool_calls")),
        }
        return {name: value for name, value in fields.items() if value}


def _first_of(sent: dict[str, Any]) -> dict[str, Any]:
    """Return what an event says of the first choice."""
    return next((choice for choice in choices_of(sent) if not choice.get("index")), {})
