"""The aggregator: the last layer, whose answer is the run's."""

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig

from ..core.errors import AllProposersFailed, InputError
from ..core.panel import Seat
from ..core.report import make_report
from ..core.state import USABLE, Call, MoAState, Proposal, Report, proposals_of, references_for, turn_of, verdicts_of
from ..prompts import Placement, Prompt, compose
from .call import call_model
from .node import Node, Update, emit


def make_aggregator(seat: Seat, *, layer: int, prompt: Prompt, placement: Placement) -> Node[Update]:
    """Make the node that writes the final answer.

    Where its model fails, the best proposal is returned word for word, and the report says so: answers that
    were paid for are not thrown away.

    Args:
        seat: The aggregator's model.
        layer: The last layer's number; 1 is a model answering alone.
        prompt: How the references are put.
        placement: Where the references are put.

    Raises:
        AllProposersFailed: (when run) The model failed and there is no proposal to fall back to.
        InputError: (when run) The conversation is not the one that was answered.
    """

    async def aggregate(state: MoAState, config: RunnableConfig) -> Update:
        turn, references = turn_of(state), references_for(state, layer)
        if layer > 1 and not references:
            raise InputError(
                "found no proposals for the last message: the conversation changed after they were made; "
                "start again with the conversation as it is now, or resume from before the change"
            )
        emit("aggregating", layer=layer, aggregator=seat.name, references=len(references))
        messages = compose(
            state["messages"],
            [p["text"] for p in references],
            prompt=prompt,
            system=seat.system,
            placement=placement,
        )
        call, answer = await call_model(seat, messages, config)
        degraded = [] if call["status"] == "ok" else [f"aggregator {seat.name}: {call['status']} ({call['error']})"]
        if answer is None or call["status"] not in USABLE:
            if not references:
                raise AllProposersFailed([_as_proposal(call, seat, turn, layer)])
            best = min(references, key=lambda p: p["status"] != "ok")  # the first declared one that is whole
            answer = _word_for_word(best)
            degraded += [f"the answer is the proposal of {best['proposer']}, word for word"]
        verdicts = verdicts_of(state, before=layer)
        run = make_report(proposals_of(state), verdicts, turn=turn, aggregator=call, degraded=degraded)
        return {"messages": [_signed(answer, run)], "run": run}

    return Node(aggregate)


def _as_proposal(call: Call, seat: Seat, turn: str, layer: int) -> Proposal:
    return Proposal(**call, turn=turn, layer=layer, proposer=seat.name, position=0, sample=1, text="")


def _word_for_word(best: Proposal) -> AIMessage:
    return AIMessage(best["text"], usage_metadata=best["usage"], response_metadata={"model_name": best["served_model"]})


def _signed(answer: AIMessage, run: Report) -> AIMessage:
    """Add the run's totals to the answer; its own usage stays its own."""
    moa = {key: run[key] for key in ("stopped", "degraded", "layers", "calls", "usage", "usd", "seconds")}
    return answer.model_copy(update={"response_metadata": {**answer.response_metadata, "moa": moa}})
