"""A gate: collects a layer's proposals, counts what is usable, and says where the run goes next."""

from langchain_core.runnables import RunnableConfig

from ..core.errors import AllProposersFailed, InputError
from ..core.report import make_report
from ..core.state import USABLE, MoAState, Verdict, proposals_of, turn_of, verdicts_of
from .node import Node, Update, emit


def make_gate(layer: int, *, then: str, min_proposals: int) -> Node[Update]:
    """Make the gate that ends one layer.

    A later layer with too few usable answers does not end the run: the layer before it was paid for and answered, so
    the aggregator gets that one's proposals.

    Args:
        layer: The layer it ends, from 1.
        then: Where a good layer leads, `layer_<n>` or `aggregate`.
        min_proposals: How many usable proposals a layer needs.

    Raises:
        AllProposersFailed: (when run) The first layer has fewer usable proposals than that.
        InputError: (when run) The conversation is not the one that the layer answered.
    """

    async def collect(state: MoAState, config: RunnableConfig) -> Update:
        proposals = proposals_of(state, layer)
        if not proposals:
            raise InputError(
                f"found no proposals for the last message at gate {layer}: the conversation changed during the run; "
                "start again with the conversation as it is now"
            )
        usable = [p for p in proposals if p["status"] in USABLE]
        enough = len(usable) >= min_proposals
        if not enough and layer == 1:
            failures = [p for p in proposals if p["status"] not in USABLE]
            raise AllProposersFailed(failures, usable=len(usable), needed=min_proposals)
        counted = f"{len(usable)} of {len(proposals)} proposals usable"
        verdict = Verdict(
            turn=turn_of(state),
            layer=layer,
            asked=len(proposals),
            usable=len(usable),
            source=layer if enough else layer - 1,
            next=then if enough else "aggregate",
            reason=counted if enough else f"{counted}, {min_proposals} needed: answering from layer {layer - 1}",
        )
        emit("verdict", **verdict)
        verdicts = [*verdicts_of(state, before=layer), verdict]
        return {"verdicts": [verdict], "run": make_report(proposals_of(state), verdicts, turn=verdict["turn"])}

    return Node(collect)
