"""What a gate concludes about its layer: steps that say where the run goes, and the words for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, cast

from ..core.panel.stages import Stage
from ..core.run.costs import added_up
from ..core.run.records import USABLE, Agreed, Call, Confidence, Moderation, Proposal, Verdict
from ..core.run.screening import Screening, screened_words
from ..core.run.served import Asked, asked_of, same_models, served_name
from ..core.run.turn import Turn
from .rules import Rules


class Conclusion(NamedTuple):
    """Say what one step of a gate comes to: where the run goes, where that is decided, and why."""

    next: str | None = None
    saved: int = 0
    words: tuple[str, ...] = ()
    """What it adds to the verdict's reason."""
    says_all: bool = False
    """Whether these words say, too, that all proposals were usable."""
    budget: str | None = None
    escalated: tuple[str, ...] = ()
    """Whom the next step asks instead of more of the same."""

    def then(self, later: "Conclusion") -> "Conclusion":
        """Return what both come to; the later one decides."""
        saved, words = self.saved + later.saved, self.words + later.words
        return Conclusion(later.next, saved, words, self.says_all, later.budget, later.escalated)


class Looks(NamedTuple):
    """Hold what was found out about a layer, each None where nobody looked."""

    agreed: Agreed | None = None
    confidence: Confidence | None = None
    moderation: Moderation | None = None


_NONE = Looks()


@dataclass(frozen=True)
class LayerResult:
    """Hold what a gate looks at: this turn's proposals of who has been asked."""

    turn: Turn
    stage: Stage
    proposals: Sequence[Proposal]
    rules: Rules
    screening: Screening | None = None

    @property
    def removed(self) -> list[str]:
        """Return whom a screen took out."""
        return self.screening["removed"] if self.screening else []

    @property
    def usable(self) -> int:
        """Count the usable proposals."""
        return sum(p["status"] in USABLE for p in self.proposals)

    @property
    def is_enough(self) -> bool:
        """Tell whether they are as many as a layer needs."""
        return self.usable >= self.rules.min_proposals

    @property
    def earlier(self) -> list[Verdict]:
        """Return what gates before this one said."""
        return self.turn.verdicts(before=self.stage.layer, wave=self.stage.wave)

    def verdicts(self, looks: Looks = _NONE) -> list[Verdict]:
        """Return all verdicts as they are so far, for whoever counts what they cost."""
        return [*self.earlier, self.verdict(looks, Conclusion())]

    def verdict(self, looks: Looks, ending: Conclusion) -> Verdict:
        """Put the steps together."""
        stage, falls_back = self.stage, not self.is_enough and self.stage.layer > 1
        counted = f"{self.usable} of {len(stage.asked_so_far)} proposals usable"
        if falls_back:
            counted += f", {self.rules.min_proposals} needed: answering from layer {stage.layer - 1}"
        words = [*screened_words(self.screening), *ending.words]
        paid = [v["analysis"] for v in self.turn.verdicts() if is_of(stage, v) and "analysis" in v]
        verdict = Verdict(
            turn=self.turn.id,
            layer=stage.layer,
            wave=stage.wave,
            asked=len(stage.asked_so_far),
            usable=self.usable,
            source=stage.layer - 1 if falls_back else stage.layer,
            next=ending.next or "",
            agreement=looks.agreed,
            moderation=looks.moderation,
            screening=self.screening,
            saved=ending.saved,
            reason="; ".join(words if ending.says_all else [counted, *words]),
            budget=ending.budget,
        )
        if looks.confidence:
            verdict["confidence"] = looks.confidence
        if ending.escalated:
            verdict["escalated"] = list(ending.escalated)
        if paid:
            verdict["analysis"] = paid[-1]
        return verdict


def is_of(stage: Stage, verdict: Verdict) -> bool:
    """Tell whether a verdict is what the gate of a stage concluded."""
    return (verdict["layer"], verdict["wave"]) == (stage.layer, stage.wave)


def with_earlier(turn: Turn, stage: Stage, looks: Looks) -> Looks:
    """Count what earlier passes through this gate paid: a review sends the run through it again."""
    passes = [v for v in turn.verdicts() if is_of(stage, v)]
    agreed, confidence, moderation = looks
    for before in passes:
        weighed = before.get("confidence")
        if weighed and weighed["call"] and confidence:
            confidence = {**confidence, "call": both_calls(confidence["call"], weighed["call"])}
        judged, moderated = before["agreement"], before.get("moderation")
        if judged and judged["call"] and agreed:
            agreed = {**agreed, "call": both_calls(agreed["call"], judged["call"])}
        if moderated and moderated["call"]:
            everyone = Moderation(kept=moderated["kept"], stop=False, skipped=None, call=None)
            so_far = moderation or everyone
            moderation = {**so_far, "call": both_calls(so_far["call"], moderated["call"])}
    return Looks(agreed, confidence, moderation)


def both_calls(call: Call | None, earlier: Call) -> Call:
    """Return a call with what an earlier one for the same took."""
    return cast("Call", {**call, **added_up(call, earlier)}) if call else earlier


def too_few(agreeing: Sequence[Proposal], needed: int) -> str:
    """Say that too few models agree, and which ones a server had as one; where it had none, the names were too few."""
    calls = asked_of(agreeing)
    groups = same_models(calls)
    merged = [group for group in groups if len(same_models([Asked(calls[n].label, None) for n in group])) > 1]
    if merged and len(groups) == 1:
        return f", but all were served by one model, {served_name(calls)}"
    lines = [f", but {needed} different models must"]
    for group in merged:
        names = ", ".join(agreeing[n]["proposer"] for n in group)
        lines.append(f"{names} were served by one, {served_name(calls[n] for n in group)}")
    return "; ".join(lines)


def left_out(stage: Stage, ahead: Sequence[Stage], *, answers: bool) -> str:
    """Name what is not asked; layers count as in the paper, the aggregator's last."""
    last = max([stage.layer, *(other.layer for other in ahead)]) + 1
    layers = sorted({other.layer for other in ahead if other.layer > stage.layer} | ({last} if answers else set()))
    named = ["the rest of the layer"] if any(other.layer == stage.layer for other in ahead) else []
    if layers:
        several = ", ".join(map(str, layers[:-1]))
        named.append(f"layers {several} and {layers[-1]}" if several else f"layer {layers[0]}")
    return " and ".join(named) or "the rest"
