"""Batches as Anthropic takes them: requests stand in the one that asks, and a batch is known by what comes of it.

Their API knows neither a name of its sender's for a batch nor a key that makes asking twice harmless, so that a batch
whose creation was not answered can only be looked for: every batch of the right size and time may be it, until its
results show whose they are. Each request is called by its parcel's name, too, and nobody else's answer is ever taken.
"""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from typing import Any
from urllib.parse import quote, urlencode

from ..wire.parsing import read_json, write_json
from ..wire.sending import Address, fetch
from ..wire.sizes import Turns
from .provider import (
    PAGE,
    PAGES,
    BatchResult,
    BatchState,
    BatchStatus,
    Parcel,
    candidates,
    count_in,
    id_in,
    object_sent,
    one_of,
    shown_word,
    time_in,
)
from .tiers import BATCH
from .transfer import file_to_send, lines_at, post_file, read_line

_PATH = "/messages/batches"
_STATES: Mapping[str, BatchState] = {"in_progress": "in_progress", "canceling": "cancelling"}
_STATUSES = {
    "invalid_request_error": 400, "authentication_error": 401, "billing_error": 402, "permission_error": 403,
    "not_found_error": 404, "request_too_large": 413, "rate_limit_error": 429, "api_error": 500, "timeout_error": 504,
    "overloaded_error": 529,
}  # fmt: skip
"""The HTTP status that an error's type stands for."""
_SKEW = 900.0
"""Seconds that a server's clock may be behind."""
_A_BATCH = "a batch"


class MessageBatches:
    """Send batches to Anthropic, or to who speaks as it does."""

    def __init__(self, address: Address) -> None:
        """Take an address under which /messages is."""
        self._address = address

    async def upload(self, parcel: Parcel) -> str:
        """Send nothing: there are no files."""
        return ""

    async def create(self, parcel: Parcel) -> BatchStatus:
        """Create the batch, once."""
        with file_to_send() as file:
            before = b'{"requests": ['
            turns = Turns()
            for request in parcel.requests():
                await turns.after(len(request.body))
                custom_id = f"{_prefix(parcel.name)}{request.custom_id}".encode()
                file.write(b"".join([before, b'{"custom_id": "', custom_id, b'", "params": ', request.body, b"}"]))
                before = b",\n"
            file.write(b"]}")
            file.seek(0)
            return _status(object_sent(await post_file(self._address, _PATH, file), _A_BATCH))

    async def find(self, parcel: Parcel, others: Collection[str]) -> BatchStatus | None:
        """Find a batch that may have been created when nobody heard of it.

        What has ended is known by its results. Those that go on, and may be it, are asked for together, until one of
        them turns out to be it: until then, nobody knows.
        """
        open_: list[str] = []
        for sent in await self._candidates(parcel, others):
            status = _status(sent)
            if not status.has_ended:
                open_.append(status.batch)
            elif await self._is_of(status.batch, parcel.name):
                return status
        if not open_:
            return None
        return BatchStatus(one_of(open_, parcel.name), "in_progress", is_certain=False)

    async def _candidates(self, parcel: Parcel, others: Collection[str]) -> list[dict[str, Any]]:
        """Return the batches that may be a parcel's: of its size, not before its time, and no other's."""
        batches: list[dict[str, Any]] = []
        after = ""
        for _ in range(PAGES):
            query = {"limit": str(PAGE), **({"after_id": after} if after else {})}
            page = object_sent(await fetch(self._address, f"{_PATH}?{urlencode(query)}"), "a list of batches")
            listed = [batch for batch in page.get("data") or () if isinstance(batch, dict)]
            batches += [each for each in listed if _total(each) == parcel.count and each.get("id") not in others]
            after, earlier = str(page.get("last_id") or ""), any(_began(each) < parcel.began - _SKEW for each in listed)
            if earlier or not page.get("has_more") or not after:
                break
        return [batch for batch in batches if _began(batch) >= parcel.began - _SKEW]

    async def _is_of(self, batch: str, name: str) -> bool:
        """Tell whether a batch that ended is a parcel's, of the first of its results."""
        async with aclosing(self._lines(batch)) as lines:
            async for line in lines:
                if custom_id := _custom_id(read_json(line)):
                    return custom_id.startswith(_prefix(name))
        return False

    async def poll(self, batch: str) -> BatchStatus:
        """Ask how far a batch has come."""
        batches, name = candidates(batch)
        if not name:
            return await self._polled(batch)
        is_open = False
        for candidate in batches:
            status = await self._polled(candidate)
            if status.has_ended and await self._is_of(candidate, name):
                return status
            is_open = is_open or not status.has_ended
        if is_open:
            return BatchStatus(batch, "in_progress", is_certain=False)
        return BatchStatus(batch, "failed", error="none of the batches that were found is the one that was sent")

    async def _polled(self, batch: str) -> BatchStatus:
        return _status(object_sent(await fetch(self._address, f"{_PATH}/{quote(batch, safe='')}"), _A_BATCH))

    async def results(self, status: BatchStatus) -> AsyncGenerator[BatchResult]:
        """Yield what came of each request; a line that is none of ours is left out."""
        for batch in status.outputs:
            async with aclosing(self._lines(batch)) as lines:
                async for line in lines:
                    if result := await read_line(_result_in, line):
                        yield result.without(self._address.secrets)

    def _lines(self, batch: str) -> AsyncGenerator[bytes]:
        # Not where `results_url` leads: a key goes nowhere else.
        return lines_at(self._address, f"{_PATH}/{quote(batch, safe='')}/results")

    async def cancel(self, batch: str) -> BatchStatus:
        """Ask that a batch be cancelled, if it is known which it is."""
        if candidates(batch)[1]:
            return await self.poll(batch)
        return _status(
            object_sent(await fetch(self._address, f"{_PATH}/{quote(batch, safe='')}/cancel", b""), _A_BATCH)
        )

    async def forget(self, parcel: Parcel) -> None:
        """Delete nothing: what came of a batch is gone after 29 days."""


