"""Models on the openai package: the way back, and for what this package does not speak itself.

They share one aiohttp-backed client per event loop: a wide fan-out then costs half the CPU of the package's default,
keeps its connections between runs, and is closed with its loop.
"""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from ..per_loop import PerLoop
from ..wire.connections import values_in
from ..wire.parsing import read_json, write_json
from ..wire.refusals import UnreadableAnswer, refusal, status_in, struck
from ..wire.sending import Headers, note_sent
from ..wire.session import CONNECT_SECONDS, KEEPALIVE_SECONDS, MAX_CONNECTIONS, trusted
from ..wire.sizes import off_the_loop
from ..wire.wording import error_in
from .bounded import bound_bytes, check_calls_in
from .credentials import Server

if TYPE_CHECKING:
    import httpx2
    import openai
    from langchain_core.language_models import BaseChatModel

DIRECT = ("all://127.0.0.1", "all://localhost", "all://[::1]")
"""This machine: what is asked here goes through no proxy, which would look for it on a machine of its own."""

_HEADERS = 256
"""How many sets of headers have a client of their own; each is small, and opens nothing."""


def openai_model(provider: str, name: str, server: Server, options: dict[str, Any]) -> "BaseChatModel":
    """Build LangChain's own model of a provider, or of an OpenAI-compatible server.

    Args:
        provider: `openai` or `together`.
        name: The model.
        server: Where it is asked.
        options: What else it takes, as `temperature`.

    Raises:
        ConfigError: Its key is not set, or is another's.
    """
    base_url = server.base_url
    address = server.address(provider, name)  # refuses what is none, before a client tells it with a password in it
    kwargs: dict[str, Any] = {
        "model": name,
        "api_key": SecretStr(address.key),
        "http_client": shared_sync_client(server.headers, address.query),
        "http_async_client": shared_async_client(server.headers, address.query),
        "http_socket_options": (),
        "stream_usage": True,
        # Each piece would be waited for with wait_for, which on Python 3.11 loses the cancellation of who waits: a
        # server that sends without a pause then keeps no timeout.
        "stream_chunk_timeout": None,
        **({"base_url": address.url} if base_url or address.query else {}),
        **options,
    }
    if provider == "together":
        from langchain_together import ChatTogether

        return ChatTogether(**kwargs)
    if base_url:
        # ChatOpenAI would say `max_completion_tokens`, which servers other than OpenAI's often ignore.
        from langchain_openai.chat_models.base import BaseChatOpenAI

        return BaseChatOpenAI(**kwargs)
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(**kwargs)


@lru_cache(maxsize=_HEADERS)
def shared_async_client(headers: Headers = (), query: str = "") -> "httpx2.AsyncClient":
    """Return the client to hand to every model: it sends each request through the running loop's own.

    No redirect is followed, so that prompt and headers go to nobody else.

    Args:
        headers: What it sends along. They are the client's and not the model's, for they may be secrets, and what a
            model was made of is shown in traces.
        query: The parameters of each request's address, for which the same holds.
    """
    import openai

    class LoopClient(openai.DefaultAioHttpClient):  # type: ignore[misc, unused-ignore]
        sends_along, asks_with = headers, query

        async def send(self, request: "httpx2.Request", **kwargs: Any) -> "httpx2.Response":
            note_sent(request.url.host)
            _add(request, headers, query)
            _bound_connecting(request)
            request.headers["Accept-Encoding"] = "gzip, deflate"
            client = await CLIENTS.get()
            # Read here, and not by the client: it would read, and unpack, whatever comes.
            response = await client.send(request, **{**kwargs, "stream": True, "follow_redirects": False})
            try:
                bound_bytes(response)
                response = await _as_error(request, response, headers, query)
                if not kwargs.get("stream"):
                    await response.aread()
            except UnreadableAnswer as exc:
                await response.aclose()
                return _unreadable(request, response, exc)
            return response

    return LoopClient(verify=trusted())


@lru_cache(maxsize=_HEADERS)
def shared_sync_client(headers: Headers = (), query: str = "") -> "openai.DefaultHttpxClient":
    """Return one client for the sync half that models insist on; our graphs never send through it.

    Args:
        headers: What it sends along.
        query: The parameters of each request's address.
    """
    import openai

    hooks: dict[str, list[Callable[..., Any]]] = {"request": [partial(_add, headers=headers, query=query)]}
    return openai.DefaultHttpxClient(event_hooks=hooks, mounts=dict.fromkeys(DIRECT), follow_redirects=False)


def _add(request: Any, headers: Headers, query: str) -> None:
    request.headers.update(dict(headers))
    if query and not request.url.query:  # a request that is sent again has it already
        request.url = request.url.copy_with(query=query.encode())


def _bound_connecting(request: "httpx2.Request") -> None:
    """Give up where no connection comes about: a TLS handshake with a server that speaks none takes for ever."""
    timeout = dict(request.extensions.get("timeout") or {})
    if timeout.get("connect") is None:
        request.extensions["timeout"] = {**timeout, "connect": CONNECT_SECONDS}


def _client() -> "httpx2.AsyncClient":
    import httpx2
    import openai

    limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEPALIVE_SECONDS)
    return openai.DefaultAioHttpClient(
        limits=limits, verify=trusted(), mounts=dict.fromkeys(DIRECT), follow_redirects=False
    )


async def _close(client: "httpx2.AsyncClient") -> None:
    await client.aclose()


CLIENTS: "PerLoop[httpx2.AsyncClient]" = PerLoop(_client, _close)
"""The process's own."""


def _unreadable(request: "httpx2.Request", response: "httpx2.Response", exc: UnreadableAnswer) -> "httpx2.Response":
    """Return what the package takes for an error that asking again would not mend."""
    return type(response)(
        502, headers={"x-should-retry": "false"}, json={"error": {"message": str(exc)}}, request=request
    )


async def _as_error(
    request: "httpx2.Request", response: "httpx2.Response", headers: Headers, query: str
) -> "httpx2.Response":
    """Return an error without the secrets that it repeats, before it is logged and traced; answers stay whole.

    One that came with success gets the status that it names, so that the client takes it for one. A redirect is one.
    """
    key = request.headers.get("authorization", "").removeprefix("Bearer ")
    secrets = [key, *(value for _, value in headers), *values_in(query)]
    if 300 <= response.status_code < 400:
        await response.aread()
        where, status = response.headers.get("location"), response.status_code
        failure = refusal(status, b"", url=str(request.url), location=where, secrets=secrets)
        content = write_json({"error": {"message": str(failure)}})
        return type(response)(status, headers={"content-type": "application/json"}, content=content, request=request)
    is_refused = response.status_code >= 400
    if not is_refused and response.headers.get("content-type", "").startswith("text/event-stream"):
        return response
    body = await response.aread()
    sent = await off_the_loop(read_json, body)
    if not is_refused and isinstance(sent, dict) and error_in(sent) is None:
        check_calls_in(sent)
        return response
    status = response.status_code if is_refused else status_in(sent) or response.status_code
    is_json = isinstance(sent, dict | list)
    content = write_json(struck(sent, secrets)) if is_json else struck(body.decode("utf-8", "replace"), secrets)
    dropped = ("content-length", "content-encoding")
    others = {name: value for name, value in response.headers.items() if name not in dropped}
    return type(response)(status, headers=others, content=content, request=request)
