"""What came of a batch is waited for until it is there, and what an account has to mend counts against no request."""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from batch_server import BatchServer, Plan, Refusal
from langgraph_moa import ConfigError
from langgraph_moa.core.batches.messages import VERSION_HEADER
from langgraph_moa.core.batches.parcels import GIVEN_UP
from loopback import Reply, running
from message_batches import MessageServer
from parcel_sender import Sender

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


class LateServer(BatchServer):
    """Shows of a batch that ended other things for a while."""

    late = 3
    fields: dict[str, Any] = {}  # noqa: RUF012 - a script
    lines: int | None = None

    async def retrieve_batch(self, http: web.Request) -> web.Response:
        await super().retrieve_batch(http)
        batch = self.batches[http.match_info["id"]]
        if batch.status in ("completed", "expired") and self.late > 0:
            self.late -= 1
            return web.json_response({**batch.shown, **self.fields})
        return web.json_response(batch.shown)

    async def _content(self, http: web.Request) -> web.Response:
        response = await super()._content(http)
        if self.lines is None or self.late <= 0:
            return response
        lines = self.files[http.match_info["id"]].content.splitlines(keepends=True)
        return web.Response(body=b"".join(lines[: self.lines]))


@pytest.fixture
def late() -> Iterator[LateServer]:
    with running(LateServer()) as server:
        yield server


@pytest.fixture
def sender(late: LateServer, tmp_path: Path) -> Iterator[Sender]:
    one = Sender(late, tmp_path / "j", 4)
    yield one
    one.journal.close()


LATE: list[tuple[Plan, dict[str, Any], int | None, int]] = [
    (Plan(), {"output_file_id": None}, None, 1),
    (Plan(), {"output_file_id": None, "request_counts": None}, None, 1),
    (Plan(), {}, 2, 1),
    (Plan(statuses=[400]), {"error_file_id": None}, None, 1),
    (Plan(end="expired", share=0.5), {"output_file_id": None}, None, 2),
]


@pytest.mark.parametrize(("plan", "fields", "lines", "made"), LATE)
async def test_what_is_not_handed_over_yet_is_waited_for(
    plan: Plan, fields: dict[str, Any], lines: int | None, made: int, late: LateServer, sender: Sender
) -> None:
    late.plans, late.fields, late.lines = [plan], fields, lines
    while await sender.sending.wave():
        pass
    assert set(sender.states()) <= {"answered", "failed"}
    assert (len(late.batches), len(late.billed_requests)) == (made, 4 - len(plan.statuses))
    assert any("has not handed over all answers" in str(wave.note) for wave in sender.waves)


async def test_what_never_comes_is_sent_again_after_ten_times(late: LateServer, sender: Sender) -> None:
    late.fields, late.late = {"output_file_id": None}, 10
    while await sender.sending.wave():
        pass
    assert (sender.states(), len(late.batches)) == ({"answered": 4}, 2)


HARD_LIMIT = {"code": "billing_hard_limit_reached", "message": "Billing hard limit has been reached"}
QUOTA = json.dumps({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}})
LOW = json.dumps({"error": {"type": "invalid_request_error", "message": "Your credit balance is too low to go on"}})
SPOILED: list[tuple[Plan, Reply | None, str]] = [
    (Plan(end="failed", errors=[HARD_LIMIT]), None, "Billing hard limit"),
    (Plan(), Reply(status=429, body=QUOTA), "You exceeded your quota"),
    (Plan(), Reply(status=400, body=LOW), "credit balance is too low"),
    (Plan(), Reply(status=401, body="{}"), "refuses all"),
]


def refused_but_the_first(reply: Reply, body: dict[str, Any]) -> Reply:
    return Reply("answer") if body["messages"][0]["content"] == "0" else reply


@pytest.mark.parametrize("failed", ["again", "live", "leave"])
@pytest.mark.parametrize(("plan", "reply", "words"), SPOILED)
async def test_what_an_account_has_to_mend_is_sent_again_as_if_it_never_was(
    plan: Plan, reply: Reply | None, words: str, failed: Any, late: LateServer, tmp_path: Path
) -> None:
    sender = Sender(late, tmp_path / "spoiled", 4, replace(Sender.soon, failed=failed))
    for _ in range(4):
        late.plans = [plan]
        if reply:
            late.say("a", partial(refused_but_the_first, reply))
        with pytest.raises(ConfigError, match=words):
            await sender.sending.wave()
        assert sender.states()["waiting"] in (3, 4)
        late.scripts.clear()
        sender.go_on()
    assert await sender.sending.wave()
    assert sender.states() == {"answered": 4}
    sender.journal.close()


@pytest.mark.parametrize("path", ["/files", "/batches"])
async def test_what_an_account_has_to_mend_is_no_refusal_of_a_file_or_batch(
    path: str, late: LateServer, sender: Sender
) -> None:
    late.refusals = [Refusal(path, status=400, code="billing_hard_limit_reached")]
    with pytest.raises(ConfigError, match="does not take batches now"):
        await sender.sending.wave()
    assert await sender.sending.wave()
    assert (sender.states(), len(late.batches)) == ({"answered": 4}, 1)


async def test_a_batch_that_never_ends_is_given_up_when_it_is_cancelled(late: LateServer, sender: Sender) -> None:
    late.plan = Plan(polls=10**6)
    late.refusals = [Refusal("/batches/", status=401, method="GET", seen=1)]
    with pytest.raises(ConfigError, match="does not tell what became of its batches"):
        await sender.sending.wave()
    assert await sender.sending.cancel(0.01)
    assert len(sender.parcels.under_way()) == 1  # it has a day yet
    for batch in late.batches.values():
        batch.shown["expires_at"] -= 3 * 86_400
        batch.shown["status"] = "error"
    cancelled = await sender.sending.cancel(0.01)
    assert "--cancel-batches gives it up" in str(sender.waves[-1].note)
    assert [(parcel.stage, parcel.state) for parcel in cancelled] == [("fetched", GIVEN_UP)]
    assert sender.states() == {"waiting": 4}


async def test_a_word_that_is_not_known_is_told(late: LateServer, sender: Sender) -> None:
    late.fields = {"status": "error"}
    assert await sender.sending.wave()
    assert any("says 'error' of the batch" in str(wave.note) for wave in sender.waves)
    assert "error" in {parcel.state for wave in sender.waves for parcel in wave.parcels}
    assert sender.states() == {"answered": 4}


async def test_one_of_several_that_no_question_needs_is_waited_for_until_it_is_known(tmp_path: Path) -> None:
    with running(MessageServer()) as server:
        sender = Sender(server, tmp_path / "j", 2, headers=((VERSION_HEADER, "2023-06-01"),))
        server.plan = Plan(polls=3)
        server.refusals = [
            Refusal("/messages/batches", done=True),
            *(Refusal("/messages/batches", status=403, method="GET") for _ in range(2)),
        ]
        with pytest.raises(ConfigError, match="does not take batches now"):
            await sender.sending.wave()
        sender.journal.db.execute("DELETE FROM requests")
        with pytest.raises(ConfigError, match="does not cancel its batches, which go on and are billed"):
            await sender.go_on().wave()
        assert len(sender.server.billed_requests) == 0
        assert await sender.go_on().wave()
        assert sender.waves[0].parcels[0].shown.startswith("one of msgbatch_0")
        assert {batch.shown["processing_status"] for batch in server.message_batches.values()} == {"ended"}
        assert sender.parcels.under_way() == []
        sender.journal.close()
