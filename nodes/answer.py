"""The agreed answer: where proposals agree and nobody has to write, one of them is the run's answer, word for word."""

from collections.abc import Callable, Sequence

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig

from ..core.errors import InputError
from ..core.run.disagreement import Disagreement
from ..core.run.records import Proposal, Report, Verdict
from ..core.run.report import make_report
from ..core.run.state import MoAState
from ..core.run.turn import Turn
from .node import Node, Update
from .prompting.prompt import Prompt
from .prompting.request import Request
from .rules import Rules

Compare = Callable[[Verdict, Sequence[Proposal], Turn, Rules], Disagreement | None]
"""Say what proposals differ on, without asking anybody."""


def make_answer(*, layer: int, rules: Rules, compare: Compare | None = None) -> Node[Update]:
    """Make the node that returns the proposal which stands for those that agree.

    Args:
        layer: The last layer's number.
        rules: What the mixture keeps to.
        compare: How proposals are compared, where the state holds what they differ on.

    Raises:
        InputError: (when run) The conversation is not the one that was answered, or another mixture began this run.
    """

    async def answer(state: MoAState, config: RunnableConfig) -> Update:
        turn = Turn.of(state)
        turn.check_begun(rules.mixture)
        verdicts = turn.verdicts(before=layer)
        chosen = [p for p in turn.references(layer) if verdicts and p["proposer"] == _standing(verdicts[-1])]
        if not chosen:
            raise InputError(
                "found no agreed proposal for the last message: the conversation or the proposals changed after the "
                "gate; start again with the conversation as it is now, or resume from before the change"
            )
        run = make_report(
            turn.proposals(),
            verdicts,
            turn=turn.id,
            mixture=rules.mixture,
            truncated=chosen[0]["status"] == "truncated",
            done=True,
        )
        run = with_panel(run, rules.request)
        update = {"messages": [signed(word_for_word(chosen[0]), run)], "run": run}
        compared = {"disagreement": compare(verdicts[-1], turn.references(layer), turn, rules)} if compare else {}
        return {**update, **compared}

    return Node(answer, rules=rules)


def _standing(verdict: Verdict) -> str | None:
    """Return whose proposal is the answer: that of the only one who was asked, or of who stands for the others."""
    confidence, agreed = verdict.get("confidence"), verdict["agreement"]
    if confidence and confidence["reached"]:
        return confidence["proposer"]
    return agreed["representative"] if agreed else None


def is_confident(verdicts: Sequence[Verdict]) -> bool:
    """Tell whether the layers ended because the only one who was asked was sure."""
    confidence = verdicts[-1].get("confidence") if verdicts else None
    return bool(confidence and confidence["reached"])


def word_for_word(proposal: Proposal) -> AIMessage:
    """Return a proposal as the answer; its usage is its own."""
    metadata = {"model_name": proposal["served_model"]}
    return AIMessage(proposal["text"], usage_metadata=proposal["usage"], response_metadata=metadata)


def signed(answer: AIMessage, run: Report) -> AIMessage:
    """Add the run's totals to the answer; its own usage stays its own."""
    costs = ("calls", "saved", "spared", "usage", "usd", "seconds")
    keys = ("stopped", "degraded", "truncated", "layers", "panel", *costs)
    moa = {key: value for key, value in run.items() if key in keys}
    return answer.model_copy(update={"response_metadata": {**answer.response_metadata, "moa": moa}})


def with_panel(run: Report, request: Request | None, prompt: Prompt | None = None) -> Report:
    """Say in a chat model's report whether its panel was asked in this call, or earlier in the turn."""
    if request is None or request.panel is None:
        return run
    use = request.panel
    if prompt and request.carries:
        use = {**use, "shown": [*prompt.references], "analysis": prompt.analysis}
    note = f"what the panel proposed in call {use['proposed_in']} of this turn was shown again"
    return {**run, "panel": use, "notes": [*run["notes"], *([note] if use["shown_again"] else [])]}
