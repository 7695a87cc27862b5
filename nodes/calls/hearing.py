"""Hear a model's answer before anybody else does: those who watch a run are shown no thinking, nor half a character.

LangGraph streams what a chat model tells its callbacks, and the answer is made of the very same chunks. So what is
taken off a chunk here, before others see it, is kept for the reading.
"""

import re
from collections import defaultdict
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig

from ...core.models.capabilities import is_asked_directly
from ...core.panel.seats import Seat
from ...core.run.usage import StreamedUsage
from ...core.wire.halves import Halves
from ...core.wire.parts import part_kind
from ...core.wire.sizes import MOST_ARGUMENTS, MOST_BYTES, SHOWN_ARGUMENTS
from .contents import ASIDES, is_thought, weight_of
from .thinking import Splitter

_OPENED: dict[tuple[str | None, str], bool] = {}
"""Whether a model's prompt opens its thinking, by server and name: in a stream, only the end of it would tell."""
_MOST_OPENED = 1_000
_THINKS = re.compile(r"(?:^|[-_/:. ])(?:r1|qwq|z1|reasoner|(?:think|reason)(?:ing)?)(?:$|[-_/:. \d])", re.IGNORECASE)
"""Names of models whose prompts mostly open it, for the first time that one is streamed."""


def note_opened(seat: Seat, *, opened: bool) -> None:
    """Remember whether a model's prompt opens its thinking: the last answer that tells decides."""
    if len(_OPENED) < _MOST_OPENED or _key(seat) in _OPENED:
        _OPENED[_key(seat)] = opened


def _key(seat: Seat) -> tuple[str | None, str]:
    return seat.endpoint, seat.label


def _opens(seat: Seat) -> bool:
    """Tell a model whose prompt opens its thinking, as far as it is known, or its name says."""
    return _OPENED.get(_key(seat), bool(_THINKS.search(seat.label)))


class Heard:
    """Be one answer as it was streamed.

    Attributes:
        parts: Its chunks so far.
        is_long: Whether it was longer than it may be, and what came after was cut off.
    """

    def __init__(self, *, opened: bool = False, shows: bool = False, most: int = MOST_BYTES) -> None:
        self.parts = 0
        self.is_long, self._room = False, most
        self._splitter, self._halves, self._shows = Splitter(opened=opened), Halves(), shows
        self._index: dict[str, Any] = {}
        """The number of the last part that was text, where parts have one."""
        self._hidden: list[AIMessageChunk] = []
        self._beside: dict[str, list[str]] = defaultdict(list)
        """Texts beside the answer's own: LangChain would copy all of them for each piece."""
        self._late: dict[int, list[str]] = defaultdict(list)
        """Arguments of calls that are handed on at the end."""
        self._size = 0
        """Characters of arguments so far."""
        self._handed_on, self._is_over = 0, False
        self._arguments: dict[str, list[str]] = defaultdict(list)
        self._usage = StreamedUsage()

    @property
    def hidden(self) -> AIMessageChunk:
        """Return what was thought beside the text, as its package keeps it."""
        texts = {name: "".join(pieces) for name, pieces in self._beside.items()}
        return add_ai_message_chunks(AIMessageChunk(content=[], additional_kwargs=texts), *self._hidden)

    @property
    def reasoning(self) -> str:
        """Return what was thought in the text, where that is not in the answer's own fields."""
        return "" if self._shows else self._splitter.reasoning

    @property
    def has_thought(self) -> bool:
        """Tell whether thinking was taken off the text."""
        return self._splitter.has_thought

    @property
    def arguments(self) -> list[str]:
        """Return the arguments of each call as they were sent: LangChain reads half of them as whole ones."""
        return ["".join(pieces) for pieces in self._arguments.values()]

    def usage_of(self, message: AIMessage) -> object:
        """Return what it cost: LangChain adds up what a server tells again and again, and before it is done."""
        is_told = self._usage.is_repeated or self._usage.is_left_behind
        return self._usage.usage if is_told else message.usage_metadata

    def count(self, message: AIMessage) -> None:
        """Take what a piece of the answer tells of usage, and of calls."""
        self.parts += 1
        pieces = message.tool_call_chunks if isinstance(message, AIMessageChunk) else ()
        for call in pieces:
            self._size += len(call["args"] or "")
            if self._size <= MOST_ARGUMENTS:
                self._arguments[str(call.get("index"))].append(call["args"] or "")
        says = bool(message.content or message.tool_calls or pieces or message.additional_kwargs)
        self._usage.note(message.usage_metadata, says=says)

    def take(self, message: AIMessage, *, is_last: bool) -> None:
        """Take a piece of the answer, and leave in it what is to be shown."""
        self._bound(message)
        if isinstance(message, AIMessageChunk):
            self._hold_back(message, is_last=is_last)
        if not self._shows:
            self._hide(message)
        if isinstance(message.content, str):
            message.content = self._shown(message.content) + (self.rest() if is_last else "")
        else:
            message.content = self._shown_blocks(message.content, is_last=is_last)
        thoughts = "".join(self._splitter.thoughts[self._handed_on :])
        self._handed_on = len(self._splitter.thoughts)
        if self._shows and thoughts:
            message.additional_kwargs[ASIDES[0]] = message.additional_kwargs.get(ASIDES[0], "") + thoughts

    def rest(self) -> str:
        """Return what waited for more, once."""
        if self._is_over:
            return ""
        self._is_over = True
        return self._splitter.feed("".join(self._halves.rest().values())) + self._splitter.end()

    def _bound(self, message: AIMessage) -> None:
        """Take off a piece all of it, where the answer is longer than it may be: nobody need keep the rest."""
        self._room -= weight_of(message)
        self.is_long = self.is_long or self._room < 0 or self._size > MOST_ARGUMENTS
        if self.is_long and isinstance(message, AIMessageChunk):
            message.content = "" if isinstance(message.content, str) else []
            message.additional_kwargs, message.tool_call_chunks = {}, []

    def _hold_back(self, message: AIMessageChunk, *, is_last: bool) -> None:
        """Take off a piece what comes of long arguments, and give it to the last one."""
        for call in message.tool_call_chunks if self._size > SHOWN_ARGUMENTS else ():
            if call["args"] and isinstance(call["index"], int):
                self._late[call["index"]].append(call["args"])
                call["args"] = None
        if is_last and self._late and not self.is_long:
            late = [tool_call_chunk(args="".join(pieces), index=index) for index, pieces in self._late.items()]
            message.tool_call_chunks = [*message.tool_call_chunks, *late]

    def _hide(self, message: AIMessage) -> None:
        """Take off a piece what was thought beside the text."""
        beside = {name: message.additional_kwargs.pop(name) for name in ASIDES if name in message.additional_kwargs}
        blocks: Any = [] if isinstance(message.content, str) else [part for part in message.content if is_thought(part)]
        if beside or blocks:
            self._splitter.close()  # what is thought apart does not stand in the text
            texts = {name: text for name, text in beside.items() if isinstance(text, str)}
            for name, text in texts.items():
                self._beside[name].append(text)
            if others := {name: value for name, value in beside.items() if name not in texts}:
                self._hidden.append(AIMessageChunk(content=blocks, additional_kwargs=others))
            elif blocks:
                self._hidden.append(AIMessageChunk(content=blocks))
        if blocks:
            message.content = [part for part in message.content if not is_thought(part)]

    def _shown(self, piece: str) -> str:
        """Return what of a piece is to be shown now; half of a character waits for its other half."""
        return self._splitter.feed(self._halves.joined("text", piece))

    def _shown_blocks(self, blocks: list[str | dict[str, Any]], *, is_last: bool) -> list[str | dict[str, Any]]:
        shown = []
        for block in blocks:
            if isinstance(block, dict) and part_kind(block) == "text" and isinstance(block.get("text"), str):
                self._index = {"index": block["index"]} if "index" in block else {}
                block = {**block, "text": self._shown(block["text"])}
            shown.append(self._shown(block) if isinstance(block, str) else block)
        rest = self.rest() if is_last else ""
        return [*shown, {"type": "text", "text": rest, **self._index}] if rest else shown


