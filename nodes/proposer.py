"""A proposer: answers the conversation on its own, or with the previous layer's answers before it."""

from langchain_core.runnables import RunnableConfig

from ..core.panel import Seat
from ..core.report import make_report
from ..core.state import MoAState, Proposal, references_for, turn_of
from ..core.text import plain
from ..prompts import Placement, Prompt, compose
from .call import call_model
from .node import Node, Update, emit


def make_proposer(
    seat: Seat,
    *,
    layer: int,
    prompt: Prompt,
    placement: Placement,
    announce: tuple[str, ...],
    stream: bool,
) -> Node[Update]:
    """Make the node of one proposer in one layer.

    The node never fails for its model's failure: what went wrong is the proposal's status.

    Args:
        seat: Whom to ask.
        layer: The layer, from 1.
        prompt: How the references are put, from layer 2 on.
        placement: Where the references are put.
        announce: Titles of the whole layer, given to the one node that tells of the layer's start.
        stream: Let `stream_mode="messages"` see this proposer's tokens.
    """
    hidden = [] if stream else ["nostream"]

    async def propose(state: MoAState, config: RunnableConfig) -> Update:
        if announce:
            emit("layer", layer=layer, proposers=list(announce))
        messages = compose(
            state["messages"],
            [p["text"] for p in references_for(state, layer)],
            prompt=prompt,
            system=seat.system,
            placement=placement,
        )
        turn = turn_of(state)
        call, message = await call_model(seat, messages, {**config, "tags": [*config.get("tags", []), *hidden]})
        proposal = Proposal(
            **call,
            turn=turn,
            layer=layer,
            proposer=seat.title,
            position=seat.position,
            sample=seat.sample,
            text=plain(message.text) if message else "",
        )
        emit("proposal", **proposal)
        update: Update = {"proposals": [proposal]}
        if announce and layer == 1:  # a turn that fails must not be left with the report of the one before
            update["run"] = make_report([proposal], [], turn=turn)
        return update

    return Node(propose)