def _prefix(name: str) -> str:
    return f"{name.replace('.', '-')}_"


def _status(sent: Mapping[str, Any]) -> BatchStatus:
    batch = id_in(sent)
    counts = _counts(sent)
    word = str(sent.get("processing_status"))
    state: BatchState = _STATES.get(word, "in_progress")
    if word == "ended":
        state = "cancelled" if counts["canceled"] else "expired" if counts["expired"] else "completed"
    succeeded = counts["succeeded"]
    rest = sum(counts[name] for name in ("errored", "canceled", "expired"))
    outputs = (batch,) if word == "ended" else ()
    return BatchStatus(
        batch,
        state,
        succeeded,
        rest,
        outputs=outputs,
        word="" if word == "ended" or word in _STATES else shown_word(word),
        expires=time_in(sent, "expires_at"),
    )


def _counts(sent: Mapping[str, Any]) -> dict[str, int]:
    counts = sent.get("request_counts")
    names = ("processing", "succeeded", "errored", "canceled", "expired")
    return {name: count_in(counts, name) for name in names}


def _total(sent: Mapping[str, Any]) -> int:
    return sum(_counts(sent).values())


def _began(sent: Mapping[str, Any]) -> float:
    began = time_in(sent, "created_at")
    return float("inf") if began is None else began  # nobody knows, so that it may be any


def _custom_id(sent: object) -> str | None:
    custom_id = sent.get("custom_id") if isinstance(sent, dict) else None
    return custom_id if isinstance(custom_id, str) else None


def _result_in(line: bytes) -> BatchResult | None:
    """Read a line of results; None where it is none."""
    sent = read_json(line)
    custom_id = _custom_id(sent)
    result = sent.get("result") if isinstance(sent, dict) else None
    if custom_id is None or not isinstance(result, dict):
        return None
    custom_id = custom_id.rpartition("_")[2]
    match result:
        case {"type": "succeeded", "message": dict(message)}:
            if isinstance(usage := message.get("usage"), dict):
                usage["service_tier"] = BATCH  # by which it is priced
            return BatchResult(custom_id, 200, write_json(message))
        case {"type": "errored", "error": dict(error)}:
            inner = error.get("error")
            kind = (inner if isinstance(inner, dict) else error).get("type")
            return BatchResult(custom_id, _STATUSES.get(str(kind), 500), write_json(error))
        case {"type": str(kind)}:
            return BatchResult(custom_id, None, kind.encode("utf-8", "replace"))
    return None
