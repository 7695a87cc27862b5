"""A streamed answer, read as it comes: what is told once, or told again and again, is handed on once, at its end.

LangChain adds chunks up: names of tools, finish reasons and usage that a server repeats would be joined and doubled.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Mapping
from functools import partial
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from ..run.usage import StreamedUsage
from .events import Events, is_end, is_json, keeps_alive, parted
from .gathering import Gathered
from .halves import Halves
from .parsing import read_json, without_halves
from .parts import joined_text
from .refusals import ServerError, UnreadableAnswer, check_answer, check_first, check_list, check_object
from .replies import answers_of, aside_of, beside_text, end_of, facts_of, figures_of, priced_as
from .sizes import STEP, Turns, most_bytes, off_the_loop
from .streamed_calls import StreamedCalls
from .wording import choices_of

_NO_REASON = {"", "null", "none"}
"""What some servers send as the reason of an end that has not come."""
_MOST_REASONS = 20
"""Reasons that are told of one answer."""
_EVENT = 256
"""What each event takes beside its bytes, as if it had so many more."""


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
        self._is_unread = False
        """Whether something came that could not be read, and may have been an error's words."""
        self._is_odd: bool | None = None
        """Whether nothing came so far but what is no object."""
        self._first = FirstChoice()
        self._halves = Halves()
        self._calls = StreamedCalls(self._halves)
        self._most = most_bytes()
        self._gathered = Gathered(self._most)
        self._turns = Turns()

    async def chunks(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[ChatGenerationChunk]:
        """Yield the chunks of an answer as it comes.

        Args:
            pieces: What the server sends, cut anywhere.

        Raises:
            ServerError: It is none, or breaks off before anything was said.
        """
        events = Events(self._most)
        try:
            async for piece in pieces:
                async for chunk in self._read(events.feed(piece)):
                    yield chunk
                if self.is_done:  # some servers keep the connection open
                    break
            rest, other = events.end()
            if other.strip():
                yield await off_the_loop(self.whole, other)
                return
            async for chunk in self._read(rest, are_last=True):
                yield chunk
            if waiting := self._gathered.taken():
                yield waiting
            yield self.last()
        except ServerError as failure:
            failure.has_begun = self._has_begun
            raise

    async def _read(self, events: Iterable[bytes], *, are_last: bool = False) -> AsyncGenerator[ChatGenerationChunk]:
        """Yield what is to be shown of some events; the last of all may be half of one."""
        for event in events:
            for data in await off_the_loop(partial(parted, is_last=are_last), event, large=STEP):
                is_half = are_last and self._has_begun and not is_end(data) and read_json(data) is None
                if not is_half and (chunk := await off_the_loop(self.chunk, data, large=STEP)):
                    yield chunk
                await self._turns.after(_EVENT + len(data))

    def chunk(self, data: bytes) -> ChatGenerationChunk | None:
        """Return what is to be shown now that an event came; None where that is nothing.

        Raises:
            ServerError: It is an error, or nothing of the API's.
        """
        self.is_done = self.is_done or is_end(data)
        sent = None if self.is_done else self._object(data)
        if sent is None:
            return None
        whole = (without_halves(sent) or {}) if b"\\ud" in data or b"\\uD" in data else sent
        self._facts |= facts_of(whole, provider=self._provider, model=self._facts.get("model_name", self._model))
        first = self._first.of(sent)
        choice = first if whole is sent else self._first.of(whole)
        added, logprobs = self._added(first, choice), choice.get("logprobs")
        self._has_begun = self._has_begun or bool(added)
        if added or whole.get("usage"):
            self._usage.note(figures_of(whole.get("usage"), whole.get("service_tier")), says=bool(added))
        if not (added or logprobs):
            return None
        return self._gathered.add(added, logprobs, len(data))

    def last(self) -> ChatGenerationChunk:
        """Return the chunk that ends the answer, and says so where it has no end.

        Raises:
            UnreadableAnswer: Nothing came, neither words nor an end.
        """
        is_whole = bool(self._reasons) or (self.is_done and not self._is_unread and not self._is_odd)
        if not is_whole and not self._has_begun:
            raise UnreadableAnswer("found a streamed answer that breaks off, expected its end; ask again")
        usage = priced_as(self._usage.usage, self._facts.get("service_tier")) if is_whole else None
        halves = self._halves.rest()
        aside = {name: half for name, half in halves.items() if isinstance(name, str) and name != "text"}
        calls = [tool_call_chunk(args=half, index=at) for at, half in halves.items() if isinstance(at, int)]
        is_closed = self._calls.are_closed and not calls
        calls += [*(self._calls.late() if is_closed else []), *self._calls.ids()]
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

    def _object(self, data: bytes) -> dict[str, Any] | None:
        """Return the object in an event; None for what means nothing, or comes after the end.

        Raises:
            ServerError: It is an error, or part of the answer that cannot be read.
        """
        sent = read_json(data, halves=True)
        if isinstance(sent, dict):
            self._is_odd = False
            return check_object(sent, self._secrets, has_ended=bool(self._reasons))
        self._is_odd = self._is_odd is not False
        if isinstance(sent, list):
            check_list(sent, self._secrets)
        if keeps_alive(data) or self._reasons:
            return None
        is_read = sent is not None or is_json(data)
        if not is_read and (not self._has_begun or data.startswith(b"{")):  # words of the answer would be lost
            check_answer(data, self._secrets)
        self._is_unread = self._is_unread or not is_read or (isinstance(sent, str | list) and bool(sent))
        return None

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
        if reason and reason.lower() not in _NO_REASON and len(self._reasons) < _MOST_REASONS:
            self._reasons[reason] = None
        delta = self._first.said_in(first)
        if not delta:
            return {}
        aside = {name: text for name, piece in aside_of(delta).items() if (text := self._halves.joined(name, piece))}
        if isinstance(choice.get("delta"), dict):
            aside |= beside_text(choice["delta"])
        fields = {
            "content": self._halves.joined("text", joined_text(delta.get("content"), "text")),
            "additional_kwargs": aside,
            "tool_call_chunks": self._calls.pieces(delta.get("tool_calls")),
        }
        return {name: value for name, value in fields.items() if value}


class FirstChoice:
    """Know which of the choices in a stream is the answer, whatever its server numbers it, and where it says its text.

    FastChat sends one choice and numbers it 1, text-generation-inference has counted tokens in the number.
    """

    def __init__(self) -> None:
        self._begins: int | None = None
        self._index = 0
        self._field = ""
        """Which field brought the first words."""
        self._messages: list[str] = []
        """What came as messages; some servers say all of it once more at the end."""
        self._length = 0

    def of(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an event says of the choice; the first one that a stream tells of is the answer's.

        Args:
            sent: What came.
        """
        choices = choices_of(sent)
        numbers = [_number(choice.get("index")) for choice in choices]
        indices = [number for number in numbers if number is not None]
        if self._begins is None and choices:
            self._begins = self._index = min(indices, default=0)
        elif len(choices) == 1 and self._begins and numbers[0] == self._index + 1:
            self._index += 1
        pairs = zip(choices, numbers, strict=True)
        return next((choice for choice, number in pairs if number in (None, self._index)), {})

    def said_in(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a choice adds, which some servers call a message, and some send as a text.

        Args:
            choice: What an event says of it.
        """
        for name in ("delta", "message"):
            added = choice.get(name)
            added = {"content": added} if isinstance(added, str) else added
            if isinstance(added, dict) and any(added.get(field) for field in added if field != "role"):
                self._field = self._field or name
                if name != self._field:
                    return {}
                is_again = name == "message" and self._is_said_again(added, is_last=bool(choice.get("finish_reason")))
                return {} if is_again else added
        return {}

    def _is_said_again(self, message: Mapping[str, Any], *, is_last: bool) -> bool:
        text = joined_text(message.get("content"), "text")
        if is_last and text and len(text) == self._length and text == "".join(self._messages):
            return True
        self._messages.append(text)
        self._length += len(text)
        return False


def _number(index: object) -> int | None:
    """Return a choice's number; None where it has none."""
    if isinstance(index, str) and index.isdecimal() and len(index) < 10:
        return int(index)
    return index if isinstance(index, int) and not isinstance(index, bool) else None
