"""Calls of tools in a streamed answer, put together of their pieces, however the server numbers these."""

import json
from dataclasses import dataclass, field

from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk

from ..text import plain
from .halves import Halves
from .parsing import write_json
from .replies import word_of


class StreamedCalls:
    """Know the calls so far, and which of them a piece belongs to."""

    def __init__(self, halves: Halves) -> None:
        self._halves = halves
        self._calls: list[_Call] = []
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[str, _Call] = {}

    @property
    def are_closed(self) -> bool:
        """Tell whether the arguments of each came to their end."""
        return all(call.is_closed for call in self._calls)

    def pieces(self, sent: object) -> list[ToolCallChunk]:
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
            args = self._halves.written(call.number, args) if isinstance(args, str) else None
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
