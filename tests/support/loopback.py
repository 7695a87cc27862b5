"""An OpenAI-compatible server on 127.0.0.1 that does as it is told: answers, delays, and every way of failing.

It is aiohttp's own web server. Tests run it in a thread; `python loopback.py` runs it as a process, for benchmarks.
"""

import argparse
import asyncio
import json
import os
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from aiohttp import web


@dataclass
class Reply:
    """Say what one model answers, and how it fails."""

    text: str = "an answer"
    reasoning: str = ""
    """What a message holds as `reasoning_content`."""
    delay: float = 0.0
    chunk_delay: float = 0.0
    finish_reason: str = "stop"
    refusal: str | None = None
    usage: Any = "counted"
    served: str | None = None
    tier: str | None = None
    """What it says of its tier of service."""
    tool_calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Names and arguments; `finish_reason` says so by itself."""
    status: int = 200
    body: str | None = None
    """Sent instead of a proper answer."""
    broken: str | None = None
    """`hang`, `reset`, `cut` (half the body), `reset_mid_stream` or `open_after_the_end` (of a stream)."""
    events: list[Any] = field(default_factory=list)
    """What is sent where a stream is asked for: bytes as they are, all else as the data of an event; then the end."""
    content: Any = None
    """What a message's content is instead of the text."""
    headers: dict[str, str] = field(default_factory=dict)
    logprobs: Any = None
    """What stands beside a message, and beside the first piece of a streamed one."""
    choices: list["Reply"] = field(default_factory=list)
    """What each choice of one request says; none repeats this one, or asks a script that is a function again."""


@dataclass
class Request:
    """Record one request."""

    path: str
    body: dict[str, Any]
    headers: dict[str, str]
    closed_early: threading.Event = field(default_factory=threading.Event)
    is_billed: bool = False
    """Whether its answer was sent."""

    @property
    def model(self) -> str:
        return str(self.body["model"])

    @property
    def messages(self) -> list[dict[str, Any]]:
        return list(self.body["messages"])

    @property
    def n(self) -> int:
        """Return how many choices it asks for."""
        return int(self.body.get("n") or 1)

    @property
    def prompt(self) -> str:
        return json.dumps(self.messages, ensure_ascii=False)

    async def closed(self) -> bool:
        """Tell whether its caller gave it up, of which the server may learn a moment later."""
        return await asyncio.to_thread(self.closed_early.wait, 60)


Script = Reply | Callable[[dict[str, Any]], Reply]
_L = TypeVar("_L", bound="Loopback")


