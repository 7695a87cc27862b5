"""The same server, as Anthropic's: /v1/messages, and batches of them, which hold their requests and tell no more.

A batch of theirs has neither a name nor anything of its sender's: whoever lost the answer to its creation can only
look through the list for one of the same size and time.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from aiohttp import web
from batch_server import BatchServer, Plan
from langgraph_moa.core.portal import close_portals
from loopback import Reply, Request, running

CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 413: "request_too_large", 429: "rate_limit_error", 504: "timeout_error",
    529: "overloaded_error",
}  # fmt: skip
ENDINGS = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}


@dataclass
class MessageBatch:
    """Be one batch."""

    id: str
    shown: dict[str, Any]
    plan: Plan
    requests: list[dict[str, Any]]
    polls: int = 0
    results: bytes = b""


class MessageServer(BatchServer):
    """Be the server's script and its log."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.message_batches: dict[str, MessageBatch] = {}
        self.most_message_requests, self.most_message_bytes = 100_000, 256 * 10**6
        self.key: str | None = None
        """What who asks must show; None lets all in."""
        self.now: Callable[[], datetime] = partial(datetime.now, UTC)

    def app(self) -> web.Application:
        app = super().app()
        add = app.router.add_route
        add("POST", "/v1/messages", self._message)
        add("POST", "/v1/messages/batches", self._create_messages)
        add("GET", "/v1/messages/batches", self._list_messages)
        add("GET", "/v1/messages/batches/{id}", self._retrieve_messages)
        add("GET", "/v1/messages/batches/{id}/results", self._results)
        add("POST", "/v1/messages/batches/{id}/cancel", self._cancel_messages)
        return app

    def _check(self, http: web.Request) -> None:
        """Let in who shows the key, in one of its two ways, and says which version of the API it speaks."""
        shown = [http.headers.get("x-api-key"), http.headers.get("Authorization", "").removeprefix("Bearer ")]
        if self.key is not None and [*filter(None, shown)] != [self.key]:
            raise _stopped(401, "invalid x-api-key")
        if http.headers.get("anthropic-version") not in ("2023-06-01", "2026-10-21"):
            raise _stopped(400, "anthropic-version: header is required")

    async def _message(self, http: web.Request) -> web.Response:
        self._check(http)
        status, told, _ = self._answer_to(await http.json(), {}, None)
        return web.json_response(told, status=status)

    def _answer_to(self, body: dict[str, Any], about: dict[str, Any], status: int | None) -> tuple[int, Any, str]:
        """Return what a request is answered, its status, and its kind of result."""
        request = Request("/v1/messages", body, {})
        self.requests.append(request)
        if fault := fault_of(body):
            return 400, _error(400, fault), "errored"
        reply = Reply(status=status) if status else self.reply_to(request)
        if reply.broken in ("expired", "canceled"):
            return 200, None, reply.broken
        if reply.status != 200:
            told = json.loads(reply.body) if reply.body else _error(reply.status, f"scripted failure {reply.status}")
            return reply.status, told, "errored"
        message = message_of(request, reply)
        self.billed.append(message["usage"])
        self.note(body, message["usage"], about)
        return 200, message, "succeeded"

    async def _create_messages(self, http: web.Request) -> web.Response:
        self._check(http)
        if (http.content_length or 0) > self.most_message_bytes:
            return web.json_response(_error(413, "Request exceeds the maximum size"), status=413)
        requests = (await http.json()).get("requests")
        ids = [str(request.get("custom_id")) for request in requests or []]
        if not requests or len(requests) > self.most_message_requests:
            raise _stopped(400, f"requests: found {len(ids)}, expected 1 to {self.most_message_requests}")
        if len({*ids}) < len(ids) or not all(map(CUSTOM_ID.fullmatch, ids)):
            raise _stopped(400, "requests: custom_id must be unique, of at most 64 letters, digits, - and _")
        now, number = self.now(), len(self.message_batches)
        shown = {
            "id": f"msgbatch_{number}_{self.dice.randrange(10**9):09d}", "type": "message_batch",
            "processing_status": "in_progress", "request_counts": _counts(processing=len(ids)), "ended_at": None,
            "created_at": now.isoformat(), "expires_at": (now + timedelta(days=1)).isoformat(), "archived_at": None,
            "cancel_initiated_at": None, "results_url": None,
        }  # fmt: skip
        plan = self.plans.pop(0) if self.plans else self.plan
        batch = MessageBatch(str(shown["id"]), shown, plan, requests)
        self.message_batches[batch.id] = batch
        self.write({"created": batch.id, "requests": len(ids)})
        return web.json_response(shown)

    async def _list_messages(self, http: web.Request) -> web.Response:
        self._check(http)
        items = [batch.shown for batch in self.message_batches.values()][::-1]
        limit, after = int(http.query.get("limit", 20)), http.query.get("after_id")
        start = next((place + 1 for place, item in enumerate(items) if item["id"] == after), 0)
        part = items[start : start + limit]
        ends = {"first_id": part[0]["id"], "last_id": part[-1]["id"]} if part else {"first_id": None, "last_id": None}
        return web.json_response({"data": part, "has_more": start + limit < len(items), **ends})

    def _batch(self, http: web.Request) -> MessageBatch:
        self._check(http)
        try:
            return self.message_batches[http.match_info["id"]]
        except KeyError:
            raise _stopped(404, "Message batch not found") from None

    async def _retrieve_messages(self, http: web.Request) -> web.Response:
        batch = self._batch(http)
        batch.polls += 1
        if batch.polls > batch.plan.polls and batch.shown["processing_status"] != "ended":
            self._end(batch, http)
        return web.json_response(batch.shown)

    async def _cancel_messages(self, http: web.Request) -> web.Response:
        batch = self._batch(http)
        if batch.shown["processing_status"] == "ended":
            raise _stopped(400, "This batch has already ended")
        batch.shown |= {"processing_status": "canceling", "cancel_initiated_at": self.now().isoformat()}
        batch.polls = 0
        return web.json_response(batch.shown)

    async def _results(self, http: web.Request) -> web.Response:
        batch = self._batch(http)
        if batch.shown["processing_status"] != "ended":
            raise _stopped(400, "Results are not available until processing has ended")
        return web.Response(body=batch.results, content_type="application/x-jsonl")

    def _end(self, batch: MessageBatch, http: web.Request) -> None:
        """Answer what is answered, and write the results."""
        plan, lines, counts = batch.plan, [], _counts()
        cancelling = batch.shown["processing_status"] == "canceling"
        early = "canceled" if cancelling else "expired" if plan.end == "expired" else None
        requests = [*batch.requests]
        self.dice.shuffle(requests)
        end = int(len(requests) * (plan.share if plan.share < 1 else 0.5)) if early else len(requests)
        for number, request in enumerate(requests):
            about = {"batch": batch.id, "custom_id": request["custom_id"]}
            status = plan.statuses[number] if number < len(plan.statuses) else None
            answer = None if number >= end else self._answer_to(request["params"], about, status)
            kind = answer[2] if answer else str(early)
            counts[kind] += 1
            result = {"type": kind}
            if answer and kind in ("succeeded", "errored"):
                result["message" if kind == "succeeded" else "error"] = answer[1]
            lines.append(json.dumps({"custom_id": request["custom_id"], "result": result}))
        self.dice.shuffle(lines)
        lines = [*plan.garbage, *lines[plan.lost :], *lines[: plan.doubled]]
        batch.results, batch.requests = "".join(f"{line}\n" for line in lines).encode(), []
        url = f"http://{http.host}/v1/messages/batches/{batch.id}/results"
        ended = {"processing_status": "ended", "ended_at": self.now().isoformat()}
        batch.shown |= {**ended, "results_url": url, "request_counts": counts}