class Hearing(BaseCallbackHandler):
    """Take thinking off what one model streams, and count what it costs; of chains and graphs, count only."""

    run_inline = True

    def __init__(self, seat: Seat) -> None:
        self._shows, self._opened = seat.streams_reasoning, _opens(seat)
        self._is_direct, self._most = is_asked_directly(seat.model), seat.max_answer_bytes
        self._attempts: dict[UUID, Heard] = {}

    def of(self, message: AIMessage) -> Heard | None:
        """Return how a message was streamed: by a model's last attempt, or as the run that LangChain names it for."""
        if self._is_direct:
            return next(reversed(self._attempts.values()), None)
        run = str(message.id or "").removeprefix("lc_run--").removesuffix("-0")
        by_name = next((heard for run_id, heard in self._attempts.items() if str(run_id) == run), None)
        return by_name or (next(iter(self._attempts.values())) if len(self._attempts) == 1 else None)

    def usage_of(self, message: AIMessage) -> object:
        """Return what a message cost."""
        heard = self.of(message) if message.usage_metadata else None
        return heard.usage_of(message) if heard else message.usage_metadata

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **kwargs: Any) -> None:
        """Take a piece of an answer."""
        message = getattr(chunk, "message", None)
        if isinstance(message, AIMessageChunk):
            self._take(run_id, message, is_last=message.chunk_position == "last")
            chunk.text = message.text

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **kwargs: Any) -> None:
        """Take an answer that came whole where somebody watches: LangGraph shows it then."""
        whole = getattr(response.generations[0][0], "message", None) if any(response.generations) else None
        if self._is_direct and run_id not in self._attempts and isinstance(whole, AIMessage):
            self._take(run_id, whole, is_last=True)

    def _take(self, run_id: UUID, message: AIMessage, *, is_last: bool) -> None:
        if run_id not in self._attempts:
            self._attempts[run_id] = Heard(opened=self._opened, shows=self._shows, most=self._most)
        heard = self._attempts[run_id]
        heard.count(message)
        if self._is_direct:
            heard.take(message, is_last=is_last)


def heard_first(config: RunnableConfig, hearing: Hearing) -> RunnableConfig:
    """Return a config whose first listener is this one."""
    callbacks = config.get("callbacks")
    if not isinstance(callbacks, BaseCallbackManager):
        return {**config, "callbacks": [hearing, *(callbacks or [])]}
    callbacks = callbacks.copy()
    callbacks.handlers = [hearing, *callbacks.handlers]
    callbacks.inheritable_handlers = [hearing, *callbacks.inheritable_handlers]
    return {**config, "callbacks": callbacks}
