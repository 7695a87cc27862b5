"""Add up what a run did, and what it cost."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages.ai import UsageMetadata, add_usage

from .costs import spared_by
from .left_out import LeftOut
from .picking import Picking
from .records import RETRIEVAL, REWRITING, USABLE, Aggregation, Call, Proposal, Report, Verdict
from .screening import screened_words
from .served import is_another

_UNREAD: dict[LeftOut, str] = {"images": "pictures", "files": "files", "audio": "sound", "video": "videos"}
_WENT_WITHOUT: dict[LeftOut, str] = {
    "stream_options": "takes no stream_options; it was not asked for the usage of what it streamed",
    "streaming": "does not stream; its answer came in one piece",
    "unstreamed": "only streams; its answer was asked for in a stream",
    "system_role": "takes no system messages; their words stand in the user's message",
    "repeated_roles": "wants user and assistant in turn; messages in a row by one of them were joined",
    "tool_choice": "takes no such tool_choice; it was asked without, and its answer was checked",
    "logprobs": "tells no logprobs; it was asked without",
    "max_tokens": "takes no max_tokens; the limit was sent as max_completion_tokens",
    "temperature": "or model takes no temperature; it was asked without, at its own",
    "reasoning_effort": "or model takes no such reasoning_effort; it was asked without",
    "service_tier": "or model takes no such tier of service; it was asked at its usual one",
    **{
        part: f"or model takes no {words}; it was given the text, and a note in their place"
        for part, words in _UNREAD.items()
    },
}


_TIERS: dict[str | None, str] = {
    "batch": "answered in a provider's batch",
    "default": "answered at the usual tier, at the list price, and not at the one that was asked for",
    None: "answered at a tier that its server does not name; it is counted at the list price",
}


def make_report(
    proposals: Sequence[Proposal],
    verdicts: Sequence[Verdict],
    *,
    turn: str,
    mixture: str,
    aggregators: Sequence[Aggregation] = (),
    degraded: Sequence[str] = (),
    truncated: bool = False,
    word_for_word: bool = False,
    budget: str | None = None,
    notes: Sequence[str] = (),
    picking: Picking | None = None,
    done: bool = False,
) -> Report:
    """Sum up one turn so far.

    Args:
        proposals: This turn's proposals, all layers.
        verdicts: This turn's verdicts, in order.
        turn: The turn's id.
        mixture: Who sits where.
        aggregators: The aggregators' calls, once made.
        degraded: Reasons that only the caller knows; failed proposals are found here.
        truncated: Whether the answer was cut.
        word_for_word: Whether the answer is a proposal.
        budget: Which limit kept an aggregator from being asked, or cut it short.
        notes: What else is worth knowing.
        picking: What a function gave the proposals.
        done: Whether there is an answer.
    """
    layers = sorted({p["layer"] for p in proposals})
    judges = calls_of(verdicts)
    calls: list[Call] = [*proposals, *judges, *aggregators]
    saved = sum(v["saved"] for v in verdicts)
    limit = next(filter(None, (v["budget"] for v in verdicts)), budget)
    usage: UsageMetadata | None = None
    for call in calls:
        usage = add_usage(usage, call["usage"])
    prices = [call["usd"] for call in calls if call["calls"] or call["status"] != "skipped"]
    counted = [usd for usd in prices if usd is not None]
    layers_asked = sum(layer >= 1 for layer in layers)
    losses = [_loss(layer, [p for p in proposals if p["layer"] == layer]) for layer in layers]
    losses += [f"the next layer was not asked: {v['budget']}" for v in verdicts if v["budget"]]
    losses += [loss for v in verdicts for loss in (_unjudged(v), _uncompared(v))]
    fell_back = word_for_word or any(v["source"] != v["layer"] for v in verdicts)
    seconds = work_seconds(proposals, aggregators, verdicts) + (picking["seconds"] if picking else 0.0)
    report = Report(
        turn=turn,
        mixture=mixture,
        stopped=_stopped(
            done, limit=limit, fell_back=fell_back, early=next(filter(None, map(_ends_here, verdicts)), None)
        ),
        layers=layers_asked + any(call["status"] != "skipped" for call in aggregators),
        calls=sum(call["calls"] for call in calls),
        saved=saved,
        usage=usage or UsageMetadata(input_tokens=0, output_tokens=0, total_tokens=0),
        usd=sum(counted) if len(counted) == len(prices) else None,
        seconds=round(seconds, 3),
        degraded="; ".join(filter(None, [*losses, *degraded])) or None,
        truncated=truncated,
        notes=[
            *_notes(proposals, aggregators),
            *_about_layers(verdicts),
            *_laddered(verdicts),
            *_went_without(calls),
            *_at_tiers(calls),
            *(f"{call['model']}: from the cache, where layers were looked at" for call in judges if call["cached"]),
            *notes,
        ],
        aggregators=list(aggregators),
    )
    if spared := [call["spared"] for call in calls if "spared" in call]:
        report["spared"] = spared_by(spared)
    if picking:
        report["picking"] = picking
    return report


def calls_of(verdicts: Sequence[Verdict]) -> list[Call]:
    """Return the calls about layers: to judge agreement, to check an answer, to moderate, and to compare proposals."""
    kinds = ("agreement", "confidence", "moderation", "analysis")
    looks: list[Any] = [look for v in verdicts for kind in kinds if (look := v.get(kind))]
    made: list[Call | None] = [look["call"] for look in looks]
    return [call for call in made if call]


def work_seconds(proposals: Sequence[Proposal], others: Sequence[Call] = (), verdicts: Sequence[Verdict] = ()) -> float:
    """Return how long a turn has worked: while at least one call of a layer was in line or under way, and the others.

    The time between a crash and the resumption is no work.

    Args:
        proposals: This turn's proposals.
        others: Calls that were made one at a time.
        verdicts: What gates concluded; judging takes time.
    """
    layers = [_busy([p for p in proposals if p["layer"] == n]) for n in {p["layer"] for p in proposals}]
    judging = sum(v["agreement"]["seconds"] for v in verdicts if v["agreement"])
    consulted = [look["call"] for v in verdicts for look in (v.get("moderation"), v.get("analysis")) if look]
    judging += sum(call["waited"] + call["seconds"] + call["tried_s"] for call in consulted if call)
    weighed = [w for v in verdicts if (w := v.get("confidence"))]
    judging += sum(w["seconds"] for w in weighed)
    judging += sum(w["call"]["waited"] + w["call"]["seconds"] for w in weighed if w["call"])
    judging += sum(call["tried_s"] for call in (*proposals, *others))
    return sum(layers) + judging + sum(call["waited"] + call["seconds"] for call in others)


def _ends_here(verdict: Verdict) -> str | None:
    """Say what left something out: agreement, the only one's confidence, or a moderator."""
    moderation, confidence = verdict.get("moderation"), verdict.get("confidence")
    if confidence and confidence["reached"]:
        return "confident" if verdict["saved"] > 0 or verdict["next"] == "answer" else None
    if moderation and moderation["stop"]:
        return "moderated" if verdict["saved"] else None
    return "agreed" if verdict["saved"] > 0 or verdict["next"] == "answer" else None


