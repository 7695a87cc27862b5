"""Each system answers in providers' batches as it does live, and asks as often."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from answering import rows_in
from batch_server import BatchServer, Plan
from batched import SOON
from every_system import EACH, answering, build
from langgraph_moa import DocsRetriever, EarlyStop, Proposer, abatch, create_moa, create_rag_moa, judge_agreement
from loopback import Reply

ASKED = ["What is 3 * 4?", "What is 5 + 7?"]


async def both(server: BatchServer, moa: Any, folder: Path) -> tuple[list[Any], list[Any]]:
    """Return what comes of a batch, with what was billed, and of a live one."""
    ends = []
    for declared in (SOON, None):
        server.billed_requests.clear()
        file = folder / f"{declared is None}.jsonl"
        await abatch(moa, ASKED, file, provider_batch=declared)
        rows = sorted((row["id"], row["answer"], row["error"], row["cost"]["calls"]) for row in rows_in(file))
        ends.append([rows, Counter(one["digest"] for one in server.billed_requests)])
    return ends[0], ends[1]


@pytest.mark.parametrize("name", EACH)
async def test_a_system_asks_in_batches_what_it_asks_live(name: str, batches: BatchServer, tmp_path: Path) -> None:
    answering(batches)
    batches.plans = [Plan(end="expired", share=0.5)]
    in_batches, live = await both(batches, build(name, batches), tmp_path)
    assert in_batches == live


def agreeing(body: dict[str, Any]) -> Reply:
    return Reply('{"groups": [[1, 2]]}' if body["model"] == "judge" else "They agree, in many words.")


async def test_what_a_gate_asks_waits_too(batches: BatchServer, tmp_path: Path) -> None:
    batches.default = agreeing
    stop = EarlyStop(agreement=judge_agreement("judge", resolve=batches.resolve), min_responses=2)
    moa = create_moa(proposers=["a", "b"], aggregator="last", layers=3, early_stop=stop, resolve=batches.resolve)
    in_batches, live = await both(batches, moa, tmp_path)
    assert in_batches == live


async def test_what_takes_anothers_place_waits_too(batches: BatchServer, tmp_path: Path) -> None:
    batches.say("a", Reply(status=400))
    batches.say("first", Reply(status=400))
    moa = create_moa(
        proposers=[Proposer("a", instead=["b"]), "c"], aggregator=["first", "last"], early_stop=None,
        resolve=batches.resolve,
    )  # fmt: skip
    in_batches, live = await both(batches, moa, tmp_path)
    assert in_batches == live


async def test_evidence_is_looked_for_again_and_finds_the_same(batches: BatchServer, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Sums\n\nThe sum of five and seven is twelve, and so is 3 * 4.\n")
    retriever = DocsRetriever(docs=[tmp_path / "docs"])
    moa = create_rag_moa(proposers=["a", "b"], aggregator="last", retrievers=[retriever], resolve=batches.resolve)
    in_batches, live = await both(batches, moa, tmp_path)
    assert in_batches == live
