"""Batches are sent once, waited for, and what failed is decided on."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer, Plan, Refusal
from batched import SOON, journal_with
from langgraph_moa import ConfigError, ProviderBatch
from langgraph_moa.core.batches.declared import Wave
from langgraph_moa.core.batches.journal import Journal
from langgraph_moa.core.batches.parcels import Parcels
from langgraph_moa.core.batches.providers import batches_at
from langgraph_moa.core.batches.sending import Sending
from langgraph_moa.core.wire.sending import Address


class Sender:
    """Be a journal whose requests wait, and who sends them."""

    def __init__(self, server: BatchServer, path: Path, requests: int, declared: ProviderBatch = SOON) -> None:
        self.server, self.path, self.declared = server, path, declared
        self.waves: list[Wave] = []
        self.journal: Journal
        self.parcels: Parcels
        self.begin(requests)

    def begin(self, requests: int = 0) -> Sending:
        self.journal, self.parcels = journal_with(self.path, requests, server=self.server.url)
        providers = {self.server.url: batches_at(Address(self.server.url, "key", attempts=1))}
        self.sending = Sending(self.parcels, providers, self.declared, self.waves.append)
        return self.sending

    def states(self) -> Counter[str]:
        return Counter(state for (state,) in self.journal.db.execute("SELECT state FROM requests"))


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


async def test_where_too_much_waits_already_it_is_sent_in_smaller_ones(sender: Sender) -> None:
    sender.server.most_tokens = 70  # of two requests
    while await sender.sending.wave():
        pass
    assert sender.states() == {"answered": 4}
    assert len(sender.server.billed_requests) == 4


LOST = [
    Refusal("/batches", done=True),
    Refusal("/batches", status=503),
    Refusal("/batches", status=429, headers={"retry-after-ms": "1"}),
    Refusal("/files", status=503),
    Refusal("/files", done=True),
    Refusal("/batches", method="GET", status=500),
    Refusal("/files", method="GET", status=500),
    Refusal("/batches", method="GET", status=404),
    Refusal("/files", method="GET", status=404),
    Refusal("/files", method="DELETE", status=500),
]
"""Failures of each request in turn; of some only the answer is lost."""


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
    batches.refusals = [Refusal("/files", status=404)]
    sender = Sender(batches, tmp_path / "j", 2)
    with pytest.raises(ConfigError, match=r"found no batches at http.* --batch-failed live"):
        await sender.sending.wave()
    sender.journal.close()
    batches.refusals = [Refusal("/files", status=405)]
    sender.declared = replace(SOON, failed="live")
    assert not await sender.begin().wave()
    assert sender.sending.live == {batches.url}
    assert sender.states() == {"live": 2}
    assert "is asked at once" in str(sender.waves[-1].note)
    sender.journal.close()


async def test_what_is_under_way_can_be_cancelled(sender: Sender) -> None:
    sender.server.refusals = [Refusal("/batches", method="GET", status=401)]
    with pytest.raises(ConfigError):
        await sender.sending.wave()
    cancelled = await sender.sending.cancel()
    assert [parcel.state for parcel in cancelled] == ["cancelling"]
    assert [batch.status for batch in sender.server.batches.values()] == ["cancelling"]
    assert await sender.sending.wave()
    assert sender.states() == {"waiting": 4} or sender.states()["answered"] > 0
