"""The last node of an answer from evidence: whether each id that it cites exists, and each quote is in its source."""

import asyncio
from collections.abc import Sequence
from typing import cast

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig

from ..core.errors import InputError
from ..core.evidence.citations import read_citations, without_wrong
from ..core.evidence.passages import with_text
from ..core.evidence.retrievers import Retrieval
from ..core.run.records import Citation, Report
from ..core.run.state import MoAState
from ..core.run.turn import Turn
from ..core.text import CUT_TO_FIT
from .answer import signed
from .node import Node, Update, emit
from .rules import Rules

_AT_ONCE = 50_000
"""Characters of answer and passages that are read on the event loop; more go to a thread."""


def make_check(retrieval: Retrieval, *, rules: Rules) -> Node[Update]:
    """Make the node that checks what an answer cites; it adds no citation and mends none.

    A call of a tool is no answer yet, and an answer of a given form is left as it is: both are passed on.

    Args:
        retrieval: What becomes of wrong citations, and what is said where nothing supports the answer.
        rules: What the mixture keeps to.

    Raises:
        InputError: (when run) There is no answer: somebody changed the state.
    """

    async def check(state: MoAState, config: RunnableConfig) -> Update:
        answer, run = state["messages"][-1], state["run"]
        if not isinstance(answer, AIMessage) or run["stopped"] == "running":
            raise InputError("found no answer to check, expected the mixture's as the last message; ask again")
        turn = Turn.of({**state, "messages": state["messages"][:-1]})
        turn.check_begun(rules.mixture)
        request = rules.request
        if answer.tool_calls or (request and request.form):
            return {"citations": [], "run": run}
        # What we wrote where a passage was cut is not the passage's.
        evidence = [with_text(e, e["text"].removesuffix(CUT_TO_FIT)) for e in turn.evidence()]
        before = cast("dict[str, str]", state.get("evidence_ids") or {}).values()
        text, removed = str(answer.text), retrieval.wrong_citations == "remove"

        def read() -> tuple[str, list[Citation]]:
            citations = read_citations(text, evidence, before=before)
            if removed and (wrong := _wrong(citations)):
                rest = without_wrong(text, citations)
                return rest, [*read_citations(rest, evidence, before=before), *wrong]
            return text, citations

        is_short = len(text) + sum(len(e["text"]) for e in evidence) <= _AT_ONCE
        text, citations = read() if is_short else await asyncio.to_thread(read)
        wrong = _wrong(citations)
        supported = len(wrong) < len(citations)
        if not supported and retrieval.unsupported:
            text = f"{text}\n\n{retrieval.unsupported}"
        run = _with_findings(run, wrong, removed=removed, lost=_lost(len(evidence), supported=supported))
        emit("citations", citations=citations, passages=len(evidence))
        changed = answer if text == answer.text else answer.model_copy(update={"content": text})
        return {"messages": [signed(changed, run)], "citations": citations, "run": run}

    return Node(check, rules=rules)


def _wrong(citations: Sequence[Citation]) -> list[Citation]:
    return [citation for citation in citations if citation["problem"]]


def _lost(passages: int, *, supported: bool) -> str:
    if not passages:
        return "no evidence was found"
    return "" if supported else "no citation in the answer was found to be right"


def _with_findings(run: Report, wrong: list[Citation], *, removed: bool, lost: str) -> Report:
    why = "; ".join(dict.fromkeys(str(citation["problem"]) for citation in wrong))
    are, were = ("1 citation is", "was") if len(wrong) == 1 else (f"{len(wrong)} citations are", "were")
    noted = [f"{are} wrong and {were} taken out: {why}"] if wrong and removed else []
    left_in = f"{are} wrong: {why}" if wrong and not removed else ""
    degraded = "; ".join(filter(None, [run["degraded"], lost, left_in])) or None
    return {**run, "notes": [*run["notes"], *noted], "degraded": degraded}
