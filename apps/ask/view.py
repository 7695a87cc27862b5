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

from ...core.run.origins import in_words, joined
from ...core.run.records import RETRIEVAL, REWRITING, USABLE, Citation, Evidence, Proposal, Report, Verdict
from ...core.run.state import merge_proposals, merge_verdicts
from ...core.text import one_line, printable

_REFRESH = 8
_COLUMNS = 80
"""How wide lines are that may be cut, where there is no terminal that says."""
_GUIDE = 4
"""Columns that the tree's lines take."""


class View:
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
        self.answer = ""
        self._console = console
        self._show_answer = show_answer
        self._layers: dict[int, dict[str, dict[str, Any]]] = {}
        self._notes: dict[int, str] = {}
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

    @property
    def waiting(self) -> list[str]:
        """Return who has been asked and has not answered."""
        layers = self._layers.items()
        return [f"{name} (layer {n})" for n, slots in layers for name, slot in slots.items() if "status" not in slot]

    def __enter__(self) -> "View":
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
                self._tell(f"{_title(layer)}: asking {', '.join(proposers)}")
            case {"moa": "proposal", "layer": layer, "proposer": name}:
                self._layers.setdefault(layer, {})[name] = event
                told = cast("Proposal", {k: v for k, v in event.items() if k != "moa"})
                self.proposals = merge_proposals(self.proposals, [told])
                self._tell("  " + _outcome(event, _COLUMNS - 2).plain)
            case {"moa": "verdict", "layer": layer, "reason": reason}:
                told_verdict = cast("Verdict", {k: v for k, v in event.items() if k != "moa"})
                self.verdicts = merge_verdicts(self.verdicts, [told_verdict])
                self._notes[layer] = printable(reason)
                self._tell(f"gate {layer}: {printable(reason)}")
            case {"moa": "evidence", "passages": passages}:
                self._notes[RETRIEVAL] = _passages(passages)
                self._tell(f"evidence: {self._notes[RETRIEVAL]}")
            case {"moa": "aggregating", "aggregator": name}:
                self._tell(f"{name} writes the answer")
                self._stop_live()
                if self._console.is_terminal:
                    self._console.print(Text(f"{name} writes the answer", style="dim"))
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
        if answer.startswith(self.answer):
            self.token(answer[len(self.answer) :])
        else:
            self._abandon("the answer above is void; the run's answer is:")
            self.token(answer)
        self._write("\n")
        self.answer = ""
        self._stop_live()
        if cited := sources(citations, evidence):
            self._console.print(Text(cited, style="dim"), soft_wrap=True)
        if counted := joined(answer, [p for p in self.proposals if p["turn"] == run["turn"]]):
            self._console.print(Text(in_words(counted), style="dim"), soft_wrap=not self._console.is_terminal)
        self._console.print(Text(summary(run), style="dim"))

    def _abandon(self, why: str) -> None:
        if self.answer:
            self._write("\n\n")
            self._console.print(Text(why, style="yellow"))
            self.answer = ""

    def _write(self, text: str) -> None:
        if self._show_answer:
            sys.stdout.write(text)
            sys.stdout.flush()

    def _tell(self, line: str) -> None:
        if self._live is None:
            self._console.print(Text(line), soft_wrap=True)

    def _stop_live(self) -> None:
        if self._live:
            self._live.stop()

    def _tree(self) -> RenderableType:
        trees = []
        for layer, slots in self._layers.items():
            title = Text(_title(layer), style="bold")
            if layer in self._notes:
                title.append(f"  {self._notes[layer]}", style="dim")
            tree = Tree(title, guide_style="dim")
            for name, slot in slots.items():
                width = self._console.width - _GUIDE
                tree.add(_outcome(slot, width) if "status" in slot else _waiting(name, slot))
            trees.append(tree)
        return Group(*trees)


def _title(layer: int) -> str:
    return {REWRITING: "rewriting", RETRIEVAL: "retrieval"}.get(layer, f"layer {layer}")


def _passages(passages: list[dict[str, str]]) -> str:
    sources = list(dict.fromkeys(printable(passage["source"]) for passage in passages))
    count = "1 passage" if len(passages) == 1 else f"{len(passages)} passages"
    return f"{count} from {', '.join(sources)}" if passages else "nothing was found"


def sources(citations: Sequence[Citation], evidence: Sequence[Evidence]) -> str:
    """Say where what an answer cites comes from, one line a source, and what is wrong with it."""
    headings = {e["id"]: str(e["metadata"].get("heading") or "") for e in evidence}
    cited: dict[str, None] = {}
    for c in citations:
        where = ", ".join(filter(None, [c["source"], headings.get(c["id"])]))
        cited[f"[{c['id']}] {printable(c['problem'] or where)}"] = None
    return "\n".join(cited)


def _waiting(name: str, slot: dict[str, Any]) -> RenderableType:
    spinner: Spinner = slot["spinner"]
    spinner.update(text=Text(f"{name}  {time.monotonic() - slot['since']:.1f} s"))
    return spinner


def _outcome(event: dict[str, Any], columns: int) -> Text:
    """Say what came of a call: its error whole, or as much of the proposal's beginning as fits a line."""
    usable = event["status"] in USABLE
    text = Text(f"{event['proposer']}  ")
    text.append(event["status"], style="green" if usable else "red")
    text.append(f"  {event['seconds']:.1f} s", style="dim")
    if event["error"]:
        text.append(f"  {printable(event['error'])}", style="dim")
    elif usable and (lines := [line for line in event.get("text", "").splitlines() if line.strip()]):
        count = f"{len(lines)} lines: " if len(lines) > 1 else ""
        text.append(f"  {count}{one_line(lines[0], limit=columns)}", style="dim")
        text.truncate(columns, overflow="ellipsis")
    return text


def summary(run: Report) -> str:
    """Say in a line what a run came to."""
    money = "cost unknown" if run["usd"] is None else "free" if run["usd"] == 0 else f"${run['usd']:.4f}"
    tokens = f"{run['usage']['total_tokens']:,} tokens"
    layers, calls = (f"{run[n]} {n.removesuffix('s') if run[n] == 1 else n}" for n in ("layers", "calls"))
    saved = f" ({run['saved']} saved)" if run["saved"] else ""
    work = f"{layers}, {calls}{saved}, {tokens}, {money}, {run['seconds']:.1f} s"
    line = f"{run['stopped'].replace('_', ' ')}: {work}"
    degraded = [f"degraded: {printable(run['degraded'])}"] if run["degraded"] else []
    return "\n".join([line, *degraded, *(f"note: {printable(note)}" for note in run["notes"])])


def interrupted(proposals: list[Proposal]) -> str:
    """Say what had been answered when a run was cut short."""
    usable = [p for p in proposals if p["status"] in USABLE]
    if not usable:
        return "interrupted; nothing had been answered yet"
    said = "\n".join(
        f"- layer {p['layer']}, {p['proposer']}: {one_line(printable(p['text']), limit=400)}" for p in usable
    )
    return f"interrupted; answered so far:\n{said}"