def _stopped(done: bool, *, limit: str | None, fell_back: bool, early: str | None) -> str:
    if not done:
        return "running"
    if limit:
        return "budget"
    return "fell_back" if fell_back else early or "completed"


def _unjudged(verdict: Verdict) -> str | None:
    """Say what a gate could not find out."""
    agreed, moderated = verdict["agreement"], verdict.get("moderation")
    if agreed and agreed["call"] and agreed["call"]["status"] != "ok":
        return f"agreement was not judged: {_why(agreed['call'])}"
    if moderated and (why := moderated["skipped"]):
        return f"layer {verdict['layer']} was not moderated: {why}"
    if moderated and moderated["call"] and moderated["call"]["status"] != "ok":
        return f"layer {verdict['layer']} was not moderated: {_why(moderated['call'])}"
    return None


def _uncompared(verdict: Verdict) -> str | None:
    """Say why proposals were not compared that should have been."""
    analysis = verdict.get("analysis")
    call = analysis["call"] if analysis else None
    failed = call is not None and call["status"] != "ok"
    why = analysis["skipped"] if analysis and analysis["skipped"] else _why(call) if call and failed else None
    return f"the proposals of layer {verdict['source']} were not compared: {why}" if why else None


def _why(call: Call) -> str:
    return f"{call['model']}: {call['status']} ({call['error']})"


def busy_spans(calls: Iterable[Call], *, pause: float = 0.0) -> list[tuple[float, float]]:
    """Return when at least one call was in line or under way, from and to which Unix time.

    Args:
        calls: What was called.
        pause: Seconds without any that end no span.
    """
    spans: list[tuple[float, float]] = []
    for start, end in sorted((c["started"] - c["waited"], c["started"] + c["seconds"]) for c in calls):
        if spans and start <= spans[-1][1] + pause:
            spans[-1] = spans[-1][0], max(spans[-1][1], end)
        else:
            spans.append((start, end))
    return spans


