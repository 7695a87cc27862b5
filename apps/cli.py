"""The command line: `langgraph-moa ask`, `chat`, `graph` and `models`."""

import asyncio
import io
import json
import os
import sys
from collections.abc import AsyncIterator
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, TextIO, cast, get_args

import typer
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage, HumanMessage
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import StreamMode
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core.errors import ConfigError, MissingExtra, MoAError
from ..core.offline import Variant
from ..core.presets import PRESETS_FILE, presets, presets_checked
from ..core.report import make_report
from ..core.text import one_line, redact
from .options import with_mixture
from .settings import Settings
from .view import View, interrupted

INTERRUPTED = 130
"""The exit code of a program ended by Ctrl-C."""

app = typer.Typer(
    help="Mixture-of-Agents on LangGraph: several models answer, one writes the answer.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
notes = Console(stderr=True, highlight=False)
Graph = CompiledStateGraph[Any, None, Any, Any]


def main() -> None:
    """Run the command line; every error is one line on standard error and a non-zero exit."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # an answer that a terminal cannot show is no reason to fail
    try:
        sys.exit(app(standalone_mode=False))
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except (MoAError, typer.TyperException) as exc:
        message = exc.format_message() if isinstance(exc, typer.TyperException) else str(exc)
        _fail(message)
        sys.exit(getattr(exc, "exit_code", 1))
    except Exception as exc:  # noqa: BLE001 - the last resort of a program that promises one line
        _fail(f"unexpected {type(exc).__name__}: {exc}")
        sys.exit(1)


def _fail(message: str) -> None:
    sys.stderr.write(f"error: {one_line(redact(message), limit=2000)}\n")


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


@app.command()
@with_mixture
def ask(
    settings: Settings,
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="The question in quotes, or - for standard input.")
    ],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print answer, proposals and report as JSON.")] = False,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is whole.")] = False,
) -> None:
    """Answer one question."""
    text = _standard_input().read() if question == "-" else question
    if not text.strip():
        raise ConfigError(
            "found an empty question, expected some text; write it in quotes, or - to read standard input"
        )
    moa = _build(settings)
    view = View(notes, show_answer=not as_json)
    try:
        state = asyncio.run(_follow(moa, [HumanMessage(text)], view, stream=not (as_json or no_stream)))
    except KeyboardInterrupt:
        if as_json:
            turn = view.proposals[0]["turn"] if view.proposals else ""
            run = {**make_report(view.proposals, [], turn=turn, mixture=""), "stopped": "interrupted"}
            _print_json(None, view.proposals, run)
        else:
            sys.stderr.write(interrupted(view.proposals) + "\n")
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        _print_json(state["messages"][-1].text, state.get("proposals", []), state["run"])


@app.command()
@with_mixture
def chat(settings: Settings) -> None:
    """Talk for several turns; /history shows them, /quit or Ctrl-D ends."""
    terminal = _standard_input().isatty()
    moa = _build(settings)
    history: list[BaseMessage] = []
    notes.print(Text("/quit ends, /history shows the conversation", style="dim"))
    if terminal:
        import readline  # noqa: F401 - importing it gives input() its line editing
    with asyncio.Runner() as runner:
        while (line := _read_line()) is not None and line.strip() != "/quit":
            if line.strip() == "/history":
                sys.stdout.writelines(f"{m.type}: {m.text}\n" for m in history)
            elif line.startswith("/"):
                sys.stderr.write(f"unknown command {line.strip()!r}; known: /history, /quit\n")
            elif line.strip():
                _turn(runner, moa, history, line)


@app.command()
@with_mixture
def graph(
    settings: Settings,
    *,
    png: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a picture instead (extra: png).", show_default=False)
    ] = None,
) -> None:
    """Print the mixture's graph as Mermaid."""
    drawn = _build(settings).get_graph()
    drawn.nodes = {key: node._replace(metadata=None) for key, node in drawn.nodes.items()}
    if png is None:
        sys.stdout.write(drawn.draw_mermaid())
        return
    try:
        import pygraphviz  # noqa: F401 - what draw_png needs
    except ImportError as exc:
        raise MissingExtra("a picture of the graph", "png") from exc
    try:
        png.write_bytes(drawn.draw_png(None))
    except OSError as exc:
        raise ConfigError(f"the picture cannot be written to {png}: {exc.strerror or exc}") from exc


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
    console.print(Text(f"default here: {Settings().choose()[1].removeprefix('models: ')}"), soft_wrap=True)


def _build(settings: Settings) -> Graph:
    chosen, why = settings.choose()
    notes.print(Text(why, style="dim"), soft_wrap=True)
    return chosen.build()


async def _follow(moa: Graph, conversation: list[BaseMessage], view: View, *, stream: bool) -> dict[str, Any]:
    """Run the graph, show what happens, and return the final state."""
    modes: list[StreamMode] = ["custom", "values"]
    if stream:
        modes.append("messages")
    state: dict[str, Any] = {}
    with view:
        parts = cast("AsyncIterator[tuple[str, Any]]", moa.astream({"messages": conversation}, stream_mode=modes))
        async for mode, part in parts:
            if mode == "custom":
                view.event(part)
            elif mode == "values":
                state = part
            elif isinstance(part[0], AIMessageChunk):
                view.token(part[0].text)
        view.finish(state["messages"][-1].text, state["run"])
    return state


def _turn(runner: asyncio.Runner, moa: Graph, history: list[BaseMessage], line: str) -> None:
    """Answer one line; a turn that fails or is interrupted leaves the conversation as it was."""
    view = View(notes)
    conversation = [*history, HumanMessage(line)]
    try:
        state = runner.run(_follow(moa, conversation, view, stream=True))
    except KeyboardInterrupt:
        sys.stderr.write(interrupted(view.proposals) + "\n")
    except MoAError as exc:
        _fail(str(exc))
    else:
        answer: AnyMessage = state["messages"][-1]
        history[:] = [*conversation, AIMessage(answer.text)]


def _standard_input() -> TextIO:
    if sys.stdin is None:
        raise ConfigError("found standard input closed, expected something to read; give the question as an argument")
    return sys.stdin


def _read_line() -> str | None:
    try:
        return input("> " if sys.stdin.isatty() else "")
    except (EOFError, KeyboardInterrupt):
        return None


def _print_json(answer: str | None, proposals: list[Any], run: Any) -> None:
    report = {"answer": answer, "proposals": proposals, "run": run}
    sys.stdout.write(json.dumps(report, ensure_ascii=False, indent=2) + "\n")


if __name__ == "__main__":
    main()
