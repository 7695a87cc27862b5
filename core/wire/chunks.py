"""A streamed answer, read as it comes: what is told once, or told again and again, is handed on once, at its end.

LangChain adds chunks up: names of tools, finish reasons and usage that a server repeats would be joined and doubled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from .parsing import write_json
from .refusals import UnreadableAnswer, check_answer
from .replies import answers_of, aside_of, choices_of, content_text, facts_of, usage_of, word_of

STREAM_END = b"[DONE]"


class StreamedAnswer:
    """Make chunks of a server's events, and the last one of all that it told beside the text."""

    def __init__(self, *, provider: str, model: str, secrets: Iterable[str]) -> None:
        self._provider, self._model, self._secrets = provider, model, list(secrets)
        self._facts: dict[str, Any] = {}
        self._usage: UsageMetadata | None = None
        self._finish_reason: str | None = None
        self.is_done = False
        """Whether the server has said so."""
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[str, _Call] = {}
        self._last: _Call | None = None
        self._count = 0

    def chunk(self, data: bytes) -> ChatGenerationChunk | None:
        """Return what an event adds; None where it adds nothing to be shown.

        Raises:
            UnreadableAnswer: It is an error, or nothing of the API's.
        """
        if self.is_done or data == STREAM_END:
            self.is_done = True
            return None
        sent = check_answer(data, self._secrets)
        self._facts |= facts_of(sent, provider=self._provider, model=self._facts.get("model_name", self._model))
        self._usage = usage_of(sent.get("usage"), sent.get("service_tier")) or self._usage
        choice = next((choice for choice in choices_of(sent) if not choice.get("index")), None)
        if choice is None:
            return None
        reason = word_of(choice.get("finish_reason"))
        self._finish_reason = self._finish_reason if reason is None else reason
        delta = choice.get("delta") or choice.get("message")
        delta = delta if isinstance(delta, dict) else {}
        text, aside, calls = content_text(delta.get("content")), aside_of(delta), self._pieces(delta.get("tool_calls"))
        logprobs = choice.get("logprobs")
        if not (text or aside or calls or logprobs):
            return None
        message = AIMessageChunk(content=text, additional_kwargs=aside, tool_call_chunks=calls)
        return ChatGenerationChunk(message=message, generation_info={"logprobs": logprobs} if logprobs else None)

    def last(self) -> ChatGenerationChunk:
        """Return the chunk that ends the answer.

        Raises:
            UnreadableAnswer: It did not end: neither did the server say why it did, nor that it is done.
        """
        if not self.is_done and self._finish_reason is None:
            raise UnreadableAnswer("found a streamed answer that breaks off, expected its end; ask again")
        facts = {**self._facts, "finish_reason": self._finish_reason}
        message = AIMessageChunk(content="", response_metadata=facts, usage_metadata=self._usage, chunk_position="last")
        return ChatGenerationChunk(message=message)

    def whole(self, body: bytes) -> ChatGenerationChunk:
        """Return the answer of a server that was asked for a stream, and sent it whole.

        Raises:
            UnreadableAnswer: It is no answer.
        """
        answers = answers_of(body, provider=self._provider, model=self._model, secrets=self._secrets)
        fields = answers[0].model_dump(exclude={"type"})
        return ChatGenerationChunk(message=AIMessageChunk(**fields, chunk_position="last"))

    def _pieces(self, sent: object) -> list[ToolCallChunk]:
        """Return pieces of calls, each with its call's number, and its name and id in one of them."""
        pieces: list[ToolCallChunk] = []
        for piece in sent if isinstance(sent, list) else []:
            if not isinstance(piece, dict):
                continue
            function = piece.get("function")
            function = function if isinstance(function, dict) else {}
            name, id_, args = word_of(function.get("name")), word_of(piece.get("id")), function.get("arguments")
            call = self._call(str(piece.get("index", "")), id_, name)
            args = write_json(args).decode() if isinstance(args, dict) else args
            pieces.append(
                tool_call_chunk(
                    name=None if call.name else name,
                    args=args if isinstance(args, str) else None,
                    id=None if call.id else id_,
                    index=call.number,
                )
            )
            call.name, call.id = call.name or name, call.id or id_
        return pieces

    def _call(self, index: str, id_: str | None, name: str | None) -> "_Call":
        """Return the call that a piece belongs to: by its id, else by its index, else the last one.

        Some servers number no call, or all as the first, repeat its id and name, or make another id for each piece.
        """
        call = self._by_id.get(id_) if id_ else None
        call = call or self._by_index.get(index) or (self._last if not index and not id_ else None)
        is_another = call is not None and bool(name and call.name and (name != call.name or (id_ and id_ != call.id)))
        if call is None or is_another:
            call = self._last = _Call(self._count)
            self._count += 1
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
