"""A batch is created once: where nobody knows whether it was, it is looked for, until it would be listed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer, Refusal
from batched import journal_with
from langgraph_moa.core.batches.bringing import Bringing, NotTaken, backoff
from langgraph_moa.core.batches.parcels import Parcels
from langgraph_moa.core.batches.providers import batches_at
from langgraph_moa.core.wire.refusals import ServerError
from langgraph_moa.core.wire.sending import Address

LISTED = Refusal("/batches", method="GET", status=404)
"""What becomes of a look into the list at a server that has none."""


class Bringer:
    """Be two parcels, and who brings them."""

    def __init__(self, server: BatchServer, path: Path) -> None:
        self.server, self.path = server, path
        self.journal, self.parcels = journal_with(path, 2, server=server.url)
        for name in ("n", "o"):
            self.parcels.pack(server.url, name, model="a", most=1, most_bytes=10**6)
        self.begin()

    def begin(self) -> None:
        address = Address(self.server.url, "key", attempts=1)
        self.bringing = Bringing(self.parcels, {self.server.url: batches_at(address)}, 0.01)

    async def bring(self, which: int = 0) -> str:
        """Bring one, and tell why not."""
        try:
            await self.bringing.bring(self.parcels.parcel(which + 1))
        except NotTaken as exc:
            return exc.why
        return self.parcels.parcel(which + 1).stage

    def restart(self) -> None:
        self.journal.close()
        self.journal, _ = journal_with(self.path, server=self.server.url)
        self.parcels = Parcels(self.journal)
        self.begin()


@pytest.fixture
def bringer(batches: BatchServer, tmp_path: Path) -> Any:
    one = Bringer(batches, tmp_path / "j")
    yield one
    one.journal.close()


async def test_a_batch_that_is_listed_late_is_not_made_twice(bringer: Bringer) -> None:
    bringer.server.refusals, bringer.server.unlisted = [Refusal("/batches", done=True)], 1
    assert await bringer.bring() == "created"
    assert len(bringer.server.batches) == 1


async def test_killed_while_it_is_made_and_begun_again_at_once_it_is_not_made_twice(bringer: Bringer) -> None:
    bringer.server.refusals = [Refusal("/batches", status=403)]
    with pytest.raises(ServerError):
        await bringer.bring()
    sent = bringer.parcels.parcel(1)
    await batches_at(Address(bringer.server.url, "key")).create(bringer.parcels.as_parcel(sent))  # its answer unheard
    bringer.restart()
    bringer.server.unlisted = 1
    assert await bringer.bring() == "created"
    assert len(bringer.server.batches) == 1


NOT_TAKEN: list[tuple[list[Refusal], str]] = [
    ([Refusal("/files", status=404), LISTED], "no batches"),
    ([Refusal("/batches", status=405), LISTED], "no batches"),
    ([Refusal("/batches", status=501), LISTED], "no batches"),
    ([Refusal("/batches", status=404) for _ in range(8)], "refused"),
    ([Refusal("/files", status=404) for _ in range(8)], "refused"),
    ([Refusal("/batches", status=422)], "refused"),
    ([Refusal("/files", status=413)], "too large"),
    ([Refusal("/batches", status=413)], "too large"),
    ([Refusal("/batches", status=400)], "full"),
    ([Refusal("/batches", status=400, code="invalid")], "refused"),
    ([Refusal("/batches") for _ in range(8)], "full"),
]


@pytest.mark.parametrize(("refusals", "why"), NOT_TAKEN)
async def test_why_there_is_no_batch_is_told(refusals: list[Refusal], why: str, bringer: Bringer) -> None:
    bringer.server.refusals = [replace(refusal) for refusal in refusals]
    assert await bringer.bring() == why
    assert bringer.server.refusals == []
    assert bringer.server.batches == {}
    assert await bringer.bring() == "created"


@pytest.mark.parametrize("path", ["/files", "/batches"])
async def test_where_batches_were_made_a_404_never_says_that_there_are_none(path: str, bringer: Bringer) -> None:
    assert await bringer.bring() == "created"
    bringer.server.refusals = [*(Refusal(path, status=404) for _ in range(8)), replace(LISTED)]
    assert await bringer.bring(1) == "refused"


async def test_a_404_while_a_batch_is_looked_for_is_unknown(bringer: Bringer) -> None:
    bringer.server.refusals = [Refusal("/batches", status=403)]
    with pytest.raises(ServerError):
        await bringer.bring()
    bringer.restart()
    bringer.server.refusals = [replace(LISTED) for _ in range(8)]
    with pytest.raises(ServerError) as caught:
        await bringer.bring()
    assert (caught.value.status_code, bringer.parcels.parcel(1).stage) == (404, "creating")
    assert await bringer.bring() == "created"


def test_waits_double_up_to_the_longest() -> None:
    waits = [backoff(attempt, 60.0) for attempt in (0, 1, 5, 6, 7, 10**6)]
    assert all(0.75 * whole <= wait <= whole for wait, whole in zip(waits, (1, 2, 32, 60, 60, 60), strict=True))
