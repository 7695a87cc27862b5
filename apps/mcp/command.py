"""The command `mcp`: a mixture as a tool for clients of the Model Context Protocol, on standard input and output."""

import math
import sys
from typing import Annotated

import typer

from ...core.errors import ConfigError, MissingExtra
from ..garbage import freeze_what_stays
from ..interrupts import TERMINATED
from ..mistakes import Misuse
from ..settings.flags import with_mixture
from ..settings.settings import Settings
from ..terminal import note, sigterm_as_ctrl_c
from .server import WAIT_S, mcp_server
from .stdio import serve_client


@with_mixture
def mcp(
    settings: Settings,
    *,
    wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="How long a call may take; then the answer is to be asked for by an id, which costs no model. "
            "Stay below what your client gives a call (10 seconds to minutes): one that gives up ends its question.",
        ),
    ] = WAIT_S,
) -> None:
    """Serve the mixture as a tool to an MCP client, on standard input and output (extra: mcp)."""
    if not 0 < wait < math.inf:
        raise Misuse(f"found {wait:g} for --wait, expected a number of seconds that is above 0 and finite")
    try:
        import mcp_types  # noqa: F401 - the SDK's first version, which is another, has none
        from mcp.server.stdio import stdio_server  # noqa: F401
    except ImportError as exc:
        raise MissingExtra("an MCP server", "mcp") from exc
    for stream, name in ((sys.stdin, "standard input"), (sys.stdout, "standard output")):
        if stream is None:
            raise ConfigError(f"found {name} closed, expected an MCP client there; let one start this command")
    chosen, why = settings.choose()
    note(f"models: {why}")
    server = mcp_server(chosen.build(), docs=settings.docs, wait_s=wait)
    freeze_what_stays()
    if sys.stdin.isatty():
        note("waiting for an MCP client on standard input; Ctrl-C ends")

    try:
        with sigterm_as_ctrl_c() as ending:
            ending.run(serve_client(server))
    except KeyboardInterrupt:
        if ending.terminated:
            raise typer.Exit(TERMINATED) from None
        raise
