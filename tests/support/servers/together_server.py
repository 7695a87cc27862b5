"""The same server, as Together's: other words for states, a job around what was created, a list without pages."""

import json
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from batch_server import BatchServer

_STATES = {"finalizing": "IN_PROGRESS", "cancelling": "IN_PROGRESS"}


class TogetherServer(BatchServer):
    """Be the server's script and its log."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.purpose, self.most_bytes = "batch-api", 100 * 10**6

    def app(self) -> web.Application:
        app = super().app()
        app.router.add_post("/v1/files/upload", self.upload)
        return app

    def store(self, content: bytes, purpose: str, name: str) -> dict[str, Any]:
        shown = super().store(content, purpose, name)
        shown |= {"FileType": "jsonl", "Processed": True, "LineCount": 0}
        return shown

    async def create_batch(self, http: web.Request) -> web.Response:
        return _again(await super().create_batch(http), lambda sent: {"job": _job(sent)} if "id" in sent else sent)

    async def list_batches(self, http: web.Request) -> web.Response:
        return web.json_response([_job(batch.shown) for batch in self.batches.values()])

    async def retrieve_batch(self, http: web.Request) -> web.Response:
        return _again(await super().retrieve_batch(http), _job)

    async def cancel_batch(self, http: web.Request) -> web.Response:
        return _again(await super().cancel_batch(http), lambda sent: _job(sent) if "id" in sent else sent)


def _again(response: web.Response, change: Any) -> web.Response:
    return web.json_response(change(json.loads(response.text or "null")), status=response.status)


def _job(shown: dict[str, Any]) -> dict[str, Any]:
    """Return a batch as Together shows it."""
    counts = shown["request_counts"]
    errors = (shown["errors"] or {}).get("data") or []
    done = (counts["completed"] + counts["failed"]) / counts["total"] if counts["total"] else 0.0
    return {
        "id": shown["id"], "user_id": "user", "input_file_id": shown["input_file_id"], "file_size_bytes": 1,
        "status": _STATES.get(shown["status"], shown["status"].upper()), "job_deadline": _time(shown["expires_at"]),
        "created_at": _time(shown["created_at"]), "endpoint": shown["endpoint"], "progress": 100 * done,
        "model_id": "m", "output_file_id": shown["output_file_id"] or "", "error_file_id": shown["error_file_id"] or "",
        "error": "; ".join(error["message"] for error in errors), "completed_at": _time(shown["completed_at"]),
    }  # fmt: skip


def _time(seconds: int | None) -> str | None:
    return datetime.fromtimestamp(seconds, UTC).isoformat() if seconds else None
