"""A run's calls are answered from its journal, and each finds its own answer again."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from batched import journal_with
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt
from langgraph_moa.core.batches.deferring import Deferred, Deferring, waits_for_batch
from langgraph_moa.core.batches.journal import Journal
from langgraph_moa.core.deferral import part_of_run
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.core.wire.refusals import ServerError, ServerTimeout, refusal
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
    assert not isinstance(keep, bytes)
    assert run.asks_now
    keep.answered(b"paid")
    assert Deferring(journal, "q").answer_to(ADDRESS, BODY) == b"paid"
    journal.close()


def test_what_ends_a_run_for_now_is_told_from_what_waits_for_a_person() -> None:
    assert issubclass(Deferred, GraphInterrupt)
    assert waits_for_batch(Deferred().args[0])
    alike = Interrupt.from_ns(Deferred().args[0][0].value, "a node")
    assert not any(map(waits_for_batch, (None, (), [object()], [alike])))


FAILED: list[tuple[Exception, type[Exception], int | None, str]] = [
    (
        refusal(400, b'{"error": {"message": "no, key-123456789"}}', url="u", location=None, secrets=[]),
        ServerError,
        400,
        "no, ",
    ),
    (ServerError("lost on the way"), ServerError, None, "lost on the way"),
    (ServerTimeout("too slow"), ServerTimeout, None, "too slow"),
    (TimeoutError("cut"), ServerTimeout, None, "cut"),
]


@pytest.mark.parametrize(("failure", "kind", "status", "words"), FAILED)
def test_what_failed_now_has_failed(
    failure: Exception, kind: type[Exception], status: int | None, words: str, journal: Journal
) -> None:
    address = Address("https://server.example/v1", "key-123456789")
    keep = Deferring(journal, "q", live=frozenset({address.bare})).answer_to(address, BODY)
    assert not isinstance(keep, bytes)
    keep.failed(failure)
    with pytest.raises(kind, match=words) as caught:
        Deferring(journal, "q").answer_to(address, BODY)
    assert getattr(caught.value, "status_code", None) == status
    assert b"123456789" not in journal.path.read_bytes() + journal.path.with_name("j-wal").read_bytes()
    assert not journal.has_open()
    journal.close()


def test_what_a_run_did_once_is_known_in_the_next(journal: Journal) -> None:
    for question, part in (("q", ""), ("q", "another part"), ("another", "")):
        run = Deferring(journal, question)
        for value in (b"one", b"two"):
            with part_of_run(part):
                note = run.recalled("what was found")
            assert not isinstance(note, bytes)
            note(value)
    again = Deferring(journal, "q")
    assert [again.recalled("what was found") for _ in range(2)] == [b"one", b"two"]
    journal.forget("q")
    assert callable(Deferring(journal, "q").recalled("what was found"))
    journal.close()


def wanted(journal: Journal, *bodies: bytes, part: str = "") -> Deferring:
    """Return a run that has wanted answers to these."""
    run = Deferring(journal, "q")
    for body in bodies:
        with part_of_run(part), suppress(Deferred, ServerError):
            run.answer_to(ADDRESS, body)
    return run


OTHER = b'{"model": "b"}'


@pytest.mark.parametrize(
    ("bodies", "part", "changes"),
    [((BODY,), "", False), ((BODY, OTHER), "", False), ((), "", False), ((OTHER,), "", True), ((OTHER,), "2", False)],
    ids=["the same", "one more", "cut before it asked", "another", "another part"],
)
def test_who_asks_otherwise_than_before_is_told_from_who_asks_more(
    bodies: tuple[bytes, ...], part: str, changes: bool, journal: Journal
) -> None:
    wanted(journal, BODY)
    journal.save()
    run = wanted(journal, *bodies, part=part)
    assert run.asks_otherwise() is changes
    if changes:
        with pytest.raises(ConfigError, match=r"found that the question 'q' asks something else .* --cancel-batches"):
            run.check_unchanged("the question 'q'")
        assert [number for number, _ in journal.places("q")] == [1]
        journal.begins_anew = True
        assert not wanted(journal, *bodies).check_unchanged("q")
        assert journal.places("q") == []
    else:
        assert run.check_unchanged("q")
    journal.close()
