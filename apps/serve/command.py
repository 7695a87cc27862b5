"""The command `serve`: mixtures behind one URL, for whatever speaks to OpenAI."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from typer import Argument, Option

from ...core.errors import ConfigError
from ...core.text import escaped
from ...core.wire.connections import is_this_machine
from ..garbage import freeze_what_stays
from ..mistakes import Misuse
from ..settings.flags import with_mixture
from ..settings.sources import Sources
from ..terminal import note
from .callers import SERVE_KEY_VARIABLE, read_callers
from .endpoint import Endpoint, Manners
from .listener import failure_as_told, listening
from .log_lines import named_records
from .served import read_served

_MOST_FILES = 65_536


@partial(with_mixture, apart=True)
def serve_mixtures(
    sources: Sources,
    settings: Annotated[
        list[str] | None,
        Argument(
            metavar="[SETTINGS]...",
            help="What to serve, each a model: settings files, presets, systems, or file.py:name; NAME=... names one. "
            "None is the mixture of the options.",
            show_default=False,
        ),
    ] = None,
    *,
    host: Annotated[
        str, Option(metavar="HOST", help="The address to listen at; another than this machine needs keys.")
    ] = "127.0.0.1",
    port: Annotated[int, Option(metavar="N", help="The port; 0 takes a free one.", min=0, max=65535)] = 8000,
    key_file: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            help=f"Keys that may ask, one a line, each maybe with a name before it; also {SERVE_KEY_VARIABLE}.",
            show_default=False,
        ),
    ] = None,
    at_once: Annotated[
        int | None, Option(metavar="N", help="Questions of one key under way at once.", min=1, show_default=False)
    ] = None,
    per_minute: Annotated[
        int | None, Option(metavar="N", help="Questions of one key a minute.", min=1, show_default=False)
    ] = None,
    max_body: Annotated[float, Option(metavar="MB", help="The longest request.")] = 32.0,
    keep_alive: Annotated[
        float, Option(metavar="SECONDS", help="After which a stream gets a comment while nothing comes; 0 is never.")
    ] = 10.0,
    stop_within: Annotated[
        float, Option(metavar="SECONDS", help="How long what is under way may take once the server is to stop.")
    ] = 30.0,
    cors: Annotated[
        list[str] | None,
        Option(
            metavar="ORIGIN",
            help="A web page that may ask, such as https://chat.example; repeatable.",
            show_default=False,
        ),
    ] = None,
    log: Annotated[bool, Option("--log/--no-log", help="A line on standard error for each request.")] = True,
) -> None:
    """Serve mixtures at one URL, as OpenAI's API has it; Ctrl-C or SIGTERM stops."""
    for name, value, least in (
        ("--max-body", max_body, 0.001),
        ("--keep-alive", keep_alive, 0),
        ("--stop-within", stop_within, 0),
    ):
        if not least <= value < 1e6:
            raise Misuse(f"found {value:g} for {name}, expected a number of {least:g} or more")
    for origin in cors or ():
        if origin != "*" and not _is_origin(origin):
            raise Misuse(
                f"found --cors {escaped(origin)}, expected * or where a page is from, without a path, such as "
                "https://chat.example"
            )
    callers = read_callers(key_file, at_once=at_once, per_minute=per_minute)
    if not callers.are_checked and not is_this_machine(host):
        raise Misuse(
            f"found --host {escaped(host)} without keys, expected some where others can ask; name a file of them "
            f"(--key-file), or set {SERVE_KEY_VARIABLE}"
        )
    served = read_served(settings or [], sources)
    for name, (_, why) in served.items():
        note(f"{name}: {why}")
    manners = Manners(keep_alive_s=keep_alive or None, most_bytes=int(max_body * 1e6), origins=cors or ())
    models = {name: one.model for name, one in served.items()}
    tell = note if log else lambda line: None
    endpoint = Endpoint(models, callers, manners, tell)
    _allow_many_files()
    freeze_what_stays()
    with named_records(tell):
        asyncio.run(run_until_stopped(endpoint, host, port, stop_within, tell))


async def run_until_stopped(
    endpoint: Endpoint, host: str, port: int, grace_s: float, tell: Callable[[str], None]
) -> None:
    """Listen until a signal comes, then let what is under way end; a second signal waits for nothing.

    Args:
        endpoint: What is served.
        host: Where.
        port: The port; 0 takes a free one.
        grace_s: How long what is under way may take.
        tell: Who is told of what is no request, and of what failed beside one.

    Raises:
        ConfigError: Nobody can listen there.
    """
    signals: asyncio.Queue[int] = asyncio.Queue()
    for number in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(number) is not signal.SIG_IGN:
            with suppress(NotImplementedError):  # on Windows, where Ctrl-C ends the program at once
                asyncio.get_running_loop().add_signal_handler(number, signals.put_nowait, number)
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: tell(failure_as_told(context)))
    async with AsyncExitStack() as stack:
        try:
            taken = await stack.enter_async_context(listening(endpoint.app(), host, port, tell))
        except OSError as exc:
            where = f"{escaped(host)}:{port}"
            raise ConfigError(
                f"nobody can listen at {where}: {exc.strerror or exc}; name another address (--host) or port (--port)"
            ) from exc
        shown = f"[{host}]" if ":" in host else host
        note(f"serving at http://{shown}:{taken}/v1; Ctrl-C stops")
        await signals.get()
        note(f"stopping: {endpoint.under_way} under way, for at most {grace_s:g} s; once more ends them now")
        await _drained(endpoint, grace_s, signals)


async def _drained(endpoint: Endpoint, grace_s: float, signals: "asyncio.Queue[int]") -> None:
    draining, again = asyncio.create_task(endpoint.drain(grace_s)), asyncio.create_task(signals.get())
    await asyncio.wait({draining, again}, return_when=asyncio.FIRST_COMPLETED)
    if again.done():
        await endpoint.drain(0)
    again.cancel()
    draining.cancel()
    await asyncio.gather(draining, again, return_exceptions=True)


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and text == f"{parts.scheme}://{parts.netloc}" != f"{parts.scheme}://"


def _allow_many_files() -> None:
    """Let as many connections be open as the system allows: a question takes one, and one for each model."""
    try:
        import resource
    except ImportError:  # on Windows, which has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
