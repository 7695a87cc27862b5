"""A run's calls are answered from its journal, and each finds its own answer again."""

from pathlib import Path
from typing import Any

import pytest
from batched import journal_with
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt
from langgraph_moa.core.batches.deferring import Deferred, Deferring, waits_for_batch
from langgraph_moa.core.batches.journal import Journal
from langgraph_moa.core.wire.refusals import ServerError
from langgraph_moa.core.wire.sending import Address

ADDRESS = Address("https://user:pw@server.example/v1?key=secret", "key")
BODY = b'{"model": "a"}'


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return journal_with(tmp_path / "j")[0]


def answer(journal: Journal, **fields: Any) -> None:
    given = {"state": "answered", "status": 200, "answer": b"{}", **fields}
    names = ", ".join(f"{name} = ?" for name in given)
    journal.db.execute(f"UPDATE requests SET {names}", tuple(given.values()))


def test_the_same_request_is_another_one_each_time_and_the_same_in_the_next_run(journal: Journal) -> None:
    for times in (1, 2):
        run = Deferring(journal, "q")
        for _ in range(2):
            with pytest.raises(Deferred):
                run.answer_to(ADDRESS, BODY)
        assert journal.db.execute("SELECT COUNT(*) FROM requests").fetchone() == (2,), times
    with pytest.raises(Deferred):
        Deferring(journal, "another").answer_to(ADDRESS, BODY)
    assert journal.db.execute("SELECT COUNT(DISTINCT key), model, server FROM requests").fetchone() == (
        3, "a", "https://server.example/v1",
    )  # fmt: skip
    journal.close()


def test_what_is_there_is_returned_and_what_failed_raised(journal: Journal) -> None:
    with pytest.raises(Deferred):
        Deferring(journal, "q").answer_to(ADDRESS, BODY)
    answer(journal)
    assert Deferring(journal, "q").answer_to(ADDRESS, BODY) == b"{}"
    failures: list[tuple[dict[str, Any], int | None, str]] = [
        ({"status": 429, "answer": b'{"error": {"message": "slow, key"}}'}, 429, "slow"),
        ({"status": 400, "answer": b"no JSON"}, 400, "no JSON"),
        ({"state": "expired", "status": None, "why": "the batch b ended too late"}, None, "too late"),
        ({"status": None, "why": "the batch b was cancelled before"}, None, "was cancelled"),
    ]
    for fields, status, words in failures:
        answer(journal, **{"state": "failed", **fields})
        with pytest.raises(ServerError, match=words) as caught:
            Deferring(journal, "q").answer_to(ADDRESS, BODY)
        assert (caught.value.status_code, isinstance(caught.value, TimeoutError)) == (status, words == "too late")
    journal.close()


def test_what_is_asked_now_is_kept(journal: Journal) -> None:
    run = Deferring(journal, "q", live=frozenset({ADDRESS.bare}))
    keep = run.answer_to(ADDRESS, BODY)
    assert callable(keep)
    assert run.asks_now
    keep(b"paid")
    assert Deferring(journal, "q").answer_to(ADDRESS, BODY) == b"paid"
    journal.close()


def test_what_ends_a_run_for_now_is_told_from_what_waits_for_a_person() -> None:
    assert issubclass(Deferred, GraphInterrupt)
    assert waits_for_batch(Deferred().args[0])
    alike = Interrupt.from_ns(Deferred().args[0][0].value, "a node")
    assert not any(map(waits_for_batch, (None, (), [object()], [alike])))
