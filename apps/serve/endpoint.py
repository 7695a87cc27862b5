"""The server: what OpenAI's clients ask of one, answered by mixtures."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import orjson
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from langchain_core.messages import AIMessage

from ...core.clock import unix_time
from ...core.text import one_line
from ...core.wire.connections import is_this_machine
from ...graphs.adapters.chat_model import ChatMoA
from ...nodes.calls.cache import answers_owned_by
from .answering import answer_parts, equip, unheard_options
from .callers import Caller, Callers
from .door import Door
from .listener import expected_later, response_of, wanted
from .log_lines import LogLine
from .panels import Panels
from .questions import ClientQuestion, read_client_question
from .refusals import Refusal, refusal_of, told_to_the_log
from .replies import WrittenAnswer
from .streams import STOPPING, Pump, send_stream

COMPLETIONS, MODELS = "/v1/chat/completions", "/v1/models"
_UNCHECKED = ("/health", "/ready")
_SLOWEST_BODY_S = 60.0
_LAST_S = 5.0
"""What those get for their last words whose runs were ended."""
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_LINE: web.RequestKey[LogLine] = web.RequestKey("line", LogLine)


@dataclass(frozen=True, kw_only=True)
class Manners:
    """Say what the server puts up with."""

    keep_alive_s: float | None = 10.0
    """After how long a stream gets a comment, where nothing else was sent."""
    most_bytes: int = 32_000_000
    """The longest body."""
    origins: Sequence[str] = ()
    """Web pages that may ask; `*` is all."""


class Endpoint:
    """Serve mixtures, and know what is under way."""

    def __init__(
        self,
        models: Mapping[str, ChatMoA],
        callers: Callers,
        manners: Manners | None = None,
        log: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._models, self._callers, self._log = dict(models), callers, log
        self._manners = manners or Manners()
        self._panels, self._door = Panels(), Door()
        self._begun = int(unix_time())
        self._handlers: set[asyncio.Task[Any]] = set()
        self._runs: set[asyncio.Task[None]] = set()
        self.is_stopping = False
        """Whether new questions are refused."""

    @property
    def under_way(self) -> int:
        """Return how many questions are."""
        return len(self._handlers)

    def app(self) -> web.Application:
        """Return what aiohttp serves."""
        app = web.Application(middlewares=[self._guarded], client_max_size=self._manners.most_bytes)
        for method, path, handler in (
            ("GET", "/health", self._health),
            ("GET", "/ready", self._ready),
            ("GET", MODELS, self._list),
            ("GET", MODELS + "/", self._list),
            ("GET", MODELS + "/{name:(?s:.+)}", self._show),
            ("POST", COMPLETIONS, self._complete),
            ("*", "/{path:(?s:.*)}", self._elsewhere),
        ):
            app.router.add_route(method, path, handler, expect_handler=expected_later)
        return app

    async def drain(self, seconds: float) -> None:
        """Refuse what is new, wait for what is under way, and end what is left then."""
        self.is_stopping = True
        if self._handlers and seconds:
            await asyncio.wait({*self._handlers}, timeout=seconds)
        for run in [*self._runs]:
            run.cancel()
        if self._handlers:
            await asyncio.wait({*self._handlers}, timeout=_LAST_S)

    @web.middleware
    async def _guarded(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        http = request
        line = http[_LINE] = LogLine(http.method, http.path)
        headers = {"x-request-id": line.id, "Server": "langgraph-moa", **self._for_pages(http)}
        try:
            if http.method == "OPTIONS":
                response: web.StreamResponse = web.Response(status=204)
            else:
                if http.headers.get("Expect", _CONTINUE).lower() != _CONTINUE:
                    raise Refusal(417, f"found an Expect that is not known here, expected {_CONTINUE}, or none")
                if http.path not in _UNCHECKED:
                    self._check_host(http)
                    line.caller = self._callers.of(http.headers.get("Authorization"))
                response = await handler(http)
        except (asyncio.CancelledError, ConnectionError):
            line.close("went away")
            self._log(str(line))
            raise
        except web.HTTPException as exc:
            response = response_of(_of_http(exc, self._manners.most_bytes))
        except Exception as exc:  # noqa: BLE001 - whatever happens, the client gets a sentence
            response, line.why = response_of(refusal_of(exc)), told_to_the_log(exc)
        line.close(response.status)
        if response.status in (408, 413):  # what is left of the body is not read
            response.force_close()
        if not response.prepared:
            response.headers.update(headers)
        if http.path not in _UNCHECKED:
            self._log(str(line))
        return response

    def _for_pages(self, http: web.Request) -> dict[str, str]:
        """Return what lets a web page ask whose address was named; to all others a browser shows nothing."""
        origin, origins = http.headers.get("Origin"), self._manners.origins
        if not origin or not ({origin, "*"} & {*origins}):
            return {}
        return {
            "Access-Control-Allow-Origin": "*" if "*" in origins else origin,
            "Access-Control-Allow-Headers": http.headers.get("Access-Control-Request-Headers", "*"),
            "Access-Control-Allow-Methods": "GET, POST",
            "Access-Control-Expose-Headers": "x-request-id, Retry-After",
            "Vary": "Origin",
        }

    def _check_host(self, http: web.Request) -> None:
        """Refuse a web page that calls this machine by a name of its own, where no key keeps it out."""
        if self._callers.are_checked:
            return
        try:
            host = http.url.host or ""
        except ValueError:
            raise Refusal(400, "found a Host that is none, expected this machine's, such as 127.0.0.1:8000") from None
        if not is_this_machine(host):
            why = "ask at 127.0.0.1, or start the server with keys (--key-file)"
            raise Refusal(403, f"found another host than this machine, expected it where there are no keys; {why}")

    async def _health(self, http: web.Request) -> web.StreamResponse:
        return _json({"status": "stopping" if self.is_stopping else "ok", "under_way": self.under_way})

    async def _ready(self, http: web.Request) -> web.StreamResponse:
        return _json({"ready": not self.is_stopping}, status=503 if self.is_stopping else 200)

    async def _list(self, http: web.Request) -> web.StreamResponse:
        return _json({"object": "list", "data": [self._described(name) for name in self._models]})

    async def _show(self, http: web.Request) -> web.StreamResponse:
        name = http.match_info["name"]
        self._model(name)
        return _json(self._described(name))

    def _described(self, name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": self._begun, "owned_by": "langgraph-moa"}

    def _model(self, name: str) -> ChatMoA:
        if name not in self._models:
            raise Refusal(
                404,
                f"the model {one_line(name, limit=80)!r} does not exist here; known: {', '.join(self._models)}",
                code="model_not_found",
                param="model",
            )
        return self._models[name]

    async def _elsewhere(self, http: web.Request) -> web.StreamResponse:
        path = one_line(http.path, limit=80)
        if http.path in (COMPLETIONS, MODELS, *_UNCHECKED) or http.path.startswith(f"{MODELS}/"):
            method = "POST" if http.path == COMPLETIONS else "GET"
            why = f"found {one_line(http.method, limit=20)} {path}, expected {method}"
            raise Refusal(405, why, allowed=method)
        if http.path.startswith("/v1/responses"):
            why = (
                "this server speaks Chat Completions; have your client use them (in LangChain: use_responses_api=False)"
            )
        elif f"/v1{http.path}" in (COMPLETIONS, MODELS):
            why = "let your client's base URL end in /v1"
        else:
            why = "this server has no others"
        raise Refusal(404, f"found {path}, expected {COMPLETIONS} or {MODELS}; {why}", code="unknown_url")

    async def _complete(self, http: web.Request) -> web.StreamResponse:
        if self.is_stopping:
            raise Refusal(503, STOPPING, code="stopping", kind="server_error", again_s=1)
        line, task = http[_LINE], cast("asyncio.Task[Any]", asyncio.current_task())
        with line.asked_by().asking():
            self._handlers.add(task)
            try:
                question = await self._question(http, line.asked_by())
                model = self._model(question.model)
                line.model = question.model
                return await self._answer(http, line, model, question)
            finally:
                self._handlers.discard(task)

    async def _question(self, http: web.Request, caller: Caller) -> ClientQuestion:
        if http.content_type != "application/json":
            kind = one_line(http.content_type, limit=60)
            why = f"found the Content-Type {kind}, expected {_JSON} (curl: -H 'Content-Type: {_JSON}')"
            raise Refusal(415, why)
        if (http.content_length or 0) > self._manners.most_bytes:
            raise _too_long(self._manners.most_bytes)
        try:
            async with asyncio.timeout(_SLOWEST_BODY_S):
                await wanted(http)
                raw = await http.read()
        except TimeoutError:
            raise Refusal(408, f"found no whole body within {_SLOWEST_BODY_S:g} s, expected one") from None
        except (web.RequestPayloadError, HttpProcessingError):
            raise Refusal(400, "found a body that its Content-Encoding or its chunks do not fit") from None
        return await caller.beside_the_loop(read_client_question, raw)  # it may be long, or hold schemas that take long

    async def _answer(
        self, http: web.Request, line: LogLine, model: ChatMoA, question: ClientQuestion
    ) -> web.StreamResponse:
        owner = line.asked_by()
        caller = owner.name
        left_out = sorted([*question.left_out, *unheard_options(model, question)])
        reply = WrittenAnswer(line.id, question.model, int(unix_time()), left_out)
        messages = self._panels.put_back(caller, question.model, question.messages) if question.tools else None
        equipped = await owner.beside_the_loop(equip, model, question)
        parts = answer_parts(equipped, question, messages or list(question.messages))
        with answers_owned_by(owner.digest):
            pump = Pump(parts, partial(self._panels.hold, caller, question.model), self._door)
        self._runs.add(pump.run)
        try:
            if question.stream:
                headers = {"x-request-id": line.id, "Server": "langgraph-moa", **self._for_pages(http)}
                response, end = await send_stream(
                    http,
                    pump,
                    reply,
                    headers,
                    include_usage=question.include_usage,
                    keep_alive_s=self._manners.keep_alive_s,
                )
            else:
                text, end = await _whole(pump)
                response = _json(reply.whole(end, text))
        finally:
            await pump.close()
            self._runs.discard(pump.run)
        if isinstance(end, AIMessage):
            line.cost(end)
        else:
            line.why = told_to_the_log(end)
        return response


async def _whole(pump: Pump) -> tuple[str, AIMessage]:
    text = ""
    while True:
        for part in await pump.parts(None):
            if isinstance(part, Exception):
                raise part
            if isinstance(part, AIMessage):
                return text, part
            text += part


def _json(data: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(body=orjson.dumps(data, default=str), status=status, headers=headers, content_type=_JSON)


_JSON = "application/json"
_CONTINUE = "100-continue"


def _of_http(exc: web.HTTPException, most_bytes: int) -> Refusal:
    return _too_long(most_bytes) if exc.status == 413 else Refusal(exc.status, one_line(exc.reason))


def _too_long(most_bytes: int) -> Refusal:
    return Refusal(413, f"found a body of more than {most_bytes:,} bytes, expected a shorter one")
