"""The rewriter: one model call that turns what a conversation points to into search queries."""

from collections.abc import Sequence

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig

from ...core.bounds.budget import call_at_most
from ...core.bounds.quorum import Race
from ...core.errors import BudgetExceeded
from ...core.media.blocks import standard_media, without_media
from ...core.models.objections import media_parts
from ...core.panel.seats import Seat
from ...core.panel.sight import blind_to
from ...core.run.records import REWRITING, USABLE, Cost
from ...core.run.report import make_report
from ...core.run.state import MoAState
from ...core.run.turn import Turn, check_thread
from ...prompts import bundled, put_after, tools_in_words
from ..calls.call import call_model, unstreamed
from ..calls.outcome import as_proposal
from ..node import Node, Update, emit
from ..prompting.prompt import Prompt
from ..rules import Rules
from .retriever import QUERIES


def make_rewriter(seat: Seat, *, rules: Rules) -> Node[Update]:
    """Make the node that opens a run by rewriting its question; where it fails, the question is looked for as it is.

    Args:
        seat: Whom to ask.
        rules: What the mixture keeps to.

    Raises:
        BudgetExceeded: (when run) Not even this call fits the budget.
    """
    instructions = bundled("rewrite").render(count=str(QUERIES))

    def asking(conversation: Sequence[AnyMessage]) -> Prompt:
        unread = blind_to(seat, conversation)
        messages = put_after(standard_media(without_media(tools_in_words(conversation), unread)), instructions)
        return Prompt(messages, unseen=media_parts(unread))

    async def rewrite(state: MoAState, config: RunnableConfig) -> Update:
        check_thread(config, needed=rules.review)
        turn, prompt = Turn.of(state), asking(state["messages"])
        rules.check_read(turn.messages)
        before = turn.left_behind(REWRITING).get(seat.place)
        if before and before["status"] in USABLE:
            return {}
        if too_much := rules.misfit([], [prompt.at_most(seat)]):
            raise BudgetExceeded(too_much)
        emit("layer", layer=REWRITING, proposers=[seat.title])
        race = Race(seconds=rules.seconds_left([]))
        call, message = await call_model(seat, prompt, unstreamed(config), race=race, fits=lambda answer: True)
        proposal = as_proposal(call, seat, turn=turn.id, layer=REWRITING, message=message)
        emit("proposal", **proposal)
        return {
            "proposals": turn.with_later([proposal]),
            "run": make_report([proposal], [], turn=turn.id, mixture=rules.mixture),
        }

    def at_most(conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        return {seat.label: call_at_most(seat, asking(conversation).messages)}

    return Node(rewrite, at_most=at_most, asks=[seat.model], rules=rules)
