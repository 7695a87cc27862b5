"""How a run is shown, and what it came to is written: as text, as JSON, as a page."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from langchain_core.messages import HumanMessage
from langgraph.types import Interrupt
from rich.text import Text

from ...core.errors import ConfigError
from ...core.ordinary import check_reachable
from ...core.run.conversation import digest_of
from ...core.run.report import make_report
from ...core.run.state import Graph
from ...graphs.page import report
from ..terminal import note, notes
from .review import show_proposals
from .threads import Thread
from .view import RunView

RunState = dict[str, Any]
LEFT = Text("left without a review; nothing of this run is kept")


@dataclass
class Output:
    """Say how a run is shown."""

    as_json: bool = False
    no_stream: bool = False
    page: Path | None = None
    """The file that its report is written to."""
    thread: Thread | None = None
    moa: Graph | None = None
    """What is run, for the drawing in its report."""
    was_terminated: bool = False
    """Whether SIGTERM came, though the run has come to its end."""
    view: RunView = field(init=False)

    def __post_init__(self) -> None:
        self.view = RunView(notes, show_answer=not self.as_json)
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
    check_reachable(file, "the report")
    if file.is_dir() or not folder.is_dir() or not os.access(file if file.exists() else folder, os.W_OK):
        raise ConfigError(f"the report cannot be written to {file}, expected a file in a folder that is there")


def waiting_for(state: RunState) -> Any:
    """Return what a run that waits for a person shows them; None where it does not wait."""
    waiting = cast("Sequence[Interrupt]", state.get("__interrupt__", ()))
    return waiting[0].value if waiting else None


def say_that_it_waits(shown: Any, thread: Thread | None) -> None:
    """Say how a run goes on that waits for a person, and show what for."""
    if thread is None:
        notes.print(LEFT)
        return
    show_proposals(shown, notes)
    decide = f"{thread.resume} --decide accept, or --decide NAME=drop, NAME=retry or NAME=edit:TEXT"
    notes.print(Text(f"the run waits for a review of its proposals; go on with: {decide}"), soft_wrap=True)


def so_far(view: RunView, question: str, *, stopped: str, why: str) -> RunState:
    """Return what is known of a run that did not end."""
    messages = view.messages or [HumanMessage(question)]
    turn = view.proposals[-1]["turn"] if view.proposals else digest_of(messages)
    verdicts = [v for v in view.verdicts if v["turn"] == turn]
    mine = [p for p in view.proposals if p["turn"] == turn]
    run = make_report(
        mine, verdicts, turn=turn, mixture="", notes=[f"{name} had not answered" for name in view.waiting]
    )
    cut_short = {**run, "stopped": stopped, "degraded": why}
    compared = {"disagreement": view.disagreement} if view.disagreement else {}
    return {"messages": messages, "proposals": mine, "verdicts": verdicts, "run": cut_short, **compared}


def write_page(output: Output, state: RunState) -> None:
    """Write the page about a run, where one was asked for.

    Raises:
        ConfigError: It cannot be written.
    """
    if output.page is None:
        return
    try:
        output.page.write_text(report(state, output.moa), encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"the report cannot be written to {output.page}: {exc.strerror or exc}") from exc
    note(f"report: {output.page}")


def print_json(answer: str | None, state: RunState) -> None:
    """Print the answer and what led to it."""
    written = {"answer": answer, **{key: state.get(key, []) for key in ("proposals", "verdicts")}, "run": state["run"]}
    written |= {key: state[key] for key in ("disagreement", "citations", "evidence") if key in state}
    sys.stdout.write(json.dumps(written, ensure_ascii=False, indent=2) + "\n")
