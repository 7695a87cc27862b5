"""What tests of providers' batches ask, and of whom."""

from pathlib import Path
from typing import Any

from batch_server import BatchServer
from langgraph_moa import ProviderBatch, abatch, create_moa
from langgraph_moa.core.batches.journal import Journal
from langgraph_moa.core.batches.parcels import Parcels

SOON = ProviderBatch(poll_s=0.001)
"""Asks again at once: the server goes on when it is asked."""


def mixture(server: BatchServer, **options: Any) -> Any:
    given: dict[str, Any] = {"proposers": ["a", "b"], "aggregator": "last", "early_stop": None}
    return create_moa(**{**given, **options}, resolve=server.resolve)


async def in_batches(server: BatchServer, out: Path, questions: int = 4, **options: Any) -> Any:
    given: dict[str, Any] = {"provider_batch": SOON, **options}
    moa = given.pop("moa", None) or mixture(server)
    return await abatch(moa, [f"Question {n}?" for n in range(questions)], out, **given)


def journal_with(path: Path, bodies: int = 0, *, server: str = "http://127.0.0.1:1/v1") -> tuple[Journal, Parcels]:
    """Return a journal in which so many requests wait, one of each question."""
    journal = Journal(path, mixture="m")
    for n in range(bodies):
        body = b'{"model": "a", "messages": [{"role": "user", "content": "%d"}]}' % n
        journal.add(f"key {n}", question=f"q{n}", server=server, model="a", body=body, state="waiting")
    return journal, Parcels(journal)
