"""Keep what proposers answered, so that several mixtures are made of the same proposals, and none is paid for twice."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

from langgraph.cache.base import FullKey

from ...core.errors import ConfigError
from ...core.ordinary import append_line, whole_lines
from ...core.panel.seats import Seat
from ...core.run.left_out import LeftOut
from ...core.run.records import USABLE, Call, Status, Why
from ...core.text import plain_in
from ...nodes.calls.cache import CallRecord
from ...nodes.calls.response_cache import ResponseCache
from ..batch.row_checks import checked_cost, is_amount

PROPOSALS = "_proposals.ndjson"  # not .jsonl, as the files of systems are
"""The file of the proposals that systems share."""
_MOST_BYTES = 1_000_000_000
_TEXTS = ("served_model", "endpoint", "transport", "finish_reason", "reasoning", "error")
_COUNTS = ("calls", "windows", "references_cut")
_USAGE = ("input_tokens", "output_tokens", "total_tokens")
_AMOUNTS = ("started", "waited", "seconds", "tried_s")
_ONLY_ASKED = {"cached": False, "carried": False, "unread": False, "cut": None}
"""What is said of a call that somebody was asked in, and that is kept."""


class ProposalFile:
    """Be the calls that were made for proposals: a line each, written as they end, read again where it goes on."""

    def __init__(
        self, path: Path | None = None, *, retry_errors: bool = False, responses: ResponseCache | None = None
    ) -> None:
        """Read the calls that are there.

        Args:
            path: The file; None keeps them in memory only.
            retry_errors: Whether those are forgotten that gave no answer.
            responses: Where whole answers are kept beyond it.

        Raises:
            ConfigError: The file cannot be read.
        """
        self._path, self.responses = path, responses
        self._entries = _read(path) if path else {}
        self._twins: dict[str, int] = {}
        if retry_errors:
            self._entries = {key: one for key, one in self._entries.items() if one["call"]["status"] in USABLE}

    def number(self, seats: Sequence[Seat]) -> None:
        """Remember which seat of its model each is in the whole mixture: without those before it, it stays that."""
        self._twins |= {seat.name: seat.twin for seat in seats}

    def twin_of(self, seat: Seat) -> int:
        """Return which seat of its model it is in the whole mixture."""
        return self._twins.get(seat.name, seat.twin)

    def holding(self, layers: int) -> CallRecord:
        """Return it as the cache of a mixture, so many layers of which are in it once the mixture is asked."""
        return _View(self, layers)

    def look_up(self, key: str) -> dict[str, Any] | None:
        """Return what came of a call."""
        return self._entries.get(key)

    def write(self, key: str, entry: dict[str, Any]) -> None:
        """Keep what came of a call.

        Raises:
            ConfigError: It could not be written.
        """
        self._entries[key] = entry
        if self._path is None:
            return
        line = (json.dumps({"key": key, **entry}, ensure_ascii=False) + "\n").encode("utf-8", "replace")
        try:
            append_line(self._path, line)
        except OSError as exc:
            raise ConfigError(
                f"the proposals cannot be written to {self._path}: {exc.strerror or exc}; mend that, and start the "
                "same comparison again: proposals that are there are not asked for again"
            ) from exc


class _View(CallRecord):
    def __init__(self, file: ProposalFile, layers: int) -> None:
        super().__init__()
        self.layers, self.responses = layers, file.responses
        self._file = file

    def twin_of(self, seat: Seat) -> int:
        """Return which seat of its model it is in the whole mixture."""
        return self._file.twin_of(seat)

    def get(self, keys: Sequence[FullKey]) -> dict[FullKey, Any]:
        """Return the calls that are there."""
        return {key: entry for key in keys if (entry := self._file.look_up(key[1]))}

    def set(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> None:
        """Keep calls, for good."""
        for (_, key), (entry, _) in pairs.items():
            self._file.write(key, entry)

    def clear(self, namespaces: Sequence[tuple[str, ...]] | None = None) -> None:
        """Forget nothing: all of it was paid for."""

    async def aget(self, keys: Sequence[FullKey]) -> dict[FullKey, Any]:
        """Return the calls that are there."""
        return self.get(keys)

    async def aset(self, pairs: Mapping[FullKey, tuple[Any, int | None]]) -> None:
        """Keep calls, for good."""
        self.set(pairs)

    async def aclear(self, namespaces: Sequence[tuple[str, ...]] | None = None) -> None:
        """Forget nothing: all of it was paid for."""


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """Read the calls of earlier runs; a last one that was cut off is taken off, and made again."""
    entries: dict[str, dict[str, Any]] = {}
    try:
        lines = whole_lines(file, most=_MOST_BYTES).decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise ConfigError(
            f"{file} cannot be read: {why}; expected a comparison's proposals; move the file away"
        ) from exc
    for line in lines:
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            read: Any = plain_in(json.loads(line))
            call, text = read["call"], read["text"]
            if isinstance(text, str | None) and _is_call(call):
                usage = call["usage"] and {name: call["usage"][name] for name in _USAGE}
                entries[str(read["key"])] = {"call": {**call, "usage": usage}, "text": text}
    return entries


def _is_call(call: Any) -> bool:
    """Tell whether it is a call as a comparison writes it: what no call can say would end a run in the middle."""
    usage, bound, obstacle = call["usage"], call["at_most"], call["obstacle"]
    return bool(
        call.keys() >= Call.__required_keys__
        and call["status"] in get_args(Status)
        and isinstance(call["model"], str)
        and all(isinstance(call[name], str | None) for name in _TEXTS)
        and all(is_amount(call[name]) and isinstance(call[name], int) for name in _COUNTS)
        and all(is_amount(call[name]) for name in _AMOUNTS)
        and all(call[name] is value for name, value in _ONLY_ASKED.items())
        and (call["usd"] is None or is_amount(call["usd"]))
        and isinstance(call["retries"], int | None)
        and isinstance(call.get("more_room", 0), int)
        and set(call["left_out"]) <= set(get_args(LeftOut))
        and (usage is None or all(isinstance(usage[name], int) and is_amount(usage[name]) for name in _USAGE))
        and (bound is None or checked_cost(bound) is not None)
        and (obstacle is None or (obstacle["why"] in get_args(Why) and obstacle.keys() >= {"window", "tokens"}))
    )