def _busy(calls: Sequence[Call]) -> float:
    return sum(end - start for start, end in busy_spans(calls))


def _notes(proposals: Sequence[Proposal], aggregators: Sequence[Call]) -> list[str]:
    named = [(f"{p['proposer']} (layer {p['layer']})", p) for p in proposals]
    notes: dict[str, None] = {}
    for name, call in [*named, *((f"aggregator {call['model']}", call) for call in aggregators)]:
        if is_another(call["model"], call["served_model"]):
            notes[f"{name}: asked for {call['model']}, served by {call['served_model']}"] = None
        if call["references_cut"]:
            number = call["references_cut"]
            notes[f"{name}: {number} references or passages were shortened to fit its window or evidence_tokens"] = None
        if call.get("windows", 1) > 1:
            notes[f"{name}: its references did not fit its window, and were read in {call['windows']} parts"] = None
        if (missed := call.get("instead_of")) and call["status"] in USABLE:
            failed = ", ".join(f"{each['model']}: {each['status']}" for each in missed)
            notes[f"{name}: {call['model']} answered instead ({failed})"] = None
        if limit := call.get("more_room"):
            notes[f"{name}: thinking left no room for an answer; it was asked once more with {limit:,} tokens"] = None
        if call["cached"]:
            notes[f"{name}: from the cache"] = None
        passed_over: Any = call.get("passed_over", ())
        notes |= dict.fromkeys(passed_over)
    for name, p in named[: len(proposals)]:
        if p["reviewed"] in ("edited", "dropped"):
            notes[f"{name}: {p['reviewed']} by a reviewer"] = None
    return list(notes)


def _about_layers(verdicts: Sequence[Verdict]) -> list[str]:
    """Say who was taken out of which layer, as its last verdict holds, and where there was nothing to compare."""
    last = {v["layer"]: v.get("screening") for v in verdicts}
    screened = [
        f"layer {layer}: {words}"
        for layer, screening in last.items()
        for words in (screened_words(screening) if screening and screening["removed"] else [])
    ]
    looks = [(v["source"], look) for v in verdicts if (look := v.get("analysis"))]
    alone = [layer for layer, look in looks if not look["call"] and not look["skipped"]]
    return screened + [f"layer {n}: less than two of its proposals went on; nobody compared them" for n in alone]


def _laddered(verdicts: Sequence[Verdict]) -> list[str]:
    """Say of whom it could not be found out how sure they are, and who was asked instead of more of the same."""
    notes = []
    for v in verdicts:
        if (weighed := v.get("confidence")) and weighed["unknown"]:
            notes.append(f"how sure {weighed['proposer']} is, is not known: {weighed['unknown']}")
        if names := v.get("escalated"):
            notes.append(f"escalated to {', '.join(names)}: those asked before did not agree, or were not sure")
    return notes


def _went_without(calls: Sequence[Call]) -> list[str]:
    """Say once of each model what its server refuses, or its profile knows of it."""
    notes = {f"{call['model']}: its server {_WENT_WITHOUT[part]}": None for call in calls for part in call["left_out"]}
    return list(notes)


def _at_tiers(calls: Sequence[Call]) -> list[str]:
    """Say once of each model at which tier of service it answered, where that was another than the usual one."""
    counts = Counter((call["model"], call["tier"]) for call in calls if "tier" in call and call["calls"])
    return [
        f"{model}: {count} {'call' if count == 1 else 'calls'} {_TIERS.get(tier) or f'answered at the tier {tier}'}"
        for (model, tier), count in counts.items()
    ]


def _loss(layer: int, proposals: Sequence[Proposal]) -> str | None:
    carried = [p for p in proposals if p["status"] in USABLE and (p["carried"] or p["unread"])]
    lost = [*carried, *(p for p in proposals if p["status"] not in USABLE | {"cancelled", "dropped"})]
    if layer == RETRIEVAL:  # that one of several found nothing is no loss
        lost = [p for p in lost if p["status"] != "empty"]
    if not lost:
        return None
    named = ", ".join(f"{p['proposer']}: {p['error'] if p in carried else p['status']}" for p in lost)
    if layer == REWRITING:
        return f"the question was not rewritten ({named})"
    if layer == RETRIEVAL:
        return f"{len(lost)} of {len(proposals)} retrievers failed ({named})"
    return f"{len(lost)} of {len(proposals)} proposals of layer {layer} are missing ({named})"
