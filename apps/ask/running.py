"""Run a mixture, show what happens, and say what it came to, however it ended."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import nullcontext
from typing import Any, cast

import typer
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphDrained
from langgraph.types import Command, Durability, StreamMode
from rich.text import Text

from ...core.errors import MoAError
from ...core.run.state import Graph
from ...graphs.plan import plan_of
from ..interrupts import INTERRUPTED, TERMINATED
from ..terminal import WAITING, note, notes
from .draining import STEP_S, Terminated, drained_on_sigterm
from .lines import interrupted
from .output import Output, RunState, print_json, say_that_it_waits, so_far, waiting_for, write_page
from .review import Decisions, ask_person, can_ask
from .store import StoreUnusable

Decided = Command[Any] | None
Run = Callable[[Decided], Coroutine[Any, Any, RunState]]
"""Starts a run, or goes on with it after a review."""


async def follow(
    moa: Graph, given: RunState | Decided, output: Output, *, config: RunnableConfig | None = None
) -> RunState:
    """Run the graph, show what happens, and return the final state.

    Args:
        moa: What to run.
        given: What to start it with; None goes on with what is under way.
        output: How it is shown; where its thread outlives this program, SIGTERM ends the run between two steps.
        config: The thread, where there is one.
    """
    modes: list[StreamMode] = ["custom", "values", "messages"]
    streams = output.streams and not plan_of(moa).rules.removes  # what was printed cannot be taken back
    state: RunState = {}
    output.moa = moa
    view, is_kept = output.view, output.thread is not None
    # With "sync", whatever has been answered is on the disk before the next step begins.
    durability: Durability | None = "sync" if is_kept else None
    with view, drained_on_sigterm(_say_that_it_ends) if is_kept else nullcontext() as control:
        stream_of = moa.astream(given, config, stream_mode=modes[: 2 + streams], control=control, durability=durability)
        async for mode, part in cast("AsyncIterator[tuple[str, Any]]", stream_of):
            if mode == "custom":
                view.event(part)
            elif mode == "values":
                state = {**state, **part}
                view.remember(part)
            elif isinstance(part[0], AIMessageChunk):
                view.token(part[0].text)
        output.was_terminated = control is not None and control.drain_requested
        if not waiting_for(state):
            view.finish(state["messages"][-1].text, state["run"], state.get("citations", []), state.get("evidence", []))
    return state


def reviewed(run: Callable[[Decided], RunState]) -> RunState:
    """Run, and ask whoever is at the terminal each time that it stops for a review, until they leave it."""
    state, decisions = run(None), Decisions()
    while (shown := waiting_for(state)) and can_ask():
        if not ask_person(shown, notes, decisions):
            break
        state = run(Command(resume=decisions.resume))
        if not (waiting_for(state) or {}).get("problem"):
            decisions = Decisions()
    return state


def run_and_show(run: Run, output: Output, question: str = "") -> None:
    """Run to the end and print what it came to, or what it had come to when it was stopped.

    Args:
        run: Starts the run, or goes on with it after a review.
        output: How it is shown.
        question: What was asked.
    """
    try:
        state = reviewed(lambda decided: asyncio.run(run(decided)))
    except (GraphDrained, Terminated, KeyboardInterrupt) as stopped:
        show_stopped(output, question, drained=isinstance(stopped, GraphDrained))
        raise typer.Exit(INTERRUPTED if isinstance(stopped, KeyboardInterrupt) else TERMINATED) from None
    except MoAError as exc:
        show_failed(output, question, exc)
        raise
    waits = waiting_for(state)
    if output.as_json:
        print_json(None if waits else state["messages"][-1].text, state)
    write_page(output, state)
    if waits:
        say_that_it_waits(waits, output.thread)
        raise typer.Exit(WAITING)


def show_failed(output: Output, question: str, exc: MoAError) -> None:
    """Write the page of a run that failed, and say how to go on with what is kept of it."""
    write_page(output, so_far(output.view, question, stopped="failed", why=str(exc)))
    if output.thread and output.view.proposals:
        whole = "could be written" if isinstance(exc, StoreUnusable) else "was answered"
        notes.print(Text(f"what {whole} is kept; go on with: {output.thread.resume}"), soft_wrap=True)


def show_stopped(output: Output, question: str, *, drained: bool) -> None:
    """Print what a run had come to when it was stopped, and how to go on."""
    state = so_far(output.view, question, stopped="interrupted", why="the run was stopped")
    if output.as_json:
        print_json(None, state)
    else:
        sys.stderr.write("stopped between two steps\n" if drained else interrupted(output.view.proposals) + "\n")
    write_page(output, state)
    if output.thread:
        sys.stderr.write(f"go on with: {output.thread.resume}\n")


def _say_that_it_ends() -> None:
    note(f"stopping after this step, or in {STEP_S:g} s; a second SIGTERM does not wait for it")
