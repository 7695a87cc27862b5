"""Show a run as it happens: a live tree on a terminal, plain lines elsewhere; the answer goes to standard output."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AnyMessage
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text
from rich.tree import Tree

from ...core.run.cited import Citation, Evidence
from ...core.run.disagreement import Disagreement, counted_points
from ...core.run.origins import in_words, joined
from ...core.run.records import RETRIEVAL, Proposal, Report, Verdict
from ...core.run.state import merge_proposals, merge_verdicts
from ...core.text import printable
from ..logbook import AnswerLine
from .lines import differences, layer_title, outcome_line, passages_line, run_summary, sources, waiting_line

_REFRESH = 8
_COLUMNS = 80
"""How wide lines are that may be cut, where there is no terminal that says."""
_GUIDE = 4
"""Columns that the tree's lines take."""


class RunView:
    """Follow one run's events on standard error and its answer on standard output.

    Attributes:
        proposals: What has come back so far, failures included, for when the run is cut short.
        verdicts: What gates have concluded so far.
        answer: What has been printed of the answer so far.
    """

    def __init__(self, console: Console, *, show_answer: bool = True) -> None:
        self.proposals: list[Proposal] = []
        self.verdicts: list[Verdict] = []
        self.messages: list[AnyMessage] = []
        self.disagreement: Disagreement | None = None
        self.answer = ""
        self._console = console
        self._show_answer = show_answer
        self._layers: dict[int, dict[str, dict[str, Any]]] = {}
        self._notes: dict[int, str] = {}
        self._draft: Text | None = None
        """What is shown below the tree until the answer comes."""
        self._live = (
            Live(console=console, refresh_per_second=_REFRESH, get_renderable=self._tree)
            if console.is_terminal
            else None
        )

    def remember(self, state: Mapping[str, Any]) -> None:
        """Take what a thread holds already, or a step has come to; events tell of what comes after it."""
        self.messages = list(state.get("messages", self.messages))
        self.proposals = list(state.get("proposals", self.proposals))
        self.verdicts = list(state.get("verdicts", self.verdicts))
        self.disagreement = state.get("disagreement", self.disagreement)

    @property
    def waiting(self) -> list[str]:
        """Return who has been asked and has not answered."""
        layers = self._layers.items()
        return [f"{name} (layer {n})" for n, slots in layers for name, slot in slots.items() if "status" not in slot]

    def __enter__(self) -> "RunView":
        if self._live:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop_live()
        if self.answer:
            self._write("\n")

    def event(self, event: dict[str, Any]) -> None:
        """Take one of the graph's `custom` events."""
        match event:
            case {"moa": "layer", "layer": layer, "proposers": proposers}:
                slots = self._layers.setdefault(layer, {})
                for name in proposers:
                    slots.setdefault(name, {"since": time.monotonic(), "spinner": Spinner("dots")})
                self._tell(f"{layer_title(layer)}: asking {', '.join(proposers)}")
            case {"moa": "draft", "proposer": name, "text": text, "agree": agree}:
                self._show_draft(name, text, agree)
            case {"moa": "proposal", "layer": layer, "proposer": name}:
                self._layers.setdefault(layer, {})[name] = event
                self.proposals = merge_proposals(self.proposals, [cast("Proposal", _record(event))])
                self._tell("  " + outcome_line(event, _COLUMNS - 2).plain)
            case {"moa": "verdict", "layer": layer, "reason": reason}:
                self.verdicts = merge_verdicts(self.verdicts, [cast("Verdict", _record(event))])
                self._notes[layer] = printable(reason)
                self._tell(f"gate {layer}: {printable(reason)}")
            case {"moa": "evidence", "passages": passages}:
                self._notes[RETRIEVAL] = passages_line(passages)
                self._tell(f"evidence: {self._notes[RETRIEVAL]}")
            case {"moa": "analysing" | "disagreement"}:
                self._tell_comparison(event)
            case {"moa": "aggregating", "aggregator": name}:
                self._begin_answer(f"{name} writes the answer")
            case {"moa": "abandoned", "aggregator": name, "status": status}:
                self._abandon(f"the answer above was abandoned ({name}: {status})")

    def token(self, text: str) -> None:
        """Print a piece of the answer."""
        self.answer += text
        self._write(printable(text))

    def finish(
        self, answer: str, run: Report, citations: Sequence[Citation] = (), evidence: Sequence[Evidence] = ()
    ) -> None:
        """Print what the stream did not, what the answer cites, and what the run came to."""
        self._stop_live()  # while it lives, what goes to standard output is printed above the tree
        if answer.startswith(self.answer):
            self.token(answer[len(self.answer) :])
        else:
            self._abandon("the answer above is void; the run's answer is:")
            self.token(answer)
        self._write("\n")
        self.answer = ""
        comparison = self.disagreement
        if comparison and comparison["turn"] == run["turn"]:
            self._console.print(Text(differences(comparison), style="dim"), soft_wrap=not self._console.is_terminal)
        if cited := sources(citations, evidence):
            self._console.print(Text(cited, style="dim"), soft_wrap=True)
        if counted := joined(answer, [p for p in self.proposals if p["turn"] == run["turn"]]):
            self._console.print(Text(in_words(counted), style="dim"), soft_wrap=not self._console.is_terminal)
        self._console.print(Text(run_summary(run), style="dim"))

    def _show_draft(self, name: str, text: str, agree: int) -> None:
        """Show a draft below the tree until the answer comes; or above, and for good, where it is long."""
        if self._live is None or not self._show_answer or not sys.stdout.isatty():
            return
        by = f"{name}, and {agree - 1} more say so" if agree > 1 else name
        draft = Text(f"draft ({by})\n{printable(text.strip())}", style="dim")
        rows = len(self._console.render_lines(Group(self._tree(), draft), pad=False))
        if rows < self._console.height:
            self._draft = draft
        else:
            self._draft = None
            self._console.print(draft)

    def _tell_comparison(self, event: dict[str, Any]) -> None:
        if event["moa"] == "analysing":
            self._tell(f"{event['analyst']} compares {event['proposals']} proposals")
        elif comparison := event["disagreement"]:
            self.disagreement, layer = comparison, event["layer"]
            self._notes[layer] = "; ".join(filter(None, [self._notes.get(layer), counted_points(comparison)]))

    def _begin_answer(self, line: str) -> None:
        self._tell(line)
        self._stop_live()
        if self._console.is_terminal:
            self._console.print(Text(line, style="dim"))

    def _abandon(self, why: str) -> None:
        if self.answer:
            self._write("\n\n")
            self._console.print(Text(why, style="yellow"))
            self.answer = ""

    def _write(self, text: str) -> None:
        if self._show_answer:
            sys.stdout.write(text)
            sys.stdout.flush()
            AnswerLine.is_open = not text.endswith("\n")

    def _tell(self, line: str) -> None:
        if self._live is None:
            self._console.print(Text(line), soft_wrap=True)

    def _stop_live(self) -> None:
        self._draft = None
        if self._live:
            self._live.stop()

    def _tree(self) -> RenderableType:
        trees: list[RenderableType] = []
        for layer, slots in self._layers.items():
            title = Text(layer_title(layer), style="bold")
            if layer in self._notes:
                title.append(f"  {self._notes[layer]}", style="dim")
            tree = Tree(title, guide_style="dim")
            for name, slot in slots.items():
                width = self._console.width - _GUIDE
                tree.add(outcome_line(slot, width) if "status" in slot else waiting_line(name, slot))
            trees.append(tree)
        return Group(*trees, *filter(None, [self._draft]))


def _record(event: dict[str, Any]) -> dict[str, Any]:
    """Return the proposal, or verdict, that an event tells of."""
    return {key: value for key, value in event.items() if key != "moa"}
