"""What happens in a run, and what it came to, in lines for a person."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import RenderableType
from rich.spinner import Spinner
from rich.text import Text

from ...core.run.cited import Citation, Evidence
from ...core.run.disagreement import Disagreement, counted_points, points_in
from ...core.run.records import RETRIEVAL, REWRITING, USABLE, Cost, Proposal, Report
from ...core.run.usage import thought_tokens
from ...core.text import one_line, printable
from ...graphs.estimate import USUAL_ANSWER

AT_MOST = "at most: every answer as long as --max-tokens N, or else its model, allows"
USUAL = f"usually: answers of {USUAL_ANSWER} tokens, the average of AlpacaEval's, or of --max-tokens where that is less"


def cost_line(cost: Cost) -> str:
    """Say in figures what something costs, or may cost."""
    calls = "calls unknown" if cost["calls"] is None else f"{cost['calls']:,} calls"
    tokens = "tokens unknown" if cost["tokens"] is None else f"{cost['tokens']:,} tokens"
    return f"{calls}, {tokens}, " + ("cost unknown" if cost["usd"] is None else f"${cost['usd']:.4f}")


_LEAST = 8
"""Columns that a proposal's beginning is worth; who gave it, and what came of it, are never cut."""


def layer_title(layer: int) -> str:
    """Name a layer as its title; documents and searches have layers of their own."""
    return {REWRITING: "rewriting", RETRIEVAL: "retrieval"}.get(layer, f"layer {layer}")


def passages_line(passages: list[dict[str, str]]) -> str:
    """Say how many passages were retrieved, and from where."""
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


def differences(disagreement: Disagreement) -> str:
    """Say what proposals agree and differ on, a line a point."""
    lines = [counted_points(disagreement)]
    title = ""
    for kind, point in points_in(disagreement):
        lines += [f"{kind}:"] if kind != title else []
        lines.append(f"- {printable(point)}")
        title = kind
    return "\n".join(lines)


def waiting_line(name: str, slot: dict[str, Any]) -> RenderableType:
    """Show who has been asked, and for how long."""
    spinner: Spinner = slot["spinner"]
    spinner.update(text=Text(f"{name}  {time.monotonic() - slot['since']:.1f} s"))
    return spinner


def outcome_line(event: dict[str, Any], columns: int) -> Text:
    """Say what came of a call: its error whole, or as much of the proposal's beginning as fits a line."""
    usable = event["status"] in USABLE
    text = Text(f"{event['proposer']}  ")
    text.append(event["status"], style="green" if usable else "red")
    text.append(f"  {event['seconds']:.1f} s", style="dim")
    if missed := event.get("instead_of"):
        names = ", ".join(printable(each["model"]) for each in missed)
        text.append(f"  {printable(event['model'])} instead of {names}", style="dim")
    if event["error"]:
        text.append(f"  {printable(event['error'])}", style="dim")
    elif usable and (lines := [line for line in event.get("text", "").splitlines() if line.strip()]):
        count = f"{len(lines)} lines: " if len(lines) > 1 else ""
        beginning, room = Text(f"  {count}{one_line(lines[0], limit=columns)}", style="dim"), columns - text.cell_len
        beginning.truncate(room, overflow="ellipsis")
        text.append_text(beginning if room >= _LEAST else Text())
    return text


def run_summary(run: Report) -> str:
    """Say in a line what a run came to."""
    money = "cost unknown" if run["usd"] is None else "free" if run["usd"] == 0 else f"${run['usd']:.4f}"
    thought = thought_tokens(run["usage"])
    tokens = f"{run['usage']['total_tokens']:,} tokens" + (f" ({thought:,} thought)" if thought else "")
    layers, calls = (f"{run[n]} {n.removesuffix('s') if run[n] == 1 else n}" for n in ("layers", "calls"))
    saved = f" ({run['saved']} saved)" if run["saved"] else ""
    work = f"{layers}, {calls}{saved}, {tokens}, {money}, {run['seconds']:.1f} s"
    line = f"{run['stopped'].replace('_', ' ')}: {work}{spared_words(run.get('spared'))}"
    degraded = [f"degraded: {printable(run['degraded'])}"] if run["degraded"] else []
    return "\n".join([line, *degraded, *(f"note: {printable(note)}" for note in run["notes"])])


def spared_words(spared: Cost | None) -> str:
    """Say what came from a cache, and what it would have cost; nothing where nothing did."""
    if spared is None:
        return ""
    calls = "1 call" if spared["calls"] == 1 else f"{spared['calls'] or 0:,} calls"
    price = f", ${spared['usd']:,.4f}" if spared["usd"] else ""
    return f"; from the cache: {calls}, {spared['tokens'] or 0:,} tokens{price}"


def interrupted(proposals: list[Proposal]) -> str:
    """Say what had been answered when a run was cut short."""
    usable = [p for p in proposals if p["status"] in USABLE]
    if not usable:
        return "interrupted; nothing had been answered yet"
    lines = "\n".join(
        f"- layer {p['layer']}, {p['proposer']}: {one_line(printable(p['text']), limit=400)}" for p in usable
    )
    return f"interrupted; answered so far:\n{lines}"