class Loopback:
    """Be the server's script and its log."""

    def __init__(self) -> None:
        self.url = ""
        self.scripts: dict[str, Script] = {}
        self.default: Script = lambda body: Reply(f"answer of {body['model']}")
        self.requests: list[Request] = []
        self._news = threading.Condition()
        self.ports: set[int] = set()
        """The clients' ports, one a connection."""
        self.most_choices = 128
        """How many choices one request gets at most; 1 ignores `n`."""
        self.slots: int | None = None
        """How many choices one request may ask for, as llama.cpp's server has it."""
        self.refuses_n: int | None = None
        """The status that answers a request with `n`; None takes it."""
        self.listing: Reply | None = None
        """What `GET /v1/models` answers; None is no such path."""
        self.listed: list[dict[str, str]] = []
        """The headers of those who asked for it."""
        self.queries: list[dict[str, str]] = []
        """What each request's address asks with."""
        self.billed: list[dict[str, Any]] = []
        """The usage of every answer that was sent."""

    @property
    def resolve(self) -> Any:
        """Return what makes models of names, all of them on this server."""
        from langgraph_moa import resolve_model  # the process that benchmarks start needs none of it

        # `make soak` runs tests/nodes once more, on the openai package.
        transport: Any = os.environ.get("MOA_TEST_TRANSPORT")
        return partial(resolve_model, base_url=self.url, transport=transport)

    def say(self, model: str, script: "Script | str") -> None:
        self.scripts[model] = Reply(script) if isinstance(script, str) else script

    def wait_for(self, model: str, *, seconds: float = 60) -> None:
        """Block until a model has been asked."""
        self.wait_until(lambda: bool(self.asked(model)), seconds=seconds)

    def wait_until(self, is_so: Callable[[], bool], *, seconds: float = 60) -> None:
        """Block until the log of requests is as somebody waits for."""
        with self._news:
            if not self._news.wait_for(is_so, seconds):
                raise TimeoutError(f"it was not so within {seconds} s: {[r.model for r in self.requests]}")

    @property
    def tokens_billed(self) -> int:
        """Return the tokens of every answer that was sent, and of its prompt."""
        return sum(usage["total_tokens"] for usage in self.billed)

    def asked(self, model: str) -> list[Request]:
        return [r for r in self.requests if r.model == model]

    def app(self) -> web.Application:
        app = web.Application(client_max_size=2**28)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", self._models)
        return app

    async def _models(self, http: web.Request) -> web.StreamResponse:
        self.listed.append(dict(http.headers))
        self.queries.append(dict(http.query))
        reply = self.listing or Reply(status=404)
        await asyncio.sleep(600 if reply.broken == "hang" else reply.delay)
        text = reply.body or json.dumps({"error": {"message": f"scripted failure {reply.status}"}})
        return web.Response(status=reply.status, text=text, headers=reply.headers, content_type="application/json")

    async def _complete(self, http: web.Request) -> web.StreamResponse:
        request = Request(http.path, await http.json(), dict(http.headers))
        with self._news:
            self.requests.append(request)
            self.queries.append(dict(http.query))
            self._news.notify_all()
        self.ports.add(http.transport.get_extra_info("peername")[1] if http.transport else 0)
        reply = self.reply_to(request)
        try:
            return await self._answer(http, request, reply)
        except (asyncio.CancelledError, ConnectionResetError):
            request.closed_early.set()
            raise

    def reply_to(self, request: Request) -> Reply:
        """Return what a request is answered, with as many choices as it gets."""
        script = self.scripts.get(request.model, self.default)
        reply = script(request.body) if callable(script) else script
        if self.slots and request.n > self.slots:
            told = {"code": 400, "message": f"Field 'n': Value must be between 1 <= value <= {self.slots}"}
            reply = Reply(status=400, body=json.dumps({"error": told}))
        if request.n > 1 and self.refuses_n:
            told = {"message": "Unsupported value: 'n' must be 1", "type": "invalid_request_error", "param": "n"}
            reply = Reply(status=self.refuses_n, body=json.dumps({"error": told}))
        wanted = min(request.n, self.most_choices)
        if wanted > 1 and reply.status == 200 and not reply.choices:
            others = [script(request.body) if callable(script) else script for _ in range(wanted - 1)]
            reply = replace(reply, choices=[reply, *others])
        return replace(reply, choices=reply.choices[:wanted] or [reply])

    async def _answer(self, http: web.Request, request: Request, reply: Reply) -> web.StreamResponse:
        await asyncio.sleep(600 if reply.broken == "hang" else reply.delay)
        headers = {"x-should-retry": "false", **reply.headers}
        if reply.broken == "reset":
            _break(http)
        if reply.status != 200 or reply.body is not None:
            text = reply.body or json.dumps({"error": {"message": f"scripted failure {reply.status}", "type": "x"}})
            kind = "text/html" if text.startswith("<") else "application/json"
            return web.Response(status=reply.status, text=text, headers=headers, content_type=kind)
        if request.body.get("stream"):
            return await self._stream(http, request, reply, headers)
        whole = json.dumps(completion := completion_of(request, reply)).encode()
        if reply.broken in ("cut", "reset_mid_stream"):
            length = {"Content-Length": str(len(whole)), "Content-Type": "application/json"}
            response = web.StreamResponse(headers={**headers, **length})
            await response.prepare(http)
            await response.write(whole[: len(whole) // 2])
            _break(http)
            return response
        self.bill(request, completion["usage"])
        return web.Response(body=whole, headers=headers, content_type="application/json")

    def bill(self, request: Request, usage: Any) -> None:
        """Count an answer that is sent."""
        with self._news:
            request.is_billed = True
            self.billed += [usage] if usage else []
            self._news.notify_all()

    async def _stream(
        self, http: web.Request, request: Request, reply: Reply, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream"})
        await response.prepare(http)
        self.bill(request, _usage(request, reply))
        for event in reply.events:
            data = event if isinstance(event, bytes) else b"data: " + json.dumps(event).encode() + b"\n\n"
            await response.write(data)
        if reply.events:
            return response
        for number, chunk in enumerate(_chunks(request, reply)):
            if number == 2 and reply.broken in ("reset_mid_stream", "cut"):
                _break(http)
                return response
            await response.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            if reply.chunk_delay:
                await asyncio.sleep(reply.chunk_delay)
        await response.write(b"data: [DONE]\n\n")
        await asyncio.sleep(600 if reply.broken == "open_after_the_end" else 0)
        return response


def _break(http: web.Request) -> None:
    if http.transport:
        http.transport.abort()


def _head(request: Request, reply: Reply, kind: str) -> dict[str, Any]:
    tier = {"service_tier": reply.tier} if reply.tier else {}
    return {"id": "chatcmpl-loopback", "object": kind, "created": 1, "model": reply.served or request.model, **tier}


def _usage(request: Request, reply: Reply) -> Any:
    if reply.usage != "counted":
        return reply.usage
    # As OpenAI bills it: the prompt once, and what every choice says.
    read, written = len(request.prompt.split()), sum(len(choice.text.split()) for choice in reply.choices or [reply])
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def _tool_calls(request: Request, reply: Reply) -> list[dict[str, Any]]:
    return [
        {
            "id": f"call_{len(request.messages)}_{number}",
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(args)},
        }
        for number, (name, args) in enumerate(reply.tool_calls)
    ]


def _reason(reply: Reply) -> str:
    return "tool_calls" if reply.tool_calls and reply.finish_reason == "stop" else reply.finish_reason


def completion_of(request: Request, reply: Reply) -> dict[str, Any]:
    """Return the answer as it is sent."""
    choices = []
    for index, choice in enumerate(reply.choices or [reply]):
        content = choice.content or choice.text
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": choice.refusal}
        if choice.reasoning:
            message["reasoning_content"] = choice.reasoning
        if choice.tool_calls:
            message["tool_calls"] = _tool_calls(request, choice)
        about = {"finish_reason": _reason(choice), **({"logprobs": choice.logprobs} if choice.logprobs else {})}
        choices.append({"index": index, "message": message, **about})
    return {**_head(request, reply, "chat.completion"), "choices": choices, "usage": _usage(request, reply)}


def _chunks(request: Request, reply: Reply) -> Iterator[dict[str, Any]]:
    head = _head(request, reply, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    first = chunk({"role": "assistant", "content": ""})
    if reply.logprobs:
        first["choices"][0]["logprobs"] = reply.logprobs
    yield first
    if reply.reasoning:
        yield chunk({"reasoning_content": reply.reasoning})
    words = reply.text.split(" ")
    for number, word in enumerate(words):
        yield chunk({"content": word + (" " if number < len(words) - 1 else "")})
    if reply.refusal:
        yield chunk({"refusal": reply.refusal})
    for number, call in enumerate(_tool_calls(request, reply)):
        arguments = call["function"]["arguments"]
        half = len(arguments) // 2
        yield chunk({"tool_calls": [{**call, "index": number, "function": {**call["function"], "arguments": ""}}]})
        for piece in (arguments[:half], arguments[half:]):
            yield chunk({"tool_calls": [{"index": number, "function": {"arguments": piece}}]})
    yield chunk({}, _reason(reply))
    if request.body.get("stream_options", {}).get("include_usage"):
        yield {**head, "choices": [], "usage": _usage(request, reply)}


_PORTS: set[int] = set()


def _listener() -> socket.socket:
    """Listen at a port that no server of this process had: openai's client, which langchain-openai shares by address,
    would take up a connection of an event loop that is closed."""
    while True:
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        port = listener.getsockname()[1]
        if port not in _PORTS:
            _PORTS.add(port)
            return listener
        listener.close()


async def start(server: Loopback) -> web.AppRunner:
    runner = web.AppRunner(server.app(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.SockSite(runner, _listener(), backlog=4096).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    return runner


@contextmanager
def serve() -> Iterator[Loopback]:
    """Run a server in a thread for as long as the block lasts."""
    with running(Loopback()) as server:
        yield server


@contextmanager
def running(server: _L) -> Iterator[_L]:
    """Run this server in a thread for as long as the block lasts."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="loopback", daemon=True)
    thread.start()
    runner = asyncio.run_coroutine_threadsafe(start(server), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _main(delay: float, words: int, slow: float) -> None:
    """Serve the same answer to all until standard input closes, or a call of the first tool; keep no log."""
    server, dice = Loopback(), random.Random(1)
    reply = Reply(" ".join(f"word{i}" for i in range(words)), delay=delay)
    late = replace(reply, delay=10 * delay)

    def script(body: dict[str, Any]) -> Reply:
        server.requests.clear()
        if body.get("tools") and not any(message["role"] == "tool" for message in body["messages"]):
            return replace(reply, text="", tool_calls=[(body["tools"][0]["function"]["name"], {})])
        return late if "proposer" in body["model"] and dice.random() < slow else reply

    server.default = script
    runner = await start(server)
    print(server.url, flush=True)
    with suppress(EOFError):
        await asyncio.get_running_loop().run_in_executor(None, input)
    await runner.cleanup()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--delay", type=float, default=0.2)
    options.add_argument("--words", type=int, default=50)
    options.add_argument("--slow", type=float, default=0.0, help="share of proposers' calls that take ten times longer")
    given = options.parse_args()
    asyncio.run(_main(given.delay, given.words, given.slow))
