"""What is sent of a journal, parcel by parcel, and what came back."""

import asyncio
import threading
from pathlib import Path

import pytest
from batched import journal_with
from langgraph_moa.core.batches.parcels import Parcels, SentParcel, undisturbed
from langgraph_moa.core.batches.provider import BatchResult, BatchStatus, one_of
from langgraph_moa.core.wire.refusals import may_pass

SERVER = "http://127.0.0.1:1/v1"


def packed(parcels: Parcels, most: int = 99, most_bytes: int = 10**6) -> SentParcel | None:
    return parcels.pack(SERVER, "n", model="a", most=most, most_bytes=most_bytes)


def is_open(result: BatchResult) -> bool:
    return result.status is None or may_pass(result.status)


def test_parcels_hold_no_more_than_their_provider_takes(tmp_path: Path) -> None:
    journal, parcels = journal_with(tmp_path / "j", 7)
    one = journal.db.execute("SELECT size FROM requests").fetchone()[0] + 200
    sizes = [
        sent.requests for sent in (packed(parcels, 2), packed(parcels, most_bytes=3 * one), packed(parcels)) if sent
    ]
    assert (sizes, packed(parcels)) == ([2, 3, 2], None)
    sent = parcels.under_way()[1]
    requests = list(parcels.as_parcel(sent).requests())
    assert [request.custom_id for request in requests] == ["moa-3", "moa-4", "moa-5"]
    assert b'"content": "2"' in requests[0].body
    journal.close()


def test_one_that_is_larger_than_any_may_be_goes_alone(tmp_path: Path) -> None:
    journal, parcels = journal_with(tmp_path / "j", 2)
    assert [sent and sent.requests for sent in (packed(parcels, most_bytes=1), packed(parcels, most_bytes=1))] == [1, 1]
    journal.close()


BACK = [
    BatchResult("moa-1", 200, b"one"),
    BatchResult("moa-2", 400, b"refused"),
    BatchResult("moa-3", 429, b"later"),
    BatchResult("moa-4", None, b"batch_expired"),
    BatchResult("moa-1", 200, b"again"),
    *(BatchResult(id_, 200, b"nobody's") for id_ in ("moa-99", "moa-x", "moa-", "other", "moa-" + "9" * 30)),
]
"""What came of five requests; the fifth is missing."""


@pytest.mark.parametrize(
    ("tries", "state", "becomes"),
    [
        (3, "failed", ["answered", "failed", "waiting", "waiting", "waiting"]),
        (1, "failed", ["answered", "failed", "failed", "failed", "failed"]),
        (None, "live", ["answered", "failed", "live", "live", "live"]),
    ],
)
def test_what_failed_in_passing_is_sent_again_asked_now_or_left(
    tries: int | None, state: object, becomes: list[str], tmp_path: Path
) -> None:
    journal, parcels = journal_with(tmp_path / "j", 5)
    sent = packed(parcels)
    assert sent
    parcels.note_status(sent.number, BatchStatus("batch_1", "expired", 1, 1))
    parcels.store(sent.number, BACK, is_open)
    assert [parcels.missing(sent.number, results) for results in (0, 4, 5, 99)] == [False, False, True, True]

    parcels.settle(sent.number, why="it expired", tries=tries, state=state)  # type: ignore[arg-type]

    recorded = [journal.look_up(f"key {n}") for n in range(5)]
    assert [one and one.state for one in recorded] == becomes
    assert recorded[0]
    assert recorded[0].answer == b"one"
    assert parcels.under_way() == []
    assert parcels.batches(SERVER) == {"batch_1"}
    journal.close()


def test_an_old_failure_is_no_part_of_what_is_sent_again(tmp_path: Path) -> None:
    journal, parcels = journal_with(tmp_path / "j", 5)
    for _ in range(2):
        sent = packed(parcels)
        assert sent
        parcels.note_status(sent.number, BatchStatus(f"batch_{sent.number}", "expired", 1, 1))
        if sent.number == 1:
            parcels.store(sent.number, BACK, is_open)
        parcels.settle(sent.number, why="it expired", tries=2, state="expired")
    recorded = [one for n in range(5) if (one := journal.look_up(f"key {n}"))]
    late = [(one.status, one.answer, one.why) for one in recorded if one.state == "expired"]
    assert late == [(None, None, "it expired")] * 3
    journal.close()


def test_only_what_holds_no_request_is_unwanted(tmp_path: Path) -> None:
    journal, parcels = journal_with(tmp_path / "j", 2)
    sent = [packed(parcels, 1), packed(parcels, 1)]
    assert parcels.unwanted() == []
    journal.db.execute("DELETE FROM requests WHERE parcel = 2")
    assert parcels.unwanted() == sent[1:]
    parcels.settle(2, why="", tries=None, state="failed")
    assert parcels.unwanted() == []
    journal.close()


def test_a_batch_that_is_one_of_several_is_shown_as_that(tmp_path: Path) -> None:
    journal, parcels = journal_with(tmp_path / "j", 1)
    sent = packed(parcels)
    assert sent
    assert (sent.shown, sent.is_certain) == ("", True)
    for batch, shown, is_certain in (("b1", "b1", True), (one_of(["b1", "b2"], sent.name), "one of b1, b2", False)):
        parcels.note_status(sent.number, BatchStatus(batch, "in_progress"))
        assert (parcels.parcel(sent.number).shown, parcels.parcel(sent.number).is_certain) == (shown, is_certain)
    journal.close()


async def test_what_was_begun_in_a_thread_is_done_whole() -> None:
    begun, go_on, done = asyncio.Event(), threading.Event(), list[int]()
    loop = asyncio.get_running_loop()

    def work() -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(60)
        done.append(1)

    task = asyncio.create_task(undisturbed(work))
    await begun.wait()
    task.cancel()
    loop.call_later(0.01, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [1]
