"""Drafts: the best proposal so far, for those who look on; no prompt, vote or message ever holds one."""

from ..core.agreement.closed import closed_answers
from ..core.agreement.comparing import compare_at_once
from ..core.bounds.quorum import Onlooker
from ..core.panel.stages import Stage
from ..core.run.turn import Turn
from .node import emit

_COMPARED = 50_000
"""Characters of answers that are compared on the event loop; beyond them, what is shown stays."""


class Drafts:
    """Choose what is shown of one stage while the others still answer: few drafts, each better than the one before.

    The first usable proposal is one. Another takes its place where more answers agree with it than with the one that
    is shown, or where that one was cut and this one is whole.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        """Whole answers, by who gave them."""
        self._shown: str | None = None
        self._is_whole = False

    def take(self, title: str, text: str, *, whole: bool) -> int:
        """Take a usable proposal, and return how many agree with it, where it is the draft to show now; else 0."""
        if whole:
            self._texts[title] = text
        if self._shown is None or (whole and not self._is_whole):
            self._shown, self._is_whole = title, whole
            return 1
        agreeing = self._largest_group() if whole else []
        if title not in agreeing or self._shown in agreeing:
            return 0
        self._shown = title
        return len(agreeing)

    def _largest_group(self) -> list[str]:
        """Return who agrees, where they are more than those who agree with what is shown."""
        titles, texts = [*self._texts], [*self._texts.values()]
        if sum(map(len, texts)) > _COMPARED:
            return []
        groups = compare_at_once(closed_answers(), texts)["groups"]
        shown = next((len(group) for group in groups if self._shown in [titles[n] for n in group]), 1)
        return [titles[n] for n in groups[0]] if groups and len(groups[0]) > shown else []


def drafted(stage: Stage, turn: Turn) -> Onlooker:
    """Return what a stage's race tells of each usable proposal, and what sends the best of them as `draft` events.

    A later layer begins anew: whoever read the layer before is better than it. Who reads nothing there gives no draft.

    Args:
        stage: Who is asked together.
        turn: The turn; what a wave before this one answered has been shown already.
    """
    drafts = Drafts()
    titles = {seat.title for seat in stage.seats if stage.layer == 1 or seat.reads is None or seat.reads}
    earlier = [p for p in turn.usable(stage.layer) if p["proposer"] not in {seat.title for seat in stage.seats}]
    for proposal in sorted(earlier, key=lambda p: p["started"] + p["seconds"]):
        drafts.take(proposal["proposer"], proposal["text"], whole=proposal["status"] == "ok")

    def hear(title: str, text: str, whole: bool) -> None:
        if title in titles and (agree := drafts.take(title, text, whole=whole)):
            emit("draft", layer=stage.layer, proposer=title, text=text, agree=agree)

    return hear
