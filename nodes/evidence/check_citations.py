"""The last node of an answer from evidence: whether each id that it cites exists, and each quote is in its source."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import cast

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig

from ...core.errors import InputError
from ...core.evidence.citations import examine_citations
from ...core.evidence.passages import with_text
from ...core.evidence.removal import without_wrong
from ...core.evidence.retrievers import Retrieval
from ...core.run.cited import Citation, Unchecked
from ...core.run.records import Report
from ...core.run.state import MoAState
from ...core.run.turn import Turn
from ...core.text import CUT_TO_FIT
from ..answer import signed
from ..node import Node, Update, emit
from ..rules import Rules

_MOST_TOLD = 20
"""Sentences on citations in one note; all are in `citations`."""
_UNCHECKED: dict[Unchecked, str] = {
    "short": "it is too short to be told from a word that is talked about",
    "long": "it is too long",
    "many": "there are too many",
    "apart": "words between may make it somebody else's",
    "title": "it may be the title of a work",
    "unclosed": "a quotation mark is missing",
}
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
            citations, markers = examine_citations(text, evidence, before=before)
            if removed and (wrong := _wrong(citations)):
                rest, others = without_wrong(text, citations, markers)
                return rest, [*others, *wrong]
            return text, citations

        is_short = len(text) + sum(len(e["text"]) for e in evidence) <= _AT_ONCE
        text, citations = read() if is_short else await asyncio.to_thread(read)
        is_open = any(c["unread"] or c["abridged"] or not c["problem"] for c in citations)
        if retrieval.unsupported and not (evidence and is_open):
            text = f"{text}\n\n{retrieval.unsupported}"
        run = _with_findings(run, citations, removed=removed, lost=_lost(len(evidence), citations))
        emit("citations", citations=citations, passages=len(evidence))
        changed = answer if text == answer.text else answer.model_copy(update={"content": text})
        return {"messages": [signed(changed, run)], "citations": citations, "run": run}

    return Node(check, rules=rules)


def _wrong(citations: Sequence[Citation]) -> list[Citation]:
    return [citation for citation in citations if citation["problem"] and not citation["unread"]]


def _lost(passages: int, citations: Sequence[Citation]) -> str:
    """Say that nothing supports an answer, and why nobody can tell: what cannot be read may be right."""
    if not passages:
        return "no evidence was found"
    if any(citation["problem"] is None and not citation["abridged"] for citation in citations):
        return ""
    unread = any(citation["unread"] for citation in citations)
    return "what the answer cites could not be read" if unread else "no citation in the answer was found to be right"


def _with_findings(run: Report, citations: Sequence[Citation], *, removed: bool, lost: str) -> Report:
    wrong = _wrong(citations)
    why = _listed([str(citation["problem"]) for citation in wrong])
    are, were = ("1 citation is", "was") if len(wrong) == 1 else (f"{len(wrong)} citations are", "were")
    notes = [f"{are} wrong and {were} taken out: {why}"] if wrong and removed else []
    left_in = f"{are} wrong: {why}" if wrong and not removed else ""
    degraded = "; ".join(filter(None, [run["degraded"], lost, left_in, _abridged(citations)])) or None
    return {**run, "notes": [*run["notes"], *notes, *_untold(citations)], "degraded": degraded}


def _listed(sentences: Sequence[str]) -> str:
    different = [*dict.fromkeys(sentences)]
    more = [f"and {len(different) - _MOST_TOLD} more"] if len(different) > _MOST_TOLD else []
    return "; ".join([*different[:_MOST_TOLD], *more])


def _abridged(citations: Sequence[Citation]) -> str:
    ids = [citation["id"] for citation in citations if citation["abridged"]]
    are = "1 quote is" if len(ids) == 1 else f"{len(ids)} quotes are"
    what = "an ellipsis leaves out more than a sentence, or a word that turns it round"
    return f"{are} abridged ({', '.join(dict.fromkeys(ids))}): {what}" if ids else ""


def _untold(citations: Sequence[Citation]) -> list[str]:
    """Say what was not checked, for nothing of it is right or wrong."""
    unread = [str(citation["problem"]) for citation in citations if citation["unread"]]
    notes = [f"citations that were not checked: {_listed(unread)}"] if unread else []
    counts = Counter(citation["unchecked"] for citation in citations if citation["unchecked"])
    for why, count in counts.items():
        were = "1 quote beside a citation was" if count == 1 else f"{count} quotes beside citations were"
        notes.append(f"{were} not checked: {_UNCHECKED[why]}")
    return notes
