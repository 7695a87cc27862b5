"""The review: a person looks at the proposals before the aggregator gets them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, interrupt

from ..core.errors import InputError, nearest
from ..core.panel.seats import Seat
from ..core.panel.stages import Stage, node_name
from ..core.run.disagreement import Disagreement, still_true
from ..core.run.records import USABLE, Proposal, Verdict, place_of
from ..core.run.state import MoAState
from ..core.run.turn import Turn
from .node import Node
from .prompting.forecast import bound_step
from .prompting.prompt_writer import PromptWriter
from .rules import Rules

ACTIONS = ("accept", "edit", "drop", "retry")
Shown = dict[str, Any]


class Decision(NamedTuple):
    """Say what becomes of one proposal."""

    action: str
    text: str | None = None


def make_review(stages: Sequence[Stage], *, writer: PromptWriter, rules: Rules) -> Node[Command[str]]:
    """Make the node that stops the run until a person has decided about each proposal.

    It interrupts once with all of them, and goes on with what `Command(resume=...)` brings, now or days later:

        Command(resume={"decisions": [{"proposer": "stems", "action": "drop"}]})        # the others are accepted

    A proposer that is asked again goes through its gate again, and comes back here. What cannot be done is said in the
    next interrupt's `problem`, and nothing is lost.

    Args:
        stages: Who is asked together, in order.
        writer: How references are put to proposers.
        rules: What the mixture keeps to.

    Raises:
        InputError: (when run) The conversation is not the one that was answered, or another mixture began this run.
    """
    depth = stages[-1].layer + 1

    async def review(state: MoAState, config: RunnableConfig) -> Command[str]:
        turn = Turn.of(state)
        turn.check_begun(rules.mixture)
        verdicts = turn.verdicts(before=depth)
        proposals = _going_on(turn, verdicts[-1]["source"]) if verdicts else []
        if not proposals:
            raise InputError(
                "found no proposals for the last message: the conversation changed while the review waited; start "
                "again with the conversation as it is now"
            )
        names = [p["proposer"] for p in proposals]
        shown: Shown = {
            "question": turn.messages[-1].text,
            "verdict": verdicts[-1]["reason"],
            "proposals": [_shown(p) for p in proposals],
            "problem": None,
        }
        if disagreement := turn.disagreement(depth):
            shown["disagreement"] = disagreement
        while True:
            reply = interrupt(shown, response_schema=_schema(names))
            try:
                decisions = read_decisions(reply, names)
                after = [_decided(p, decisions.get(p["proposer"])) for p in proposals]
                check_rest(after, proposals, turn, verdicts)
                break
            except InputError as exc:
                shown["problem"] = str(exc)
        changed = [p for p in after if p["proposer"] in decisions]
        # A new proposal makes what was built on its layer void; what a person decides about it does not.
        later = [p for p in turn.proposals() if p["layer"] > proposals[0]["layer"]]
        goto = next(
            filter(None, ([*dict.fromkeys(node_name(s.layer, x) for x in sent_back(s, after))] for s in stages)), None
        )
        compared = _still_true(disagreement, after)
        update = {"proposals": [*changed, *later], **compared} if changed else {}
        return Command(update=update, goto=goto or "aggregate")

    def check_rest(
        after: Sequence[Proposal], shown: Sequence[Proposal], turn: Turn, verdicts: Sequence[Verdict]
    ) -> None:
        layer, usable = after[0]["layer"], sum(p["status"] in USABLE for p in after)
        # A moderator may have kept fewer.
        needed = min(rules.min_proposals, max(sum(p["status"] in USABLE for p in shown), 1))
        if usable < needed:
            raise InputError(f"found {usable} proposals left, expected at least {needed}; keep more of them")
        authors = next(stage.asked_so_far for stage in stages if stage.layer == layer and stage.is_last)
        seats = [seat for stage in stages for seat in sent_back(stage, after)]
        if seats and any(p["layer"] > layer for p in turn.proposals()):
            raise InputError(
                f"found 'retry' in layer {layer}, expected no more of it: layer {layer + 1} was asked since"
            )
        step = bound_step(writer.for_run(rules.request), seats, turn, layer, chain=rules.chain, authors=authors)
        if seats and (too_much := rules.misfit(turn.proposals(), step, verdicts=verdicts)):
            raise InputError(f"{too_much}; ask fewer again")

    return Node(review, rules=rules)


def _still_true(disagreement: Disagreement | None, after: Sequence[Proposal]) -> dict[str, Disagreement | None]:
    """Update what they differ on, where somebody compared them."""
    usable = [p for p in after if p["status"] in USABLE]
    return {"disagreement": still_true(disagreement, usable)} if disagreement else {}


def _going_on(turn: Turn, layer: int) -> list[Proposal]:
    """Leave out what a moderator did not keep; who failed is shown, to be asked again."""
    places = {place_of(p) for p in turn.references(layer + 1)}
    return [p for p in turn.proposals(layer) if p["status"] not in USABLE or place_of(p) in places]


def sent_back(stage: Stage, proposals: Sequence[Proposal]) -> list[Seat]:
    """Return who of a stage is to be asked again."""
    places = {place_of(p) for p in proposals if p["layer"] == stage.layer and p["reviewed"] == "sent_back"}
    return [seat for seat in stage.seats if seat.place in places]


def read_decisions(reply: object, names: Sequence[str]) -> dict[str, Decision]:
    """Read what a person decided, by proposer.

    Args:
        reply: `{"decisions": [{"proposer": ..., "action": ..., "text": ...}]}`; `"accept"` accepts all.
        names: Whose proposals were shown.

    Raises:
        InputError: It is something else; the message is for that person.
    """
    if reply is True or reply in ("accept", []):
        return {}
    listed = reply.get("decisions") if isinstance(reply, dict) else reply
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        expected = {"decisions": [{"proposer": names[0], "action": "drop"}]}
        raise InputError(f"found {reply!r}, expected the like of {expected}")
    decisions: dict[str, Decision] = {}
    for one in listed:
        name, decision = one.get("proposer"), Decision(one.get("action"), one.get("text"))
        if problem := _problem(name, decision, names):
            raise InputError(problem)
        if name in decisions:
            raise InputError(f"found {name!r} twice, expected one decision about it")
        decisions[name] = decision
    return decisions


def _problem(name: object, decision: Decision, names: Sequence[str]) -> str | None:
    if name not in names:
        return f"unknown proposer {name!r}; {nearest(str(name), names)}"
    if decision.action not in ACTIONS:
        return f"unknown action {decision.action!r} for {name!r}; {nearest(str(decision.action), ACTIONS)}"
    has_text = isinstance(decision.text, str) and bool(decision.text.strip())
    if decision.action == "edit" and not has_text:
        return f"found 'edit' without a text for {name!r}, expected the new text, or 'drop'"
    if decision.action != "edit" and decision.text:
        return f"found {decision.action!r} with a text for {name!r}, expected 'edit', or no text"
    return None


def _decided(proposal: Proposal, decision: Decision | None) -> Proposal:
    match decision:
        case Decision("edit", str(text)):
            whole: Proposal = {
                **proposal,
                "status": "ok",
                "cut": None,
                "carried": False,
                "unread": False,
                "error": None,
            }
            return {**whole, "text": text, "reviewed": "edited"}
        case Decision("drop"):
            return {**proposal, "status": "dropped", "reviewed": "dropped"}
        case Decision("retry"):
            return {**proposal, "reviewed": "sent_back"}
    return proposal


def _shown(proposal: Proposal) -> Shown:
    return {key: proposal[key] for key in ("proposer", "layer", "model", "status", "error", "reviewed", "text")}


def _schema(names: Sequence[str]) -> dict[str, Any]:
    """Describe the answer as JSON Schema, for a client that makes a form of it."""
    text = {"type": "string", "description": "The new text, where the action is edit."}
    one = {"proposer": {"enum": list(names)}, "action": {"enum": list(ACTIONS)}, "text": text}
    decision = {"type": "object", "properties": one, "required": ["proposer", "action"], "additionalProperties": False}
    about = "What becomes of proposals; those that are not named are accepted."
    listed = {"type": "array", "items": decision, "description": about}
    return {"title": "Review", "type": "object", "properties": {"decisions": listed}, "required": ["decisions"]}
