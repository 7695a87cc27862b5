"""Batches as OpenAI takes them, and whoever else has /v1/files and /v1/batches: Together with words of its own."""

from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from ..text import one_line, plain, redact
from ..wire.parsing import read_json, write_json
from ..wire.refusals import ServerError, UnreadableAnswer, status_in
from ..wire.sending import Address, fetch
from ..wire.sizes import Turns
from .account_refusals import is_accounts
from .provider import (
    ENDED,
    PAGE,
    PAGES,
    BatchResult,
    BatchState,
    BatchStatus,
    Parcel,
    count_in,
    id_in,
    is_full_code,
    object_sent,
    shown_word,
    time_in,
)
from .tiers import BATCH, batch_limits
from .transfer import delete, file_to_send, lines_at, read_line, send_file

_STATES: Mapping[str, BatchState] = {
    "validating": "validating",
    "queued": "validating",
    "pending": "validating",
    "in_progress": "in_progress",
    "finalizing": "finalizing",
    "completed": "completed",
    "failed": "failed",
    "expired": "expired",
    "cancelling": "cancelling",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_SHOWN = 300
_NEVER_ASKED = frozenset({"batch_expired", "batch_cancelled", "batch_canceled"})
_LATER = frozenset({"server_error", "internal_error", "internal_server_error", "api_error", "service_unavailable"})
"""What is said of a request that the same provider may answer yet; whatever has `timeout` in it is one, too."""
_MOST_DIGITS = 3


class OpenAIBatches:
    """Send batches to an address of OpenAI's API."""

    def __init__(self, address: Address) -> None:
        """Take an address whose base URL ends as that of /chat/completions does, in /v1 mostly."""
        self._address = address
        self._limits = batch_limits(address.url)
        self._is_together = self._limits.purpose == "batch-api"

    async def upload(self, parcel: Parcel) -> str:
        """Send a parcel's requests as a file, and return its id."""
        with file_to_send() as file:
            turns = Turns()
            for request in parcel.requests():
                await turns.after(len(request.body))
                head = b'{"custom_id": "%s", ' % request.custom_id.encode()
                how = b"" if self._is_together else b'"method": "POST", "url": "/v1/chat/completions", '
                file.write(b"".join([head, how, b'"body": ', request.body, b"}\n"]))
            file.seek(0)
            name, fields = f"{parcel.name}.jsonl", {"purpose": self._limits.purpose}
            path = "/files"
            if self._is_together:
                path, fields = "/files/upload", {**fields, "file_name": name, "file_type": "jsonl"}
            return id_in(object_sent(await send_file(self._address, path, file, name, fields), "a file"))

    async def create(self, parcel: Parcel) -> BatchStatus:
        """Create the batch, once."""
        order: dict[str, Any] = {
            "input_file_id": parcel.file,
            "endpoint": "/v1/chat/completions",
            "completion_window": self._limits.windows[0],
        }
        if not self._is_together:
            order["metadata"] = {"langgraph_moa": parcel.name}
        once = replace(self._address, attempts=1)
        return self._status(object_sent(await fetch(once, "/batches", write_json(order)), "a batch"))

    async def find(self, parcel: Parcel, others: Collection[str]) -> BatchStatus | None:
        """Find the batch of a parcel's file in the provider's list."""
        after: str | None = None
        for _ in range(PAGES):
            query = {"limit": str(PAGE), **({"after": after} if after else {})}
            sent = read_json(await fetch(self._address, f"/batches?{urlencode(query)}"))
            batches = sent.get("data") if isinstance(sent, dict) else sent
            if not isinstance(batches, list):
                raise UnreadableAnswer("found no list of batches in the answer's place, expected one")
            for batch in batches:
                if isinstance(batch, dict) and batch.get("input_file_id") == parcel.file:
                    return self._status(batch)
            last = batches[-1].get("id") if batches and isinstance(batches[-1], dict) else None
            if not (isinstance(sent, dict) and sent.get("has_more")) or not isinstance(last, str) or last == after:
                return None
            after = last
        return None

    async def poll(self, batch: str) -> BatchStatus:
        """Ask how far a batch has come."""
        return self._status(object_sent(await fetch(self._address, f"/batches/{quote(batch, safe='')}"), "a batch"))

    async def results(self, status: BatchStatus) -> AsyncGenerator[BatchResult]:
        """Yield what stands in the files of answers and of errors; a line that is none of ours is left out."""
        for file in status.outputs:
            async with aclosing(lines_at(self._address, f"/files/{quote(file, safe='')}/content")) as lines:
                async for line in lines:
                    if result := await read_line(_result_in, line):
                        yield result.without(self._address.secrets)

    async def cancel(self, batch: str) -> BatchStatus:
        """Ask that a batch be cancelled."""
        sent = await fetch(self._address, f"/batches/{quote(batch, safe='')}/cancel", b"{}")
        return self._status(object_sent(sent, "a batch"))

    async def forget(self, parcel: Parcel) -> None:
        """Delete the file that was uploaded."""
        if parcel.file:
            try:
                await delete(self._address, f"/files/{quote(parcel.file, safe='')}")
            except ServerError as exc:
                if exc.status_code not in (404, 405, 501):
                    raise

    def _status(self, sent: dict[str, Any]) -> BatchStatus:
        sent = sent["job"] if isinstance(sent.get("job"), dict) else sent  # as Together answers who creates one
        word = str(sent.get("status", "")).lower()
        state = _STATES.get(word, "in_progress")
        counts = sent.get("request_counts")
        completed, failed = (count_in(counts, name) for name in ("completed", "failed"))
        files = [sent.get("output_file_id"), sent.get("error_file_id")] if state in ENDED else []
        outputs = tuple(dict.fromkeys(id_in({"id": file}) for file in files if file))
        errors = _errors_in(sent)
        return BatchStatus(
            id_in(sent),
            state,
            completed,
            failed,
            self._words(errors),
            is_full=any(is_full_code(str(error.get("code"))) for error in errors),
            is_accounts=any(is_accounts(None, error) for error in errors),
            outputs=outputs,
            word="" if word in _STATES else shown_word(word),
            expires=time_in(sent, "expires_at"),
        )

    def _words(self, errors: list[dict[str, Any]]) -> str | None:
        """Say why a batch failed as a whole."""
        messages = []
        for fields in errors:
            where = f" (line {fields['line']})" if isinstance(fields.get("line"), int) else ""
            messages.append(f"{fields.get('message') or fields.get('code')}{where}")
        return plain(one_line(redact("; ".join(messages), self._address.secrets), limit=_SHOWN)) if messages else None


def _errors_in(sent: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the first of what a batch failed with as a whole."""
    errors = sent.get("errors")
    errors = errors.get("data") if isinstance(errors, dict) else errors
    parts = errors if isinstance(errors, list) else [sent["error"]] if sent.get("error") else []
    return [part if isinstance(part, dict) else {"message": part} for part in parts[:3]]


def _result_in(line: bytes) -> BatchResult | None:
    """Read a line of answers or errors; None where it is none."""
    sent = read_json(line)
    if not isinstance(sent, dict) or not isinstance(custom_id := sent.get("custom_id"), str):
        return None
    if isinstance(response := sent.get("response"), dict):
        body, status = response.get("body"), _status_of(response)
        if isinstance(body, dict) and status == 200:
            body["service_tier"] = BATCH  # by which it is priced
        text = body.encode("utf-8", "replace") if isinstance(body, str) else write_json(body)
        return BatchResult(custom_id, status, text)
    error = sent.get("error") or {}
    return BatchResult(custom_id, _status_in(error), write_json({"error": error}))


def _status_of(response: dict[str, Any]) -> int:
    """Return the status of what was asked; one that nobody can read is that of its body."""
    status, body = response.get("status_code", 200), response.get("body")
    if isinstance(status, str) and status.isascii() and status.isdigit() and len(status) <= _MOST_DIGITS:
        status = int(status)
    if isinstance(status, int) and not isinstance(status, bool) and 100 <= status < 600:
        return status
    return 200 if isinstance(body, dict) and isinstance(body.get("choices"), list) else status_in(body) or 500


def _status_in(error: object) -> int | None:
    """Return the status of an error without a response, as some say in words what others say in numbers."""
    if not isinstance(error, dict):
        return 500
    if (status := status_in({"error": error})) is not None:
        return status
    names = [name.lower() for name in (error.get("code"), error.get("type")) if isinstance(name, str)]
    if not error or not _NEVER_ASKED.isdisjoint(names):
        return None
    return 500 if not names or any(name in _LATER or "timeout" in name for name in names) else 400
