"""Who goes on with batches under way: with another key, and with fewer questions."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from answering import rows_in
from batch_server import BatchServer, Refusal
from batched import SOON, in_batches, mixture
from langgraph_moa import ConfigError, abatch


async def stopped(server: BatchServer, out: Path, **options: Any) -> None:
    """Begin, and leave the batches of the first layer under way."""
    server.refusals = [Refusal("/batches", status=401, method="GET", seen=0)]
    with pytest.raises(ConfigError):
        await in_batches(server, out, **options)
    server.refusals = []
    assert len(server.batches) == 2


def with_another_key(out: Path) -> str:
    with closing(sqlite3.connect(out.with_name("rows.jsonl.batches"), isolation_level=None)) as db:
        ((digest,),) = db.execute("SELECT value FROM about WHERE name LIKE 'account%'").fetchall()
        db.execute("UPDATE about SET value = 'another' WHERE name LIKE 'account%'")
    return str(digest)


async def test_a_key_of_another_account_makes_nothing_again(batches: BatchServer, out: Path) -> None:
    await stopped(batches, out)
    assert len(with_another_key(out)) == 12
    batches.refusals = [Refusal("/batches", status=404, method="GET") for _ in range(2)]
    with pytest.raises(ConfigError, match=r"another key for .* would be made and billed again"):
        await in_batches(batches, out)
    assert len(batches.batches) == 2


async def test_a_new_key_of_the_same_account_goes_on(batches: BatchServer, out: Path) -> None:
    await stopped(batches, out)
    digest = with_another_key(out)
    assert (await in_batches(batches, out))["answered"] == 4
    assert (len(batches.batches), len(batches.billed_requests), len(digest)) == (3, 12, 12)


@pytest.mark.parametrize("retry_errors", [False, True])
async def test_what_is_asked_no_more_is_neither_waited_for_nor_sent_again(
    retry_errors: bool, batches: BatchServer, out: Path
) -> None:
    await stopped(batches, out, questions=2)
    first = [batch.id for batch in batches.batches.values()]
    other = [{"id": "other", "question": "Another question?"}]
    for batch in batches.batches.values():
        batch.polls = -(10**6)  # as if it took a day
    report = await abatch(mixture(batches), other, out, provider_batch=SOON, retry_errors=retry_errors)
    assert (report["answered"], [row["id"] for row in rows_in(out)]) == (1, ["other"])
    assert {batches.batches[id_].status for id_ in first} <= {"cancelling", "cancelled"}
    assert [file.name for file in out.parent.iterdir()] == ["rows.jsonl"]
