"""Run a mixture, show what happens, and say what it came to, however it ended."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import typer
from langchain_core.messages import AIMessageChunk, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.types import Command, Durability, Interrupt, StreamMode
from rich.console import Console
from rich.text import Text

from ...core.errors import ConfigError, MoAError
from ...core.run.report import make_report
from ...graphs.page import report
from ...graphs.plan import plan_of
from ..settings.settings import Graph
from .review import Decisions, ask_person, can_ask, show_proposals
from .threads import Terminated, Thread, drained_on_sigterm
from .view import View, interrupted

INTERRUPTED = 130
"""The exit code of a program ended by Ctrl-C."""
TERMINATED = 143
"""The exit code of a program ended by SIGTERM."""
WAITING = 75
"""The exit code of a run that waits for a person; sysexits.h calls it a temporary failure."""
State = dict[str, Any]
T = TypeVar("T")
Decided = Command[Any] | None
LEFT = Text("left without a review; nothing of this run is kept")
notes = Console(stderr=True, highlight=False)


@dataclass
class Output:
    """Say how a run is shown."""

    as_json: bool = False
    no_stream: bool = False
    page: Path | None = None
    """The file that its report is written to."""
    thread: Thread | None = None
    view: View = field(init=False)

    def __post_init__(self) -> None:
        self.view = View(notes, show_answer=not self.as_json)
        if self.page is not None:
            check_writable(self.page)

    @property
    def streams(self) -> bool:
        """Tell whether the answer is printed as it comes."""
        return not (self.as_json or self.no_stream)


def check_writable(file: Path) -> None:
    """Refuse a file that nothing can be written to, before anything is asked.

    Raises:
        ConfigError: It cannot.
    """
    folder = file.absolute().parent
    if file.is_dir() or not folder.is_dir() or not os.access(file if file.exists() else folder, os.W_OK):
        raise ConfigError(f"the report cannot be written to {file}, expected a file in a folder that is there")


async def follow(moa: Graph, given: State | Decided, output: Output, *, config: RunnableConfig | None = None) -> State:
    """Run the graph, show what happens, and return the final state.

    Args:
        moa: What to run.
        given: What to start it with; None goes on with what is under way.
        output: How it is shown; where its thread outlives this program, SIGTERM ends the run between two steps.
        config: The thread, where there is one.
    """
    modes: list[StreamMode] = ["custom", "values", "messages"]
    streams = output.streams and not plan_of(moa).rules.removes  # what was printed cannot be taken back
    state: State = {}
    view, kept = output.view, output.thread is not None
    # With "sync", whatever has been answered is on the disk before the next step begins.
    durability: Durability | None = "sync" if kept else None
    with view, drained_on_sigterm(_say_that_it_ends) if kept else nullcontext() as control:
        stream_of = moa.astream(given, config, stream_mode=modes[: 2 + streams], control=control, durability=durability)
        async for mode, part in cast("AsyncIterator[tuple[str, Any]]", stream_of):
            if mode == "custom":
                view.event(part)
            elif mode == "values":
                state = {**state, **part}
                view.remember(part)
            elif isinstance(part[0], AIMessageChunk):
                view.token(part[0].text)
        if not asked_of(state):
            view.finish(state["messages"][-1].text, state["run"], state.get("citations", []), state.get("evidence", []))
    return state


def asked_of(state: State) -> Any:
    """Return what a run that waits for a person shows them; None where it does not wait."""
    waiting = cast("Sequence[Interrupt]", state.get("__interrupt__", ()))
    return waiting[0].value if waiting else None


def reviewed(run: Callable[[Decided], State]) -> State:
    """Run, and ask whoever is at the terminal each time that it stops for a review, until they leave it."""
    state, decisions = run(None), Decisions()
    while (shown := asked_of(state)) and can_ask():
        if not ask_person(shown, notes, decisions):
            break
        state = run(Command(resume=decisions.resume))
        if not (asked_of(state) or {}).get("problem"):
            decisions = Decisions()
    return state


def show(run: Callable[[Decided], Coroutine[Any, Any, State]], output: Output, question: str = "") -> None:
    """Run to the end and print what it came to, or what it had come to when it was stopped.

    Args:
        run: Starts the run, or goes on with it after a review.
        output: How it is shown.
        question: What was asked.
    """
    view, thread = output.view, output.thread
    try:
        state = reviewed(lambda decided: asyncio.run(run(decided)))
    except (GraphDrained, Terminated, KeyboardInterrupt) as stopped:
        drained = isinstance(stopped, GraphDrained)
        so_far = _so_far(view, question, stopped="interrupted", why="the run was stopped")
        if output.as_json:
            print_json(None, so_far)
        else:
            sys.stderr.write("stopped between two steps\n" if drained else interrupted(view.proposals) + "\n")
        _write_page(output, so_far)
        if thread:
            sys.stderr.write(f"go on with: {thread.resume}\n")
        raise typer.Exit(INTERRUPTED if isinstance(stopped, KeyboardInterrupt) else TERMINATED) from None
    except MoAError as exc:
        _write_page(output, _so_far(view, question, stopped="failed", why=str(exc)))
        if thread and view.proposals:
            notes.print(Text(f"what was answered is kept; go on with: {thread.resume}"), soft_wrap=True)
        raise
    waits = asked_of(state)
    if output.as_json:
        print_json(None if waits else state["messages"][-1].text, state)
    _write_page(output, state)
    if waits:
        _say_that_it_waits(waits, thread)
        raise typer.Exit(WAITING)


def _say_that_it_ends() -> None:
    notes.print(Text("stopping after this step; a second SIGTERM does not wait for it", style="dim"), soft_wrap=True)


def _say_that_it_waits(shown: Any, thread: Thread | None) -> None:
    if thread is None:
        notes.print(LEFT)
        return
    show_proposals(shown, notes)
    decide = f"{thread.resume} --decide accept, or --decide NAME=drop, NAME=retry or NAME=edit:TEXT"
    notes.print(Text(f"the run waits for a review of its proposals; go on with: {decide}"), soft_wrap=True)


def _so_far(view: View, question: str, *, stopped: str, why: str) -> State:
    """Return what is known of a run that did not end."""
    turn = view.proposals[-1]["turn"] if view.proposals else "unknown"
    known = [v for v in view.verdicts if v["turn"] == turn]
    mine = [p for p in view.proposals if p["turn"] == turn]
    run = make_report(mine, known, turn=turn, mixture="", notes=[f"{name} had not answered" for name in view.waiting])
    messages = view.messages if any(m.id == turn for m in view.messages) else [HumanMessage(question, id=turn)]
    told = {**run, "stopped": stopped, "degraded": why}
    return {"messages": messages, "proposals": mine, "verdicts": known, "run": told}


def _write_page(output: Output, state: State) -> None:
    if output.page is None:
        return
    try:
        output.page.write_text(report(state), encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"the report cannot be written to {output.page}: {exc.strerror or exc}") from exc
    notes.print(Text(f"report: {output.page}", style="dim"), soft_wrap=True)


def print_json(answer: str | None, state: State) -> None:
    """Print the answer and what led to it."""
    told = {"answer": answer, **{key: state.get(key, []) for key in ("proposals", "verdicts")}, "run": state["run"]}
    told |= {key: state[key] for key in ("citations", "evidence") if key in state}
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")


class Ending:
    """Run what SIGTERM is to end as Ctrl-C does; a script's background, where Ctrl-C is ignored, is no exception."""

    def __init__(self) -> None:
        self.terminated = False
        """Whether SIGTERM came."""
        self._task: asyncio.Task[Any] | None = None

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to the end, or let what is under way end in order.

        Raises:
            KeyboardInterrupt: SIGTERM ended it, or Ctrl-C did.
        """
        try:
            return asyncio.run(self._watched(work))
        except asyncio.CancelledError:
            if not self.terminated:
                raise
            raise KeyboardInterrupt from None

    async def _watched(self, work: Coroutine[Any, Any, T]) -> T:
        self._task = asyncio.current_task()
        try:
            return await work
        finally:
            self._task = None

    def on_signal(self, number: int, frame: object) -> None:
        """End the task that runs; a second signal waits for nothing."""
        task, again = self._task, self.terminated
        self.terminated = True
        if task is None or again:
            raise KeyboardInterrupt
        task.get_loop().call_soon_threadsafe(task.cancel)


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[Ending]:
    """Let SIGTERM end the program as Ctrl-C does, and tell afterwards that it did."""
    ending = Ending()
    try:
        before = signal.signal(signal.SIGTERM, ending.on_signal)
    except ValueError:  # not in the main thread
        yield ending
        return
    try:
        yield ending
    finally:
        signal.signal(signal.SIGTERM, before)
