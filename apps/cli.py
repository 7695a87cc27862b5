"""Commands: `langgraph-moa ask`, `resume`, `chat`, `batch`, `compare`, `calibrate`, `graph`, `models`, `mcp`."""

import io
import os
import sys
from importlib.metadata import version
from typing import Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core.errors import MoAError
from ..core.models.presets import PRESETS_FILE, presets, presets_checked
from ..core.offline.library import Variant
from .ask.chat import chat
from .ask.commands import ask, resume
from .ask.graph import graph
from .batch.command import batch
from .calibrate import calibrate
from .compare.command import compare_systems
from .mcp.command import mcp
from .settings.settings import Settings
from .terminal import INTERRUPTED, notes, print_error
from .tracing import deliver, trace_in_the_background

app = typer.Typer(
    help="Mixture-of-Agents on LangGraph: several models answer, one writes the answer.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def main() -> None:
    """Run the command line; every error is one line on standard error and a non-zero exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an answer that a terminal cannot show is no reason to fail
    trace_in_the_background()
    try:
        sys.exit(app(standalone_mode=False))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except (MoAError, typer.TyperException) as exc:
        message = exc.format_message() if isinstance(exc, typer.TyperException) else str(exc)
        print_error(message)
        sys.exit(getattr(exc, "exit_code", 1))
    except Exception as exc:  # noqa: BLE001 - the last resort of a program that promises one line
        print_error(f"unexpected {type(exc).__name__}: {exc}")
        sys.exit(1)
    finally:
        deliver(notes)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if show_version:
        sys.stdout.write(f"langgraph-moa {version('langgraph-moa')}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit


app.command()(ask)
app.command()(resume)
app.command()(chat)
app.command()(graph)


@app.command()
def models() -> None:
    """Show which models are configured here, and which are chosen by default."""
    table = Table("preset", "key", "proposers", "aggregator", box=None, padding=(0, 2, 0, 0))
    for name, preset in presets().items():
        needs = preset.get("needs")
        key = "none needed" if needs is None else f"{needs} is {'set' if os.environ.get(needs) else 'not set'}"
        table.add_row(name, key, "\n".join(preset["proposers"]), preset["aggregator"])
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(Text(f"\nmodel ids checked {presets_checked()}, kept in {PRESETS_FILE}"), soft_wrap=True)
    console.print(Text(f"offline models: {', '.join('offline:' + v for v in get_args(Variant))}"), soft_wrap=True)
    console.print(Text(f"default here: {Settings().choose()[1]}"), soft_wrap=True)


app.command()(batch)
app.command()(calibrate)
app.command("compare")(compare_systems)
app.command()(mcp)


if __name__ == "__main__":
    main()
