"""A server on 127.0.0.1 that takes files of requests and answers them as batches, as OpenAI's does, and live ones too.

A batch goes on when it is asked for, one state at a time, so that no test waits by the clock. `python batch_server.py`
runs it as a process, with a log of all that it bills.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from batch_files import ENDPOINTS, EXPIRED, Lines, counted, error_line, faults_of, output_line
from loopback import Loopback, Reply, Request, completion_of, running

FINISHED = {"completed", "failed", "expired", "cancelled"}


@dataclass
class Plan:
    """Say what becomes of one batch."""

    end: str = "completed"
    """`completed`, `expired`, `cancelled` or `failed`."""
    share: float = 1.0
    """The part of its requests that is answered before it expires, or is cancelled; the first of the shuffled."""
    polls: int = 1
    """How often each state is shown before the next one."""
    errors: list[dict[str, Any]] = field(default_factory=list)
    """What a failed one says; none fails as one that has too many tokens waiting."""
    lost: int = 0
    """How many of its requests neither file tells of."""
    doubled: int = 0
    """How many lines come twice."""
    together: bool = False
    """Whether what failed stands among the answers, instead of in a file of its own."""
    statuses: list[int] = field(default_factory=list)
    """With what its first requests, of the shuffled, fail."""
    garbage: list[str] = field(default_factory=list)
    """Lines that stand among the answers."""


@dataclass
class Refusal:
    """Say how one request to a path fails."""

    path: str
    """What it begins with, after /v1."""
    status: int = 429
    code: str = "rate_limit_exceeded"
    method: str = "POST"
    done: bool = False
    """Whether it is done, and only its answer lost."""
    headers: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    """How many are let through before."""


@dataclass
class Batch:
    """Be one batch."""

    id: str
    shown: dict[str, Any]
    plan: Plan
    lines: Lines
    polls: int = 0
    tokens: int = 0

    @property
    def status(self) -> str:
        return str(self.shown["status"])

    def to(self, status: str) -> None:
        self.shown["status"] = status
        self.shown[f"{status}_at"] = int(time.time())


@dataclass
class Stored:
    """Be one file."""

    shown: dict[str, Any]
    content: bytes


class BatchServer(Loopback):
    """Be the server's script and its log."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__()
        self.dice = random.Random(seed)
        self.files: dict[str, Stored] = {}
        self.batches: dict[str, Batch] = {}
        self.plans: list[Plan] = []
        """What becomes of the next batches, in their order; then `plan`."""
        self.plan = Plan()
        self.refusals: list[Refusal] = []
        self.most_requests, self.most_bytes = 50_000, 200 * 10**6
        self.most_tokens: int | None = None
        """How many tokens of a model may wait at once."""
        self.unlisted = 0
        """How often the list of batches still lacks all of them."""
        self.one_model = True
        self.purpose = "batch"
        self.log: Path | None = None
        self.billed_requests: list[dict[str, Any]] = []
        """What was answered: its `model`, `digest` and `usage`, and of a batch `batch` and `custom_id`."""

    def app(self) -> web.Application:
        app = super().app()
        scripted: Any = self._scripted
        app.middlewares.append(scripted)
        add = app.router.add_route
        add("POST", "/v1/files", self.upload)
        add("GET", "/v1/files", self._list_files)
        add("GET", "/v1/files/{id}", self._file)
        add("DELETE", "/v1/files/{id}", self._delete)
        add("GET", "/v1/files/{id}/content", self._content)
        add("POST", "/v1/batches", self.create_batch)
        add("GET", "/v1/batches", self.list_batches)
        add("GET", "/v1/batches/{id}", self.retrieve_batch)
        add("POST", "/v1/batches/{id}/cancel", self.cancel_batch)
        return app

    def bill(self, request: Request, usage: Any) -> None:
        super().bill(request, usage)
        self.note(request.body, usage, {})

    def note(self, body: dict[str, Any], usage: Any, about: dict[str, Any]) -> None:
        """Note an answer that is billed."""
        digest = sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
        self.write({"billed": body["model"], "digest": digest, "usage": usage, **about})

    def write(self, line: dict[str, Any]) -> None:
        """Note what was billed or made."""
        if "billed" in line:
            self.billed_requests.append({"model": line["billed"], **line})
        if self.log is not None:
            with self.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    @web.middleware
    async def _scripted(self, http: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what is to be refused, each refusal once."""
        path = http.path.removeprefix("/v1")
        for refusal in self.refusals:
            if refusal.method == http.method and path.startswith(refusal.path):
                refusal.seen -= 1
                if refusal.seen >= 0:
                    continue
                self.refusals.remove(refusal)
                if refusal.done:
                    await handler(http)
                    if http.transport:
                        http.transport.abort()
                    return web.Response(status=500)
                await http.read()
                return _refused(refusal.status, "scripted failure", refusal.code, headers=refusal.headers)
        return await handler(http)

    async def upload(self, http: web.Request) -> web.Response:
        """Take a file."""
        parts: dict[str, Any] = {}
        name = ""
        reader: Any = await http.multipart()
        while (part := await reader.next()) is not None:
            parts[str(part.name)] = bytes(await part.read()) if part.name == "file" else await part.text()
            name = part.filename or name
        if parts.get("purpose") != self.purpose or "file" not in parts:
            return _refused(400, f"found purpose {parts.get('purpose')!r} and parts {sorted(parts)}", "invalid_value")
        if not name.endswith(".jsonl"):
            return _refused(400, "Invalid file format for Batch API. Must be .jsonl", None)
        if len(parts["file"]) > self.most_bytes:
            return _refused(413, "File is too large", "file_too_large")
        return web.json_response(self.store(parts["file"], self.purpose, name))

    def store(self, content: bytes, purpose: str, name: str) -> dict[str, Any]:
        """Keep a file, and return what is shown of it."""
        file_id = f"file-{purpose}{len(self.files)}-{self.dice.randrange(10**9):09d}"
        shown = {
            "id": file_id, "object": "file", "bytes": len(content), "created_at": int(time.time()), "filename": name,
            "purpose": purpose, "status": "processed", "expires_at": int(time.time()) + 30 * 86400,
        }  # fmt: skip
        self.files[file_id] = Stored(shown, content)
        return shown

    def _of(self, http: web.Request, things: dict[str, Any], kind: str) -> Any:
        try:
            return things[http.match_info["id"]]
        except KeyError:
            told = {"error": {"message": f"No such {kind}", "type": "invalid_request_error", "param": "id"}}
            raise web.HTTPNotFound(text=json.dumps(told), content_type="application/json") from None

    async def _file(self, http: web.Request) -> web.Response:
        return web.json_response(self._of(http, self.files, "file").shown)

    async def _content(self, http: web.Request) -> web.Response:
        return web.Response(body=self._of(http, self.files, "file").content, content_type="application/octet-stream")

    async def _delete(self, http: web.Request) -> web.Response:
        self._of(http, self.files, "file")
        del self.files[http.match_info["id"]]
        return web.json_response({"id": http.match_info["id"], "object": "file", "deleted": True})

    async def _list_files(self, http: web.Request) -> web.Response:
        return _page(http, [file.shown for file in self.files.values()], 10_000)

    async def list_batches(self, http: web.Request) -> web.Response:
        """List batches, the newest first."""
        self.unlisted -= 1
        return _page(http, [batch.shown for batch in self.batches.values() if self.unlisted < 0], 20)

    async def create_batch(self, http: web.Request) -> web.Response:
        """Create a batch of a file."""
        asked = await http.json()
        stored = self.files.get(asked.get("input_file_id", ""))
        if stored is None or stored.shown["purpose"] != self.purpose:
            return _refused(400, "Cannot find the file, or it is none of a batch", None, param="input_file_id")
        window = asked.get("completion_window", None if self.purpose == "batch" else "24h")
        if window != "24h" or asked.get("endpoint") not in ENDPOINTS:
            return _refused(400, "found another window or endpoint", "invalid_value")
        now, number = int(time.time()), len(self.batches)
        shown = {
            "id": f"batch_{number}_{self.dice.randrange(10**9):09d}", "object": "batch", "endpoint": asked["endpoint"],
            "errors": None, "input_file_id": asked["input_file_id"], "completion_window": "24h", "status": "validating",
            "output_file_id": None, "error_file_id": None, "created_at": now, "in_progress_at": None,
            "expires_at": now + 86400, "finalizing_at": None, "completed_at": None, "failed_at": None,
            "expired_at": None, "cancelling_at": None, "cancelled_at": None,
            "request_counts": {"total": 0, "completed": 0, "failed": 0}, "metadata": asked.get("metadata"),
        }  # fmt: skip
        plan = self.plans.pop(0) if self.plans else self.plan
        batch = Batch(str(shown["id"]), shown, plan, Lines(stored.content))
        self.batches[batch.id] = batch
        self.write({"created": batch.id, "requests": len(batch.lines), "file": asked["input_file_id"]})
        return web.json_response(shown)

    async def retrieve_batch(self, http: web.Request) -> web.Response:
        """Tell how far a batch is, and take it on."""
        batch: Batch = self._of(http, self.batches, "batch")
        batch.polls += 1
        if batch.polls > batch.plan.polls and batch.status not in FINISHED:
            batch.polls = 1
            self._on(batch)
        return web.json_response(batch.shown)

    async def cancel_batch(self, http: web.Request) -> web.Response:
        """Cancel a batch."""
        batch: Batch = self._of(http, self.batches, "batch")
        if batch.status in FINISHED:
            return _refused(409, f"Cannot cancel a batch with status {batch.status!r}.", None)
        batch.to("cancelling")
        batch.polls = 0
        return web.json_response(batch.shown)

    def _on(self, batch: Batch) -> None:
        """Take a batch to its next state."""
        if batch.status == "validating":
            self._validate(batch)
        elif batch.status == "cancelling":
            self._finish(batch, "cancelled")
        elif batch.status == "in_progress" and batch.plan.end in ("completed", "failed"):
            batch.to("finalizing")
        else:
            self._finish(batch, batch.plan.end)

    def _validate(self, batch: Batch) -> None:
        faults = [*batch.plan.errors] if batch.plan.end == "failed" else []
        faults = faults or faults_of(
            batch.lines, str(batch.shown["endpoint"]), self.most_requests, self.one_model, self.purpose
        )
        if not faults:
            batch.tokens = batch.lines.tokens
            models = batch.lines.models
            waiting = sum(other.tokens for other in self.batches.values() if other.lines.models & models)
            if batch.plan.end == "failed" or (self.most_tokens is not None and waiting > self.most_tokens):
                message = f"Enqueued token limit reached for {min(models)}. Limit: {self.most_tokens} enqueued tokens."
                faults = [{"code": "token_limit_exceeded", "message": message, "param": None, "line": None}]
        if faults:
            batch.tokens = 0
            batch.shown["errors"] = {"object": "list", "data": faults}
            batch.to("failed")
            return
        batch.shown["request_counts"]["total"] = len(batch.lines)
        batch.to("in_progress")

    def _finish(self, batch: Batch, status: str) -> None:
        """Answer what is answered, and write both files."""
        plan, counts = batch.plan, {"total": len(batch.lines), "completed": 0, "failed": 0}
        lines = [*batch.lines.parsed]
        self.dice.shuffle(lines)
        whole = status == "completed"
        end = len(lines) if whole else int(len(lines) * (plan.share if plan.share < 1 else 0.5))
        outputs: list[str] = [*plan.garbage]
        errors: list[str] = []
        for number, line in enumerate(lines):
            reply = self.reply_to(request := Request("", line["body"], {}))
            reply = Reply(status=plan.statuses[number]) if number < len(plan.statuses) else reply
            if number >= end or reply.broken in EXPIRED:
                errors.append(error_line(line, (reply.broken or status) if reply.broken in EXPIRED else status))
                counts["failed"] += 1
            elif reply.status != 200 or reply.body is not None:
                told = reply.body or json.dumps({"error": {"message": f"scripted failure {reply.status}", "type": "x"}})
                (outputs if plan.together else errors).append(output_line(line, reply.status, told))
                counts["failed"] += 1
            else:
                completion = completion_of(request, reply)
                super().bill(request, completion["usage"])
                self.note(line["body"], completion["usage"], {"batch": batch.id, "custom_id": line["custom_id"]})
                outputs.append(output_line(line, 200, json.dumps(completion)))
                counts["completed"] += 1
        self.dice.shuffle(outputs)
        outputs = outputs[plan.lost :] + outputs[: plan.doubled]
        for name, written in (("output", outputs), ("error", errors)):
            if written:
                content = "".join(f"{text}\n" for text in written).encode()
                batch.shown[f"{name}_file_id"] = self.store(content, "batch_output", f"{batch.id}_{name}.jsonl")["id"]
        batch.shown["request_counts"], batch.tokens = counts, 0
        batch.lines = Lines(b"")
        batch.to(status)


def _page(http: web.Request, items: list[dict[str, Any]], usual: int) -> web.Response:
    """Return a part of a list, the newest first."""
    items = items[::-1]
    limit, after = int(http.query.get("limit", usual)), http.query.get("after")
    start = next((place + 1 for place, item in enumerate(items) if item["id"] == after), 0)
    part = items[start : start + limit]
    ends = {"first_id": part[0]["id"], "last_id": part[-1]["id"]} if part else {"first_id": None, "last_id": None}
    return web.json_response({"object": "list", "data": part, "has_more": start + limit < len(items), **ends})


def _refused(
    status: int, message: str, code: str | None, *, param: str | None = None, headers: dict[str, str] | None = None
) -> web.Response:
    told = {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}
    return web.json_response(told, status=status, headers=headers)


@contextmanager
def batch_server(seed: int = 1) -> Iterator[BatchServer]:
    """Run it in a thread for as long as the block lasts."""
    with running(BatchServer(seed)) as server:
        yield server


async def _main(options: argparse.Namespace) -> None:
    """Serve until standard input closes, or for so long at most; what is billed is in the log only."""
    server = BatchServer(options.seed)
    server.log, server.plans = options.log, [Plan(**plan) for plan in json.loads(options.plans)]
    server.refusals = [Refusal(**refusal) for refusal in json.loads(options.refusals)]
    server.plan = Plan(polls=options.polls)
    words = " ".join(f"word{number}" for number in range(options.words))

    def script(body: dict[str, Any]) -> Reply:
        for log in (server.requests, server.queries, server.billed, server.billed_requests):
            log.clear()
        return Reply(f"{words} {counted(body)}")

    server.default = script
    runner = web.AppRunner(server.app(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=4096).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.get_running_loop().run_in_executor(None, sys.stdin.read), options.seconds)
    await runner.cleanup()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--log", type=Path, required=True, help="a file to which a line is added per answer")
    arguments.add_argument("--plans", default="[]", help="what becomes of the first batches, as JSON")
    arguments.add_argument("--refusals", default="[]", help="how requests fail, as JSON")
    arguments.add_argument("--polls", type=int, default=1)
    arguments.add_argument("--words", type=int, default=20)
    arguments.add_argument("--seconds", type=float, default=3600.0)
    arguments.add_argument("--seed", type=int, default=1)
    asyncio.run(_main(arguments.parse_args()))
