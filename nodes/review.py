"""The review: a person looks at the proposals before the aggregator gets them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command, interrupt

from ..core.errors import InputError, nearest
from ..core.panel import Seat
from ..core.stage import node_name
from ..core.state import USABLE, MoAState, Proposal, Verdict, check_mixture, place_of, proposals_of, verdicts_of
from .brief import Brief
from .node import Node
from .rules import Rules

ACTIONS = ("accept", "edit", "drop", "retry")
SENT_BACK = "sent back by a reviewer"
_DROPPED = "dropped by a reviewer"
Shown = dict[str, Any]


class Decision(NamedTuple):
    """Say what becomes of one proposal."""

    action: str
    text: str | None = None


def make_review(
    panel: Sequence[Sequence[Seat]], *, chain: Sequence[Seat], brief: Brief, rules: Rules
) -> Node[Command[str]]:
    """Make the node that stops the run until a person has decided about each proposal.

    It interrupts once with all of them, and goes on with what `Command(resume=...)` brings, now or days later:

        Command(resume={"decisions": [{"proposer": "stems", "action": "drop"}]})        # the others are accepted

    A proposer that is asked again goes through its gate again, and comes back here. What cannot be done is said in the
    next interrupt's `problem`, and nothing is lost.

    Args:
        panel: The proposers of each layer.
        chain: The aggregators.
        brief: How references are put to proposers.
        rules: What the mixture keeps to.

    Raises:
        InputError: (when run) Another mixture began this run.
    """

    async def review(state: MoAState, config: RunnableConfig) -> Command[str]:
        check_mixture(state, rules.mixture)
        verdicts = verdicts_of(state, before=len(panel) + 1)
        proposals = proposals_of(state, verdicts[-1]["source"])
        names = [p["proposer"] for p in proposals]
        shown: Shown = {
            "question": state["messages"][-1].text,
            "verdict": verdicts[-1]["reason"],
            "proposals": [_shown(p) for p in proposals],
            "problem": None,
        }
        while True:
            said = interrupt(shown, response_schema=_schema(names))
            try:
                decisions = read_decisions(said, names)
                after = [_decided(p, decisions.get(p["proposer"])) for p in proposals]
                check_left(after, state, verdicts)
                break
            except InputError as exc:
                shown["problem"] = str(exc)
        changed = [p for p in after if p["proposer"] in decisions]
        again = [node_name(p["layer"], p["proposer"]) for p in changed if p["error"] == SENT_BACK]
        return Command(update={"proposals": changed} if changed else {}, goto=again or "aggregate")

    def check_left(after: Sequence[Proposal], state: MoAState, verdicts: Sequence[Verdict]) -> None:
        layer, again = after[0]["layer"], {place_of(p) for p in after if p["error"] == SENT_BACK}
        left = len(again) + sum(p["status"] in USABLE for p in after)
        if left < rules.min_proposals:
            raise InputError(f"found {left} proposals left, expected at least {rules.min_proposals}; keep more of them")
        seats = [seat for seat in panel[layer - 1] if seat.place in again]
        step = brief.bound_step(seats, state, layer, chain=chain, authors=panel[layer - 1])
        if seats and (too_much := rules.misfit(proposals_of(state), step, verdicts=verdicts)):
            raise InputError(f"{too_much}; ask fewer again")

    return Node(review)


def read_decisions(said: object, names: Sequence[str]) -> dict[str, Decision]:
    """Read what a person decided, by proposer.

    Args:
        said: `{"decisions": [{"proposer": ..., "action": ..., "text": ...}]}`; `"accept"` accepts all.
        names: Whose proposals were shown.

    Raises:
        InputError: It is something else; the message is for that person.
    """
    if said is True or said in ("accept", []):
        return {}
    listed = said.get("decisions") if isinstance(said, dict) else said
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        expected = {"decisions": [{"proposer": names[0], "action": "drop"}]}
        raise InputError(f"found {said!r}, expected the like of {expected}")
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
            return {**proposal, "status": "ok", "text": text, "error": None, "edited": True}
        case Decision("drop"):
            return {**proposal, "status": "dropped", "error": _DROPPED}
        case Decision("retry"):
            return {**proposal, "status": "dropped", "error": SENT_BACK}
    return proposal


def _shown(proposal: Proposal) -> Shown:
    return {key: proposal[key] for key in ("proposer", "layer", "model", "status", "error", "edited", "text")}


def _schema(names: Sequence[str]) -> dict[str, Any]:
    """Describe the answer as JSON Schema, for a client that makes a form of it."""
    text = {"type": "string", "description": "The new text, where the action is edit."}
    one = {"proposer": {"enum": list(names)}, "action": {"enum": list(ACTIONS)}, "text": text}
    decision = {"type": "object", "properties": one, "required": ["proposer", "action"], "additionalProperties": False}
    about = "What becomes of proposals; those that are not named are accepted."
    listed = {"type": "array", "items": decision, "description": about}
    return {"title": "Review", "type": "object", "properties": {"decisions": listed}}
