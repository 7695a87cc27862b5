"""Commands: `langgraph-moa ask`, `resume`, `chat`, `graph`, `models`, `check`, `batch`, `compare`, `mcp`, ..."""

import io
import sys
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperGroup

from ..core.errors import MoAError
from .command_line import Command, options_of
from .garbage import collect_from_now_on
from .interrupts import INTERRUPTED, heed_ctrl_c, leave_on_ctrl_c
from .mistakes import Misuse, help_of, not_a_command, not_before_a_command
from .tracing import deliver, trace_in_the_background


class Listed(NamedTuple):
    """Say of a command what is shown of it before it is imported, and where it is."""

    help: str
    """The first line of its own."""
    module: str
    function: str


COMMANDS = {
    "ask": Listed("Answer one question.", ".ask.commands", "ask"),
    "resume": Listed(
        "Go on with a stopped run of a thread; nobody who answered is asked again.", ".ask.commands", "resume"
    ),
    "chat": Listed("Talk for several turns; /history shows them, /quit or Ctrl-D ends.", ".ask.chat", "chat"),
    "graph": Listed("Print the mixture's graph as Mermaid.", ".ask.graph", "graph"),
    "models": Listed("Show which models are configured here, and which are chosen by default.", ".models", "models"),
    "check": Listed(
        "Ask each model of the mixture one short question: who answers, how fast, and what its server takes.",
        ".check.command",
        "check",
    ),
    "batch": Listed("Answer many questions; the same command goes on where it was stopped.", ".batch.command", "batch"),
    "calibrate": Listed(
        "Measure early stops on recorded answers, and pick the cheapest that keeps a precision.",
        ".calibrate",
        "calibrate",
    ),
    "compare": Listed(
        "Compare systems on your questions, and say whether a mixture is worth its money.",
        ".compare.command",
        "compare_systems",
    ),
    "panel": Listed(
        "Say which models belong in a panel, by recorded answers; nobody is asked.", ".panel.command", "panel"
    ),
    "convert": Listed("Bring questions and answers from the files of other tools, and to them.", ".convert", "convert"),
    "mcp": Listed(
        "Serve the mixture as a tool to an MCP client, on standard input and output (extra: mcp).",
        ".mcp.command",
        "mcp",
    ),
    "serve": Listed(
        "Serve mixtures at one URL, as OpenAI's API has it; Ctrl-C or SIGTERM stops.",
        ".serve.command",
        "serve_mixtures",
    ),
    "completion": Listed(
        "Print what makes a shell complete commands, options and their values.", ".completion.command", "completion"
    ),
    "help": Listed("Show what the program does, or a command.", ".help", "show_help"),
}


class _Commands(TyperGroup):
    """List commands by what is written of them here, and import the one that is run, or whose options are asked for."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        first = args[0].partition("=")[0] if args else ""
        if first.startswith("-") and first != "--" and first not in options_of(self.get_params(ctx)):
            raise Misuse(not_before_a_command(args, ctx.command_path), ctx)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):  # Typer's own cuts what does not fit a line
            formatter.write_dl([(name, listed.help) for name, listed in COMMANDS.items()])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in COMMANDS:
            raise Misuse(not_a_command(args, list(COMMANDS), ctx.command_path), ctx)
        return args[0], command_of(args[0]), args[1:]


def command_of(name: str) -> Any:
    """Import a command, and return it as Typer runs it."""
    listed = COMMANDS[name]
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    alone.command(name, cls=Command)(getattr(import_module(listed.module, __package__), listed.function))
    command = typer.main.get_command(alone)
    collect_from_now_on()
    heed_ctrl_c()
    return command


app = typer.Typer(
    cls=_Commands,
    help="Mixture-of-Agents on LangGraph: several models answer, one writes the answer.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, _listed in COMMANDS.items():
    app.command(_name, help=_listed.help)(lambda: None)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if show_version:
        from importlib.metadata import version

        sys.stdout.write(f"langgraph-moa {version('langgraph-moa')}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit


def run_command() -> Any:
    """Run what the arguments name, and return the exit code; every error is one line on standard error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an answer that a terminal cannot show is no reason to fail
    trace_in_the_background()
    try:
        return app(standalone_mode=False, prog_name="langgraph-moa")
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except (MoAError, typer.TyperException) as exc:
        message = exc.format_message() if isinstance(exc, typer.TyperException) else str(exc)
        code = getattr(exc, "exit_code", 1)
        context = getattr(exc, "context", None) or getattr(exc, "ctx", None)
        return _failed(f"{message.rstrip('.')} ({help_of(context)})" if code == Misuse.exit_code else message, code)
    except Exception as exc:  # noqa: BLE001 - the last resort of a program that promises one line
        return _failed(f"unexpected {type(exc).__name__}: {exc}", 1)
    finally:
        if sys.stdout is not None:
            with suppress(OSError, ValueError):  # a pipe that nobody reads any more, or one that is closed
                sys.stdout.flush()
        leave_on_ctrl_c()
        deliver()


def _failed(message: str, code: int) -> int:
    from .terminal import print_error

    print_error(message)
    return code
