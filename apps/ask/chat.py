"""The command `chat`: several turns of a conversation that ends with the program, or is kept as a thread."""

import asyncio
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import typer
from langgraph.errors import GraphDrained
from rich.text import Text

from ...core.errors import MoAError
from ...core.text import printable, shows_nothing
from ..interrupts import TERMINATED
from ..settings.flags import WATCHED, with_mixture
from ..settings.sources import Sources
from ..terminal import note, notes, print_error
from .commands import Page, Store, ThreadId
from .draining import Terminated
from .output import Output, check_writable, say_that_it_waits, waiting_for, write_page
from .running import reviewed, show_failed, show_stopped
from .starting import readable, standard_input
from .talks import Talk, begun
from .threads import named_thread


@partial(with_mixture, only=WATCHED, apart=True)
def chat(sources: Sources, *, page: Page = None, thread: ThreadId = None, store: Store = None) -> None:
    """Talk for several turns; /history shows them, /quit or Ctrl-D ends."""
    terminal = standard_input().isatty()
    conversation = named_thread(thread, store, sources)
    if page:
        check_writable(page)
    with asyncio.Runner() as runner:
        until_the_end = AsyncExitStack()
        try:
            talk = runner.run(until_the_end.enter_async_context(begun(sources, conversation)))
            notes.print(Text("/quit ends, /history shows the conversation", style="dim"))
            if terminal:
                import readline  # noqa: F401 - importing it gives input() its line editing
            _talk(runner, talk, page)
        finally:
            runner.run(until_the_end.aclose())


def _talk(runner: asyncio.Runner, talk: Talk, page: Path | None) -> None:
    if talk.unfinished:
        note(f"the last question has no answer yet; going on with {talk.unfinished}")
        _turn(runner, talk, None, page)
    elif turns := sum(message.type == "human" for message in runner.run(talk.history())):
        note("1 question so far" if turns == 1 else f"{turns} questions so far")
    while (line := _read_line()) is not None and line.strip() != "/quit":
        if line.strip() == "/history":
            sys.stdout.writelines(f"{m.type}: {printable(m.text)}\n" for m in runner.run(talk.history()))
        elif line.startswith("/"):
            sys.stderr.write(f"unknown command {line.strip()!r}; known: /history, /quit\n")
        elif not shows_nothing(line):
            _turn(runner, talk, line, page)


def _turn(runner: asyncio.Runner, talk: Talk, line: str | None, page: Path | None) -> None:
    """Answer one line; a turn that fails or is interrupted leaves the conversation as it was."""
    try:
        _answer(runner, talk, line, Output(page=page, thread=talk.thread))
    except MoAError as exc:
        print_error(str(exc))


def _answer(runner: asyncio.Runner, talk: Talk, line: str | None, output: Output) -> None:
    try:
        state = reviewed(lambda decided: runner.run(talk.answer(line, decided, output)))
    except (GraphDrained, Terminated) as stopped:
        show_stopped(output, line or "", drained=isinstance(stopped, GraphDrained))
        raise typer.Exit(TERMINATED) from None
    except KeyboardInterrupt:
        show_stopped(output, line or "", drained=False)
        if talk.thread:
            note("or ask something else, which takes its place")
    except MoAError as exc:
        print_error(str(exc))
        show_failed(output, line or "", exc)
    else:
        write_page(output, state)
        if waits := waiting_for(state):
            say_that_it_waits(waits, talk.thread)
        if output.was_terminated:
            raise typer.Exit(TERMINATED)


def _read_line() -> str | None:
    try:
        return readable(input("> " if sys.stdin.isatty() else ""))
    except (EOFError, KeyboardInterrupt):
        return None
