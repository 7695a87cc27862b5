"""Commands: `langgraph-moa ask`, `resume`, `chat`, `batch`, `compare`, `calibrate`, `graph`, `models`, `mcp`."""

import asyncio
import io
import json
import os
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, TextIO, get_args
from uuid import uuid4

import typer
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..core.errors import ConfigError, MissingExtra, MoAError
from ..core.models.presets import PRESETS_FILE, presets, presets_checked
from ..core.offline.library import Variant
from ..core.text import one_line, redact
from ..graphs.estimate import Estimate, estimate
from .ask.review import can_ask, decisions_of
from .ask.running import INTERRUPTED, LEFT, Decided, Output, State, asked_of, follow, notes, reviewed, show
from .ask.threads import Thread, begin, named_thread, take_up
from .ask.view import interrupted
from .batch.command import batch
from .calibrate import calibrate
from .compare.command import compare
from .mcp.command import mcp
from .settings.flags import BOUNDS, with_mixture
from .settings.settings import Graph, Settings
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
        _fail(message)
        sys.exit(getattr(exc, "exit_code", 1))
    except Exception as exc:  # noqa: BLE001 - the last resort of a program that promises one line
        _fail(f"unexpected {type(exc).__name__}: {exc}")
        sys.exit(1)
    finally:
        deliver(notes)


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


Json = Annotated[bool, typer.Option("--json", help="Print answer, proposals, verdicts and report as JSON.")]
NoStream = Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is whole.")]
Page = Annotated[
    Path | None,
    typer.Option("--report", metavar="FILE", help="Write a page about the run, as HTML.", show_default=False),
]
ThreadId = Annotated[
    str | None,
    typer.Option("--thread", metavar="ID", help="Keep the conversation under this name.", show_default=False),
]
Store = Annotated[
    Path | None, typer.Option("--store", metavar="FILE", help="The SQLite file that keeps it.", show_default=False)
]


@app.command()
@with_mixture
def ask(
    settings: Settings,
    question: Annotated[
        str, typer.Argument(metavar="QUESTION", help="The question in quotes, or - for standard input.")
    ],
    *,
    as_json: Json = False,
    no_stream: NoStream = False,
    page: Page = None,
    only_estimate: Annotated[
        bool, typer.Option("--estimate", help="Print what it may cost at most, and ask nobody.")
    ] = False,
    thread: ThreadId = None,
    store: Store = None,
    instead: Annotated[
        bool, typer.Option("--instead", help="Take back the thread's question that was never answered.")
    ] = False,
) -> None:
    """Answer one question."""
    kept = named_thread(thread, store)
    text = _standard_input().read() if question == "-" else question
    if not text.strip():
        raise ConfigError(
            "found an empty question, expected some text; write it in quotes, or - to read standard input"
        )
    if instead and kept is None:
        raise ConfigError("found --instead without a thread, expected --thread ID --store FILE")
    if only_estimate:
        _print_estimate(asyncio.run(_estimate(settings, text, kept)), as_json=as_json)
        return
    if settings.review and kept is None and not can_ask():
        raise ConfigError("found a review without a terminal, expected a thread to wait in: --thread ID --store FILE")
    output, asked = Output(as_json, no_stream, page, kept), HumanMessage(text)
    if kept is None:
        moa, config = _build(settings), _of_its_own(settings)
        show(lambda decided: follow(moa, decided or {"messages": [asked]}, output, config=config), output, text)
        return

    async def run(decided: Decided) -> State:
        opened = take_up(kept, Settings()) if decided else begin(kept, settings, asked, instead=instead)
        async with opened as session:
            notes.print(Text(session.why, style="dim"), soft_wrap=True)
            return await follow(session.moa, decided or session.given, output, config=session.config)

    show(run, output, text)


