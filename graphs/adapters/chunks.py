"""Tell a mixture's answer as a chat model does: in chunks of one message, and as one message."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from ...nodes.prompting.request import Request
from .steps import to_carry

VOID = "\n\n[the text above is void; the answer follows]\n\n"
"""Stands between the beginning of an answer that was abandoned and the answer, where both were streamed."""


class Telling:
    """Turn what a graph streams into the chunks of one message, and into that message.

    Text is told as it comes. Calls of tools, and answers of a given form, are told when they are whole: half of them is
    of no use, and what was said cannot be taken back. So are answers from which wrong citations are removed.
    """

    def __init__(
        self, model_name: str, request: Request, message_id: str | None = None, *, removes: bool = False
    ) -> None:
        self._model_name, self._request, self._id = model_name, request, message_id
        self._holds = request.form is not None or bool(request.forced) or removes
        self._state: Mapping[str, Any] = {}
        self._sent = self._heard = ""
        self._author: str | None = None

    def take(self, mode: str, part: Any) -> ChatGenerationChunk | None:
        """Take a part of the graph's stream, of the modes `messages` and `values`; return what is to be told of it."""
        if mode == "values":
            self._state = part
            return None
        message, about = part
        is_answer = isinstance(message, AIMessageChunk) and about.get("moa_role") == "aggregator"
        if not is_answer or self._holds or not message.text:
            return None
        is_void = bool(self._sent) and message.id != self._author
        if message.id != self._author:
            self._author, self._heard, before = message.id, "", ""
        else:
            before = self._sent
        self._heard += message.text
        fresh = self._safe(self._heard)[len(before) :]
        if not fresh:
            return None
        self._sent = before + fresh
        return ChatGenerationChunk(message=AIMessageChunk(content=f"{VOID}{fresh}" if is_void else fresh, id=self._id))

    def _safe(self, heard: str) -> str:
        """Return what no stop takes back: up to the first one, and without what may be the beginning of one."""
        stops = _listed(self._request.options.get("stop"))
        cut = _until(heard, stops)
        return cut if cut != heard else heard[: len(heard) - max((len(stop) - 1 for stop in stops), default=0)]

    def rest(self) -> ChatGenerationChunk:
        """Return the last chunk: what was not told yet, and what the run came to."""
        whole = self.whole()
        text, sent = whole.text, self._sent
        rest = text[len(sent) :] if text.startswith(sent) else f"{VOID}{text}"
        made = [(call["name"], json.dumps(call["args"]), call["id"]) for call in whole.tool_calls]
        unread = [(call["name"], call["args"], call["id"]) for call in whole.invalid_tool_calls]
        calls = [
            tool_call_chunk(name=name, args=args, id=id_, index=number)
            for number, (name, args, id_) in enumerate([*made, *unread])
        ]
        last = AIMessageChunk(
            content=rest,
            id=self._id,
            tool_call_chunks=calls,
            usage_metadata=whole.usage_metadata,
            response_metadata=whole.response_metadata,
            chunk_position="last",
        )
        return ChatGenerationChunk(message=last)

    def whole(self) -> AIMessage:
        """Return the answer, without anything that was abandoned."""
        return answer_of(self._state, self._model_name, self._request).model_copy(update={"id": self._id})


def answer_of(state: Mapping[str, Any], model_name: str, request: Request) -> AIMessage:
    """Return a run's answer, under the mixture's name and with the usage of all its calls."""
    answer, run = state["messages"][-1], state["run"]
    metadata = answer.response_metadata
    about = {**metadata.get("moa", {}), "served_model": metadata.get("model_name")}
    if "citations" in state:
        about["citations"] = state["citations"]
    if panel := to_carry(state, answer, request):
        about["panel"] = panel
    content = _ended(answer.content, _listed(request.options.get("stop")))
    return AIMessage(
        content,
        tool_calls=answer.tool_calls,
        invalid_tool_calls=answer.invalid_tool_calls,
        additional_kwargs=answer.additional_kwargs,
        usage_metadata=run["usage"] if run["usage"]["total_tokens"] else None,
        response_metadata={**metadata, "model_name": model_name, "moa": about},
    )


def result_of(message: AIMessage) -> ChatResult:
    """Return a message as LangChain's models return it."""
    return ChatResult(generations=[ChatGeneration(message=message)])


def _listed(stop: str | Sequence[str] | None) -> list[str]:
    return list(filter(None, [stop] if isinstance(stop, str) else stop or ()))


def _until(text: str, stops: Sequence[str]) -> str:
    """Cut a text where it was to end: a proposal that stands in for the answer was not asked to."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def _ended(content: Any, stops: Sequence[str]) -> Any:
    """Cut a message's content, which may be a list of blocks, where its text was to end."""
    if isinstance(content, str) or not stops:
        return _until(content, stops) if stops else content
    room = len(_until(AIMessage(content).text, stops))
    blocks = []
    for block in content:
        text = block if isinstance(block, str) else block.get("text", "") if block.get("type") == "text" else None
        if text is not None:
            block = text[:room] if isinstance(block, str) else {**block, "text": text[:room]}
            room -= min(room, len(text))
        blocks.append(block)
    return blocks
