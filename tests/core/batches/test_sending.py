"""Batches are sent once, waited for, and what failed is decided on."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer, Plan, Refusal
from batched import SOON
from langgraph_moa import ConfigError
from langgraph_moa.core.batches import sending
from langgraph_moa.core.batches.providers import batches_at
from langgraph_moa.core.wire.sending import Address
from parcel_sender import Sender


@pytest.fixture
def sender(batches: BatchServer, tmp_path: Path) -> Any:
    one = Sender(batches, tmp_path / "j", 4)
    yield one
    one.journal.close()


async def test_a_wave_is_sent_and_waited_for(sender: Sender) -> None:
    assert await sender.sending.wave()
    assert sender.states() == {"answered": 4}
    assert [wave.ended for wave in sender.waves][-1:] == [True]
    assert {wave.requests for wave in sender.waves} == {4}
    assert sender.waves[-1].answered == 4
    assert len(sender.server.batches) == 1
    assert not [file for file in sender.server.files.values() if file.shown["purpose"] == "batch"]
    assert not await sender.sending.wave()


ENDS: list[tuple[Plan, dict[str, int], int]] = [
    (Plan(end="expired", share=0.5), {"answered": 4}, 2),
    (Plan(statuses=[429, 503]), {"answered": 4}, 2),
    (Plan(statuses=[400]), {"answered": 3, "failed": 1}, 1),
    (Plan(lost=1), {"answered": 4}, 2),
    (Plan(doubled=2), {"answered": 4}, 1),
    (Plan(end="failed", errors=[{"code": "invalid_request", "message": "no such model"}]), {"answered": 4}, 2),
    (Plan(end="cancelled", share=0.25), {"answered": 4}, 2),
]


@pytest.mark.parametrize(("plan", "states", "waves"), ENDS)
async def test_only_what_failed_in_passing_goes_into_the_next(
    plan: Plan, states: dict[str, int], waves: int, sender: Sender
) -> None:
    sender.server.plans = [plan]
    while await sender.sending.wave():
        pass
    assert sender.states() == states
    assert len(sender.server.batches) == waves
    bill = Counter(billed["digest"] for billed in sender.server.billed_requests)
    assert plan.lost or set(bill.values()) == {1}  # only an answer that the provider lost is paid for twice


@pytest.mark.parametrize(("failed", "state"), [("live", "live"), ("leave", "expired"), ("again", "expired")])
async def test_what_never_comes_is_asked_now_or_left(
    failed: Any, state: str, batches: BatchServer, tmp_path: Path
) -> None:
    batches.plan = Plan(end="expired", share=0.01)
    sender = Sender(batches, tmp_path / "j", 2, replace(SOON, failed=failed, tries=2))
    while await sender.sending.wave():
        pass
    assert sender.states() == {state: 2}
    assert len(batches.batches) == (2 if failed == "again" else 1)
    recorded = sender.journal.look_up("key 0")
    assert recorded
    assert recorded.why
    assert "expired before it was answered" in recorded.why
    sender.journal.close()


UNANSWERED = [
    (Plan(end="expired", share=0.01), True),
    (Plan(end="cancelled", share=0.01), True),
    (Plan(end="failed", errors=[{"code": "invalid_request", "message": "no such model"}]), True),
    (Plan(lost=2), False),
]


@pytest.mark.parametrize(("plan", "is_free"), UNANSWERED)
async def test_what_was_never_answered_is_not_billed_and_what_was_lost_may_be(
    plan: Plan, is_free: bool, batches: BatchServer, tmp_path: Path
) -> None:
    batches.plan = plan
    sender = Sender(batches, tmp_path / "j", 2, replace(SOON, tries=1))
    while await sender.sending.wave():
        pass
    recorded = [sender.journal.look_up(f"key {n}") for n in range(2)]
    assert [bool(one and one.is_free) for one in recorded] == [is_free, is_free]
    sender.journal.close()


@pytest.mark.parametrize("path", ["/files", "/batches"])
async def test_what_is_refused_is_told_and_sent_again(path: str, sender: Sender) -> None:
    sender.server.refusals = [Refusal(path, status=400, code="invalid_value")]
    assert await sender.sending.wave()
    assert sender.states() == {"waiting": 4}
    assert "refused a batch of a: Error code: 400 - scripted failure" in str(sender.waves[-1].note)
    assert await sender.sending.wave()
    assert sender.states() == {"answered": 4}


async def test_where_too_much_waits_already_it_is_sent_in_smaller_ones(sender: Sender) -> None:
    sender.server.most_tokens = 70  # of two requests
    while await sender.sending.wave():
        pass
    assert sender.states() == {"answered": 4}
    assert len(sender.server.billed_requests) == 4


async def test_while_there_is_no_room_it_is_asked_more_and_more_seldom_and_no_try_is_lost(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[int] = []

    def no_pause(attempt: int, longest: float) -> float:
        pauses.append(attempt)
        return 0.0

    monkeypatch.setattr(sending, "backoff", no_pause)
    sender.server.most_tokens = 0
    for _ in range(6):
        assert await sender.sending.wave()
    assert pauses == [0, 1, 2, 3, 4]
    assert sender.states() == {"waiting": 4}
    assert "has no room for more, and is asked again until it has: Enqueued token limit" in str(sender.waves[-2].note)
    sender.server.most_tokens = None
    while await sender.sending.wave():
        pass
    assert (sender.states(), len(sender.server.billed_requests)) == ({"answered": 4}, 4)
    assert {tries for (tries,) in sender.journal.db.execute("SELECT tries FROM requests")} == {1}


async def test_a_provider_that_takes_no_more_batches_is_asked_until_it_does(sender: Sender) -> None:
    sender.server.refusals = [Refusal("/batches") for _ in range(30)]
    while await sender.sending.wave():
        pass
    assert (sender.states(), len(sender.server.batches)) == ({"answered": 4}, 1)
    assert not [file for file in sender.server.files.values() if file.shown["purpose"] == "batch"]
    sender.begin_again(1)
    sender.server.refusals = [Refusal("/batches", code="insufficient_quota") for _ in range(30)]
    with pytest.raises(ConfigError, match="does not take batches now"):
        await sender.sending.wave()


@pytest.mark.parametrize(("failed", "state"), [("again", "failed"), ("live", "live")])
async def test_what_is_too_large_alone_keeps_nobody_else_from_being_asked(
    failed: Any, state: str, batches: BatchServer, tmp_path: Path
) -> None:
    sender = Sender(batches, tmp_path / "j", 9, replace(SOON, failed=failed))
    body = b'{"model": "a", "messages": [{"role": "user", "content": "%s"}]}' % (b"x" * 4000)
    sender.journal.add("large", question="q", server=batches.url, model="a", body=body, state="waiting")
    batches.most_bytes = 3000
    while await sender.sending.wave():
        pass
    assert sender.states() == {"answered": 9, state: 1}
    assert sorted(batch.shown["request_counts"]["total"] for batch in batches.batches.values()) == [1, 3, 5]
    recorded = sender.journal.look_up("large")
    assert recorded
    assert "too large" in str(recorded.why)
    sender.journal.close()


LOST = [
    Refusal("/batches", done=True),
    Refusal("/batches", status=503),
    Refusal("/batches", status=429, headers={"retry-after-ms": "1"}),
    Refusal("/files", status=503),
    Refusal("/files", done=True),
    Refusal("/batches", method="GET", status=500),
    Refusal("/files", method="GET", status=500),
    Refusal("/batches", method="GET", status=404),
    Refusal("/batches", method="GET", status=200),
    Refusal("/files", method="GET", status=404),
    Refusal("/batches", status=404, code="file_not_found"),
    Refusal("/batches", status=200),
    Refusal("/files", status=405),
    Refusal("/files", status=200),
    Refusal("/files", method="DELETE", status=500),
]
"""Failures of each request in turn; of some only the answer is lost, and with status 200 it cannot be read."""


@pytest.mark.parametrize("refusal", LOST)
async def test_no_failure_in_passing_makes_a_second_batch(refusal: Refusal, sender: Sender) -> None:
    sender.server.refusals = [replace(refusal)]
    assert await sender.sending.wave()
    assert sender.states() == {"answered": 4}
    assert (len(sender.server.batches), len(sender.server.billed_requests)) == (1, 4)
    assert sender.server.refusals == []


async def test_after_a_kill_a_batch_is_looked_for_before_it_is_made_again(sender: Sender) -> None:
    for status in (401, 403):
        sender.server.refusals = [Refusal("/batches", status=status)]
        with pytest.raises(ConfigError):
            await sender.sending.wave()
    parcel = sender.parcels.under_way()[0]
    assert (parcel.stage, len(sender.server.batches)) == ("creating", 0)
    await batches_at(Address(sender.server.url, "key")).create(
        sender.parcels.as_parcel(parcel)
    )  # as if killed after it
    sender.journal.close()

    assert await sender.begin().wave()

    assert (sender.states(), len(sender.server.batches)) == ({"answered": 4}, 1)


async def test_a_batch_that_is_gone_is_one_that_failed(sender: Sender) -> None:
    sender.server.refusals = [Refusal("/batches", method="GET", status=404) for _ in range(10)]
    while await sender.sending.wave():
        pass
    assert sender.states() == {"answered": 4}
    assert len(sender.server.batches) == 2


async def test_a_server_without_batches_is_refused_or_asked_now(batches: BatchServer, tmp_path: Path) -> None:
    batches.refusals = [Refusal("/files", status=404), Refusal("/batches", method="GET", status=404)]
    sender = Sender(batches, tmp_path / "j", 2)
    with pytest.raises(ConfigError, match=r"found no batches at http.* --batch-failed live"):
        await sender.sending.wave()
    sender.journal.close()
    batches.refusals = [Refusal("/files", status=405), Refusal("/batches", method="GET", status=404)]
    sender.declared = replace(SOON, failed="live")
    assert await sender.begin().wave()
    assert sender.sending.live == {batches.url}
    assert sender.states() == {"live": 2}
    assert "is asked at once" in str(sender.waves[-1].note)
    sender.journal.close()


async def test_an_answer_that_cannot_be_read_ends_no_wait_and_ten_lose_nothing(sender: Sender) -> None:
    sender.server.refusals = [Refusal("/batches", method="GET", status=200) for _ in range(10)]
    with pytest.raises(ConfigError, match="found no id in what the server says"):
        await sender.sending.wave()
    assert (sender.parcels.under_way()[0].stage, sender.states()) == ("created", {"sent": 4})
    assert await sender.sending.wave()
    assert (sender.states(), len(sender.server.batches)) == ({"answered": 4}, 1)


async def test_what_is_under_way_is_cancelled_and_its_end_waited_for(sender: Sender) -> None:
    sender.server.refusals = [Refusal("/batches", method="GET", status=401)]
    with pytest.raises(ConfigError):
        await sender.sending.wave()
    sender.server.plan.polls = 10**6
    for batch in sender.server.batches.values():
        batch.plan.polls = 10**6
    cancelled = await sender.sending.cancel(0.01)
    assert [(parcel.stage, parcel.state) for parcel in cancelled] == [("created", "cancelling")]
    for batch in sender.server.batches.values():
        batch.plan.polls = 1
    cancelled = await sender.sending.cancel(60)
    assert [(parcel.stage, parcel.state) for parcel in cancelled] == [("fetched", "cancelled")]
    assert sender.waves[-1].ended
    assert sender.states() == {"answered": 2, "waiting": 2}
    assert await sender.sending.cancel(60) == []


async def test_cancelling_counts_no_try_however_often(sender: Sender) -> None:
    sender.server.plan = Plan(polls=5, share=0.01)
    for _ in range(4):
        sender.server.refusals = [Refusal("/batches/", status=401, method="GET")]
        with pytest.raises(ConfigError):
            await sender.sending.wave()
        assert [parcel.state for parcel in await sender.sending.cancel(60)] == ["cancelled"]
        assert sender.states() == {"waiting": 4}
        sender.go_on()
    sender.server.plan = Plan()
    assert await sender.sending.wave()
    assert (sender.states(), len(sender.server.batches)) == ({"answered": 4}, 5)


async def test_what_was_being_cancelled_counts_no_try_where_its_end_comes_later(
    batches: BatchServer, tmp_path: Path
) -> None:
    sender = Sender(batches, tmp_path / "j", 4, replace(SOON, tries=1))
    batches.plans = [Plan(polls=10**6, share=0.5)]
    batches.refusals = [Refusal("/batches/", status=401, method="GET")]
    with pytest.raises(ConfigError):
        await sender.sending.wave()
    await sender.sending.cancel(0.01)
    next(iter(batches.batches.values())).plan.polls = 1
    sender.journal.close()
    sender.begin()
    assert await sender.sending.wave()
    assert sender.states() == {"answered": 2, "waiting": 2}
    sender.journal.close()


@pytest.mark.parametrize(("status", "times"), [(500, 7), (500, 99), (403, 1)])
async def test_where_one_cannot_be_cancelled_the_others_are(status: int, times: int, sender: Sender) -> None:
    sender.journal.add("b", question="b", server=sender.server.url, model="b", body=b'{"model": "b"}', state="waiting")
    sender.server.plan = Plan(polls=10**6)
    sender.server.refusals = [Refusal("/batches/", status=401, method="GET")]
    with pytest.raises(ConfigError):
        await sender.sending.wave()
    for batch in sender.server.batches.values():
        batch.plan = Plan()
    first = next(iter(sender.server.batches))
    sender.server.refusals = [Refusal(f"/batches/{first}/cancel", status=status) for _ in range(times)]
    if times == 7:
        assert len(await sender.sending.cancel(60)) == 2
        return
    with pytest.raises(ConfigError, match="does not cancel its batches, which go on and are billed"):
        await sender.sending.cancel(60)
    assert [batch.status for batch in sender.server.batches.values()][1:] == ["cancelling"]
    sender.server.refusals = []
    assert {parcel.stage for parcel in await sender.sending.cancel(60)} == {"fetched"}
    assert {batch.status for batch in sender.server.batches.values()} == {"cancelled"}


async def test_what_was_uploaded_and_never_created_is_deleted_where_it_is_cancelled(sender: Sender) -> None:
    sender.server.refusals = [Refusal("/batches", status=403)]
    with pytest.raises(ConfigError):
        await sender.sending.wave()
    assert len(sender.server.files) == 1
    assert await sender.sending.cancel(60) == []
    assert (sender.server.files, sender.states()) == ({}, {"waiting": 4})


async def test_what_no_question_needs_is_cancelled_though_nobody_knew_that_it_was_made(sender: Sender) -> None:
    sender.server.refusals = [
        Refusal("/batches", done=True), *(Refusal("/batches", status=403, method="GET") for _ in range(2))
    ]  # fmt: skip
    with pytest.raises(ConfigError):
        await sender.sending.wave()
    assert [parcel.stage for parcel in sender.parcels.under_way()] == ["creating"]
    sender.journal.db.execute("DELETE FROM requests")
    sender.journal.close()
    sender.begin()
    for batch in sender.server.batches.values():
        batch.polls = -(10**6)
    sender.server.refusals = [Refusal("/batches/", status=500) for _ in range(2)]
    assert not await sender.sending.wave()
    assert {batch.status for batch in sender.server.batches.values()} == {"cancelling"}
    assert sender.server.files == {}


async def test_what_no_question_needs_and_cannot_be_cancelled_is_waited_for(sender: Sender) -> None:
    sender.server.refusals = [Refusal("/batches/", status=401, method="GET")]
    with pytest.raises(ConfigError):
        await sender.sending.wave()
    sender.journal.db.execute("DELETE FROM requests")
    sender.server.refusals = [Refusal("/batches/", status=403)]
    assert await sender.sending.wave()
    assert "though no question needs batch_" in str(sender.waves[1].note)
    assert (sender.parcels.under_way(), len(sender.server.billed_requests)) == ([], 4)
