"""The gate of retrieval: ranks what retrievers found, numbers it once, and lets all later nodes see the same."""

from collections.abc import Sequence
from typing import cast

from langchain_core.runnables import RunnableConfig

from ..core.evidence.passages import cut_to, fuse, highest_id, numbered, with_text
from ..core.evidence.searchers import Search
from ..core.run.cited import Evidence
from ..core.run.records import RETRIEVAL, Retrieved
from ..core.run.state import MoAState
from ..core.run.turn import Turn
from ..core.text import is_ours
from ..prompts import pack, unforged
from .evidence.retriever import queries_of
from .node import Node, Update, emit
from .rules import Rules


def make_evidence(search: Search, *, rules: Rules) -> Node[Update]:
    """Make the node that turns what retrievers found into the evidence of this turn.

    A passage that an earlier turn was shown keeps its id, and no id is used for another one: what earlier answers of
    the conversation cite stays what it was.

    Args:
        search: Who looked for it, and how much of it is shown.
        rules: What the mixture keeps to.
    """
    limit, room = search.retrieval.passages, 2 * search.retrieval.evidence_tokens

    async def collect(state: MoAState, config: RunnableConfig) -> Update:
        turn = Turn.of(state)
        turn.check_begun(rules.mixture)
        by_retriever = {p["proposer"]: p["found"] for p in cast("list[Retrieved]", turn.proposals(RETRIEVAL))}
        evidence: dict[str, Evidence] = {}
        about = " ".join(queries_of(turn))
        for pool in search.pools:
            ranked = fuse({name: by_retriever[name] for name in pool if name in by_retriever}, limit=limit)
            for passage in fitting(ranked, room=room, about=about):
                before = evidence.setdefault(passage["id"], passage)
                found_by = [*before["found_by"], *passage["found_by"]]
                evidence[passage["id"]] = {**before, "found_by": list(dict.fromkeys(found_by))}
        cited = [message.text for message in state["messages"] if message.type == "ai"]
        after = highest_id(cited, [message.text for message in state["messages"] if is_ours(message)])
        ids = cast("dict[str, str]", state.get("evidence_ids") or {})
        shown, ids = numbered(list(evidence.values()), ids, after=after)
        emit("evidence", passages=[{"id": e["id"], "source": e["source"]} for e in shown])
        return {"evidence": shown, "evidence_ids": ids, "citations": []}

    return Node(collect, rules=rules)


def fitting(evidence: Sequence[Evidence], *, room: int, about: str) -> list[Evidence]:
    """Cut the longest passages until all fit, and leave the last ones out where that is not enough.

    Args:
        evidence: The passages, best first.
        room: Bytes for all of them.
        about: What they were looked for with: the part of a long one that speaks of it is what is shown.
    """
    texts = [unforged(passage["text"]) for passage in evidence]
    while texts:
        if (packed := pack(texts, room, about=about, passages=len(texts))) is not None:
            shown = [
                with_text(passage, text) if text == whole else cut_to(passage, text)
                for passage, text, whole in zip(evidence, packed, texts, strict=False)
            ]
            if len(shown) < len(evidence):
                shown[-1] = cut_to(shown[-1], shown[-1]["text"], cut=len(evidence) - len(shown))
            return shown
        texts.pop()
    return []
