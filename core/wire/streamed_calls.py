"""Calls of tools in a streamed answer, put together of their pieces, however the server numbers these.

A tool that is run with another call's arguments is the worst that may come of it: in doubt, the calls are not closed.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk

from ..text import plain
from .halves import Halves
from .parsing import are_whole, write_json
from .replies import check_calls, new_call_id, word_of
from .sizes import SHOWN_ARGUMENTS

_LONGEST_NULL = 5
"""Characters of what may become `null`, and one behind it."""


class StreamedCalls:
    """Know the calls so far, and which of them a piece belongs to."""

    def __init__(self, halves: Halves) -> None:
        self._halves = halves
        self._calls: list[_Call] = []
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[str, _Call] = {}
        self._deltas = 0
        """How many lists of pieces came."""
        self._unsure: set[str] = set()
        """Numbers, or none, under which a call began before the one before it was whole."""
        self._ids: set[str] = set()
        self._is_doubtful = False
        self._size = 0
        """Characters of arguments so far, and of what names calls."""
        self._late: dict[int, list[str]] = {}

    @property
    def are_closed(self) -> bool:
        """Tell whether the arguments of each came to their end, and whose they are is beyond doubt."""
        is_repeated = any(before.may_be(after) for before, after in pairwise(self._calls))
        return not self._is_doubtful and not is_repeated and all(call.is_closed for call in self._calls)

    def pieces(self, sent: object) -> list[ToolCallChunk]:
        """Return pieces of calls, each with its call's number, and its name and id in one of them.

        Raises:
            UnreadableAnswer: There are more calls, or arguments, than any answer has.
        """
        self._deltas += 1
        return [self._piece(piece) for piece in sent if isinstance(piece, dict)] if isinstance(sent, list) else []

    def late(self) -> list[ToolCallChunk]:
        """Return what of long arguments was not handed on as it came, for calls that are closed."""
        return [tool_call_chunk(args="".join(args), index=number) for number, args in self._late.items()]

    def ids(self) -> list[ToolCallChunk]:
        """Return an id for each call that has none, or another's: agents need one to hand the result back."""
        taken: set[str | None] = {None}
        chunks = []
        for call in self._calls:
            if call.name and call.id in taken:
                call.id = new_call_id()
                chunks.append(tool_call_chunk(id=call.id, index=call.number))
            taken.add(call.id)
        return chunks

    def _piece(self, piece: dict[str, Any]) -> ToolCallChunk:
        function = piece.get("function")
        function = function if isinstance(function, dict) else {}
        name, id_, args = _word(function.get("name")), _word(piece.get("id")), function.get("arguments")
        index = _word(piece.get("index")) or ""
        call = self._call(index, id_, name)
        args = write_json(args).decode() if isinstance(args, dict) else args
        args = self._halves.written(call.number, args) if isinstance(args, str) else None
        args = call.add(args) if args else None
        self._size += sum(len(text) for text in (name, id_, index, args) if text)
        check_calls(len(self._calls), self._size)
        if args and self._size > SHOWN_ARGUMENTS:
            self._late.setdefault(call.number, []).append(args)
            args = None
        if args and not id_ and not name:
            is_mixed = not index and call.index and len(self._calls) > 1
            self._is_doubtful = self._is_doubtful or bool(is_mixed) or index in self._unsure
        is_told = call.id is None and id_ not in self._ids
        chunk = tool_call_chunk(
            name=None if call.name else name, args=args, id=id_ if is_told else None, index=call.number
        )
        call.name, call.id = call.name or name, call.id or id_
        self._ids |= {id_} if id_ else set()
        return chunk

    def _call(self, index: str, id_: str | None, name: str | None) -> "_Call":
        """Return the call that a piece belongs to: by its id and index, else by one of them, else the last one.

        Some servers number no call, or all as the first, repeat its id and name, or make another id for each piece.
        """
        call = self._known(index, id_)
        if call is None or self._is_another(call, index, id_, name):
            is_apart = call is None or call.delta == self._deltas or bool(id_ and call.id and id_ != call.id)
            call = _Call(len(self._calls), delta=self._deltas, is_apart=is_apart, index=index)
            before = self._by_index.get(index) if index else self._calls[-1] if self._calls else None
            self._unsure |= {index} if before and not before.is_whole else set()
            self._calls.append(call)
        if index:
            self._by_index[index] = call
        if id_:
            self._by_id[id_] = call
        return call

    def _known(self, index: str, id_: str | None) -> "_Call | None":
        """Return the call that a piece seems to belong to; a server may give one id to all, or one number."""
        at_index, with_id = self._by_index.get(index), self._by_id.get(id_) if id_ else None
        if at_index and (with_id is None or at_index.id == id_):
            return at_index
        last = self._calls[-1] if self._calls else None
        return with_id or (last if not index and not id_ else None)

    def _is_another(self, call: "_Call", index: str, id_: str | None, name: str | None) -> bool:
        """Tell whether a piece begins a call after one that it could be a piece of."""
        if not name or not call.name:
            return False
        is_numbered_otherwise = bool(index and call.index and index != call.index)
        if name != call.name or (id_ and call.id and id_ != call.id):
            return True
        if call.delta == self._deltas:
            return id_ is None or is_numbered_otherwise
        if id_ and id_ == call.id and not is_numbered_otherwise:  # its name is said again
            return False
        return call.is_whole or (not call.arguments and (is_numbered_otherwise or (call.id is None and id_ is None)))


@dataclass
class _Call:
    """Be one call of a tool, as far as it was sent."""

    number: int
    delta: int
    """The list of pieces that began it."""
    is_apart: bool
    """Whether it is beyond doubt that the call before it is another one."""
    index: str
    name: str | None = None
    id: str | None = None
    arguments: list[str] = field(default_factory=list)
    _held: str = ""
    """What may become `null`, which stands for no arguments; LangChain takes it for a fault."""
    _depth: int = 0
    _in_text: bool = False
    _is_escaped: bool = False

    @property
    def is_closed(self) -> bool:
        """Tell whether its arguments came to their end."""
        return are_whole(("".join(self.arguments) + self._held).strip())

    @property
    def is_whole(self) -> bool:
        """Tell whether its arguments, as far as they came, are as many brackets closed as opened."""
        is_null = self._held.strip() == "null"
        return is_null or (bool(self.arguments) and not self._depth and not self._in_text)

    def _read_on(self) -> None:
        """Read where they close, of the piece that came last: all of them at once would hold up all others."""
        for char in self.arguments[-1]:
            self._step(char)

    def _step(self, char: str) -> None:
        if self._in_text:
            self._in_text = self._is_escaped or char != '"'
            self._is_escaped = char == "\\" and not self._is_escaped
        elif char == '"':
            self._in_text = True
        else:
            self._depth += (char in "{[") - (char in "}]")

    def add(self, piece: str) -> str | None:
        """Take a piece of its arguments; return what of it is to be handed on."""
        if not self.arguments:
            piece, self._held = (self._held + piece).lstrip(), ""
            if "null".startswith(piece.rstrip()):
                self._held = piece[:_LONGEST_NULL]
                return None
        self.arguments.append(piece)
        self._read_on()
        return piece

    def may_be(self, after: "_Call") -> bool:
        """Tell whether the next call may be this one, named again before its arguments began, or at their end."""
        return not after.is_apart and self.name == after.name and bool(self.arguments) != bool(after.arguments)


def _word(value: object) -> str | None:
    word = word_of(value)
    return None if word is None or not word.strip() else plain(word)