def _counts(**counts: int) -> dict[str, int]:
    return {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0, **counts}


def _error(status: int, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": TYPES.get(status, "api_error"), "message": message}, "request_id": "r"}


def _stopped(status: int, message: str) -> Exception:
    kinds: dict[int, Any] = {400: web.HTTPBadRequest, 401: web.HTTPUnauthorized, 404: web.HTTPNotFound}
    stopped: Exception = kinds[status](text=json.dumps(_error(status, message)), content_type="application/json")
    return stopped


def fault_of(body: dict[str, Any]) -> str | None:
    """Return what the API would refuse in a request."""
    if not isinstance(body.get("max_tokens"), int) or body["max_tokens"] < 1:
        return "max_tokens: Field required"
    roles = [message.get("role") for message in body.get("messages") or []]
    if not roles or roles[0] != "user" or not {*roles} <= {"user", "assistant"}:
        return f"messages: found the roles {roles}"
    if unknown := body.keys() - _FIELDS:
        return f"{min(unknown)}: Extra inputs are not permitted"
    for message in body["messages"]:
        blocks = message["content"] if isinstance(message["content"], list) else [{"type": "text", "text": "a"}]
        if not message["content"] or any(block.get("text") == "" for block in blocks):
            return "messages: text content blocks must be non-empty"
        if {block["type"] for block in blocks} - _BLOCKS[message["role"]]:
            return "messages: a block's type is not allowed"
    return _loose_calls(body["messages"])


_FIELDS = frozenset(
    "cache_control max_tokens messages metadata model output_config service_tier stop_sequences stream system "
    "temperature thinking tool_choice tools top_k top_p".split()
)
_BLOCKS = {"user": {"text", "image", "document", "tool_result"}, "assistant": {"text", "tool_use"}}


def _loose_calls(messages: list[dict[str, Any]]) -> str | None:
    """Tell calls that are not answered in the very next message."""
    waiting: set[str] = set()
    for message in messages:
        blocks = message["content"] if isinstance(message["content"], list) else []
        results = {block["tool_use_id"] for block in blocks if block["type"] == "tool_result"}
        if waiting != results:
            return f"messages: tool_use ids {sorted(waiting ^ results)} are not matched by tool_result blocks"
        waiting = {block["id"] for block in blocks if block["type"] == "tool_use"}
    return None


def message_of(request: Request, reply: Reply) -> dict[str, Any]:
    """Return the answer as it is sent."""
    read, written = len(request.prompt.split()), len(reply.text.split())
    calls = [
        {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": args}
        for number, (name, args) in enumerate(reply.tool_calls)
    ]
    thoughts = [{"type": "thinking", "thinking": reply.reasoning, "signature": "s"}] if reply.reasoning else []
    texts = [{"type": "text", "text": reply.text}] if reply.text else []
    end = "tool_use" if calls else ENDINGS.get(reply.finish_reason, reply.finish_reason)
    usage: dict[str, Any] = {"input_tokens": read, "output_tokens": written, "cache_creation_input_tokens": 0}
    usage |= {"cache_read_input_tokens": 0, "service_tier": "batch"}
    return {
        "id": "msg_loopback", "type": "message", "role": "assistant", "model": reply.served or request.model,
        "content": reply.content or [*thoughts, *texts, *calls], "stop_reason": end, "stop_sequence": None,
        "usage": usage if reply.usage == "counted" else reply.usage,
    }  # fmt: skip


@contextmanager
def running_for_anthropic(monkeypatch: pytest.MonkeyPatch) -> Iterator[MessageServer]:
    """Run the server with a key of its own, in the place of Anthropic's."""
    with running(MessageServer()) as started:
        started.key = "sk-secret-key"
        monkeypatch.setenv("ANTHROPIC_API_KEY", started.key)
        monkeypatch.setenv("ANTHROPIC_BASE_URL", started.url.removesuffix("/v1"))
        yield started
        close_portals()
