"""A streamed answer, read as it comes: what is told once, or told again and again, is handed on once, at its end.

LangChain adds chunks up: names of tools, finish reasons and usage that a server repeats would be joined and doubled.
"""

from collections.abc import Iterable
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

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
        self._calls: list[tuple[Any, Any]] = []
        """The index and id of each call of a tool, in the order of their first pieces."""

    def chunk(self, data: bytes) -> ChatGenerationChunk | None:
        """Return what an event adds; None where it adds nothing to be shown.

        Raises:
            UnreadableAnswer: It is an error, or nothing of the API's.
        """
        if data == STREAM_END:
            self.is_done = True
            return None
        sent = check_answer(data, self._secrets)
        self._facts |= facts_of(sent, provider=self._provider, model=self._facts.get("model_name", self._model))
        self._usage = usage_of(sent.get("usage"), sent.get("service_tier")) or self._usage
        choice = next((choice for choice in choices_of(sent) if not choice.get("index")), None)
        if choice is None:
            return None
        self._finish_reason = word_of(choice.get("finish_reason")) or self._finish_reason
        delta = choice.get("delta")
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
        """Return pieces of calls, each with its call's number, and with name and id in the first one only."""
        pieces: list[ToolCallChunk] = []
        for piece in sent if isinstance(sent, list) else []:
            if not isinstance(piece, dict):
                continue
            function = piece.get("function")
            function = function if isinstance(function, dict) else {}
            name, id_ = word_of(function.get("name")), word_of(piece.get("id"))
            number, is_new = self._number(piece.get("index"), id_, name)
            args = function.get("arguments")
            pieces.append(
                tool_call_chunk(
                    name=name if is_new else None,
                    args=args if isinstance(args, str) else None,
                    id=id_ if is_new else None,
                    index=number,
                )
            )
        return pieces

    def _number(self, index: object, id_: str | None, name: str | None) -> tuple[int, bool]:
        """Return which call a piece belongs to, and whether it is its first.

        Some servers number no call, or all as the first, repeat its id, or make another one for each piece.
        """
        by_id = next((n for n, call in enumerate(self._calls) if id_ and call[1] == id_), None)
        by_index = next((n for n, call in enumerate(self._calls) if index is not None and call[0] == index), None)
        is_another = by_index is not None and id_ and name and self._calls[by_index][1]
        number = by_id if by_id is not None else None if is_another else by_index
        if number is None and not id_ and index is None and self._calls:
            number = len(self._calls) - 1
        if number is not None:
            return number, False
        self._calls.append((index, id_))
        return len(self._calls) - 1, True
