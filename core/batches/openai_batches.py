"""Batches as OpenAI takes them, and whoever else has /v1/files and /v1/batches: Together with words of its own."""

from collections.abc import AsyncGenerator, Collection, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from ..text import one_line, plain, redact
from ..wire.parsing import read_json, write_json
from ..wire.refusals import ServerError, UnreadableAnswer
from ..wire.sending import Address, fetch
from ..wire.sizes import Turns
from .provider import ENDED, BatchResult, BatchState, BatchStatus, Parcel, count_in, id_in, is_full_code
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
_PAGE, _PAGES = 100, 100
_SHOWN = 300


class OpenAIBatches:
    """Send batches to an address of OpenAI's API."""

    def __init__(self, address: Address) -> None:
        """Take an address whose base URL ends as that of /chat/completions does, in /v1 mostly."""
        self._address = address
        self._limits = batch_limits(address.url)
        self._is_together = self._limits.purpose == "batch-api"
        self.name = self._limits.provider or "other"

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
            return id_in(_object(await send_file(self._address, path, file, name, fields), "a file"))

    async def create(self, parcel: Parcel) -> BatchStatus:
        """Create the batch, once."""
        order: dict[str, Any] = {
            "input_file_id": parcel.file,
            "endpoint": "/v1/chat/completions",
            "completion_window": self._limits.windows[0],
        }
        if not self._is_together:
            order["metadata"] = {"langgraph_moa": parcel.name}
        once = Address(**{**_fields(self._address), "attempts": 1})
        return self._status(_object(await fetch(once, "/batches", write_json(order)), "a batch"))

    async def find(self, parcel: Parcel, others: Collection[str]) -> BatchStatus | None:
        """Find the batch of a parcel's file in the provider's list."""
        after: str | None = None
        for _ in range(_PAGES):
            query = {"limit": str(_PAGE), **({"after": after} if after else {})}
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
        return self._status(_object(await fetch(self._address, f"/batches/{quote(batch, safe='')}"), "a batch"))

    async def results(self, status: BatchStatus) -> AsyncGenerator[BatchResult]:
        """Yield what stands in the files of answers and of errors; a line that is none of ours is left out."""
        for file in status.outputs:
            async for line in lines_at(self._address, f"/files/{quote(file, safe='')}/content"):
                if result := await read_line(_result_in, line):
                    yield result

    async def cancel(self, batch: str) -> BatchStatus:
        """Ask that a batch be cancelled."""
        sent = await fetch(self._address, f"/batches/{quote(batch, safe='')}/cancel", b"{}")
        return self._status(_object(sent, "a batch"))

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
        completed, failed, total = (count_in(counts, name) for name in ("completed", "failed", "total"))
        error, is_full = self._error(sent)
        files = [sent.get("output_file_id"), sent.get("error_file_id")] if state in ENDED else []
        outputs = tuple(dict.fromkeys(id_in({"id": file}) for file in files if file))
        return BatchStatus(id_in(sent), state, completed, failed, total, error, is_full, outputs)

    def _error(self, sent: dict[str, Any]) -> tuple[str | None, bool]:
        """Say why a batch failed as a whole, and whether that was for too much being queued."""
        errors = sent.get("errors")
        errors = errors.get("data") if isinstance(errors, dict) else errors
        parts = errors if isinstance(errors, list) else [sent["error"]] if sent.get("error") else []
        messages, codes = [], set()
        for part in parts[:3]:
            fields = part if isinstance(part, dict) else {"message": part}
            codes.add(str(fields.get("code")))
            where = f" (line {fields['line']})" if isinstance(fields.get("line"), int) else ""
            messages.append(f"{fields.get('message') or fields.get('code')}{where}")
        words = plain(one_line(redact("; ".join(messages), self._address.secrets), limit=_SHOWN)) if messages else None
        return words, any(map(is_full_code, codes))


def _fields(address: Address) -> dict[str, Any]:
    return {name: getattr(address, name) for name in ("url", "key", "headers", "seconds", "attempts", "query")}


def _object(body: bytes, what: str) -> dict[str, Any]:
    sent = read_json(body)
    if not isinstance(sent, dict):
        raise UnreadableAnswer(f"found no JSON object in the answer's place, expected {what}; is the base URL right?")
    return sent


def _result_in(line: bytes) -> BatchResult | None:
    """Read a line of answers or errors; None where it is none."""
    sent = read_json(line)
    if not isinstance(sent, dict) or not isinstance(custom_id := sent.get("custom_id"), str):
        return None
    response, error = sent.get("response"), sent.get("error")
    if isinstance(response, dict):
        body, status = response.get("body"), response.get("status_code", 200)
        if isinstance(body, dict) and status == 200:
            body["service_tier"] = BATCH  # by which it is priced
        text = body.encode("utf-8", "replace") if isinstance(body, str) else write_json(body)
        if isinstance(status, int) and not isinstance(status, bool) and 100 <= status < 600:
            return BatchResult(custom_id, status, text)
    code = str(error.get("code")) if isinstance(error, dict) else ""
    return BatchResult(custom_id, None, code.encode("utf-8", "replace"))