@app.command()
@partial(with_mixture, only=BOUNDS)
def resume(
    settings: Settings,
    *,
    thread: Annotated[str, typer.Option("--thread", metavar="ID", help="Its name.", show_default=False)],
    store: Annotated[Path, typer.Option("--store", metavar="FILE", help="The file that keeps it.", show_default=False)],
    decide: Annotated[
        list[str] | None,
        typer.Option(metavar="DECISION", help="Review its proposals: accept, NAME=drop, ...", show_default=False),
    ] = None,
    as_json: Json = False,
    no_stream: NoStream = False,
    page: Page = None,
) -> None:
    """Go on with a stopped run of a thread; nobody who answered is asked again."""
    kept = Thread(thread, store)
    output = Output(as_json, no_stream, page, kept)
    first: Decided = Command(resume=decisions_of(decide)) if decide else None

    async def run(decided: Decided) -> State:
        async with take_up(kept, settings) as session:
            output.view.remember(session.state.values)
            if first and session.left != ("review",):
                raise ConfigError(f"found --decide, expected thread {thread!r} to wait for a review; leave it out")
            if not session.left:
                notes.print(Text(f"thread {thread!r} is finished; its answer was:", style="dim"))
                done = session.state.values
                with output.view as view:
                    view.finish(
                        done["messages"][-1].text, done["run"], done.get("citations", []), done.get("evidence", [])
                    )
                return done
            where = "layer_1, who has not answered" if session.given else ", ".join(session.left)
            notes.print(Text(f"thread {thread!r} goes on with {where}", style="dim"))
            return await follow(session.moa, decided or first or session.given, output, config=session.config)

    show(run, output)


@app.command()
@with_mixture
def chat(settings: Settings) -> None:
    """Talk for several turns; /history shows them, /quit or Ctrl-D ends."""
    terminal = _standard_input().isatty()
    if settings.review and not can_ask():
        raise ConfigError("found a review without a terminal, expected somebody to ask; leave the review out")
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
                _turn(runner, moa, history, line, config=_of_its_own(settings))


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


def _of_its_own(settings: Settings) -> RunnableConfig | None:
    """Return a thread that ends with this program, where a review needs one to wait in."""
    return {"configurable": {"thread_id": str(uuid4())}} if settings.review else None


async def _estimate(settings: Settings, question: str, kept: Thread | None) -> Estimate:
    if kept is None or not kept.file.exists():
        return estimate(await asyncio.to_thread(_build, settings), question)
    asked = HumanMessage(question)
    async with begin(kept, settings, asked, instead=True) as session:
        notes.print(Text(session.why, style="dim"), soft_wrap=True)
        return estimate(session.moa, [*session.messages, asked])


app.command()(batch)
app.command()(calibrate)
app.command()(compare)
app.command()(mcp)


def _build(settings: Settings) -> Graph:
    chosen, why = settings.choose()
    notes.print(Text(why, style="dim"), soft_wrap=True)
    return chosen.build(InMemorySaver() if settings.review else None)


def _print_estimate(bound: Estimate, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(bound, ensure_ascii=False, indent=2) + "\n")
        return
    calls = "calls unknown" if bound["calls"] is None else f"{bound['calls']:,} calls"
    tokens = "tokens unknown" if bound["tokens"] is None else f"{bound['tokens']:,} tokens"
    usd = "cost unknown" if bound["usd"] is None else f"${bound['usd']:.4f}"
    sys.stdout.write(f"at most {calls}, {tokens}, {usd}\n")
    sys.stdout.writelines(f"not bounded: {why}\n" for why in bound["unbounded"])


def _turn(
    runner: asyncio.Runner, moa: Graph, history: list[BaseMessage], line: str, *, config: RunnableConfig | None
) -> None:
    """Answer one line; a turn that fails or is interrupted leaves the conversation as it was."""
    output = Output()
    conversation = [*history, HumanMessage(line)]
    try:
        start = {"messages": conversation}
        state = reviewed(lambda decided: runner.run(follow(moa, decided or start, output, config=config)))
    except KeyboardInterrupt:
        sys.stderr.write(interrupted(output.view.proposals) + "\n")
    except MoAError as exc:
        _fail(str(exc))
    else:
        if asked_of(state):
            notes.print(LEFT)
            return
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


if __name__ == "__main__":
    main()
