"""What is sent of a journal, parcel by parcel, and what came back."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple, TypeVar

from .journal import RequestState
from .journal_file import JournalFile
from .provider import BatchRequest, BatchResult, BatchStatus, Parcel, candidates

_T = TypeVar("_T")
ParcelStage = Literal["uploading", "creating", "created", "fetched"]
"""How far a parcel has come: each is written before it begins."""
GIVEN_UP = "given up"
"""The state of a parcel whose batch never came to an end."""

_AROUND = 200
"""Bytes that stand around a request in a file."""


class SentParcel(NamedTuple):
    """Be a parcel as it stands in the journal."""

    number: int
    server: str
    model: str
    """Whose requests it holds; empty where there may be several."""
    name: str
    requests: int
    stage: ParcelStage
    file: str
    batch: str | None
    began: float
    state: str | None
    """What its provider said of it last, in a word of `BatchState`, or of its own where that is none that is known;
    `GIVEN_UP`, or None before it said anything."""
    completed: int
    failed: int
    why: str | None

    @property
    def shown(self) -> str:
        """Return its batch's id; where it is one of several, all of theirs."""
        batches, name = candidates(self.batch or "")
        return f"one of {', '.join(batches)}" if name else batches[0]

    @property
    def is_certain(self) -> bool:
        """Tell whether it is known which batch is its own."""
        return not candidates(self.batch or "")[1]


class Waiting(NamedTuple):
    """Name a model for which requests are to be sent."""

    server: str
    model: str


class Parcels:
    """Be the parcels of a journal."""

    def __init__(self, journal: JournalFile) -> None:
        self._journal = journal

    def waiting(self) -> list[Waiting]:
        """Return for which models anything is to be sent."""
        with self._journal.errors_explained():
            rows = self._journal.db.execute(
                "SELECT DISTINCT server, model FROM requests WHERE state = 'waiting' ORDER BY server, model"
            ).fetchall()
        return [Waiting(*row) for row in rows]

    def pack(self, server: str, name: str, *, model: str | None, most: int, most_bytes: int) -> SentParcel | None:
        """Put requests that wait into a new parcel, which is about to be uploaded; None where none waits.

        Args:
            server: Whose they are.
            name: How the parcel's name begins; its number comes after.
            model: Whose they are; None is any.
            most: How many a parcel may hold.
            most_bytes: How many bytes all together, with what stands around each.
        """
        with self._journal.errors_explained():
            db, numbers, size = self._journal.db, list[int](), 0
            of_model = "model" if model is None else "?2"
            rows = db.execute(
                f"SELECT number, size FROM requests WHERE state = 'waiting' AND server = ?1 AND model = {of_model} "  # noqa: S608
                "ORDER BY number LIMIT ?3",
                (server, model, most),
            )
            for number, length in rows:
                size += length + _AROUND
                if numbers and size > most_bytes:
                    break
                numbers.append(number)
            if not numbers:
                return None
            added = db.execute(
                "INSERT INTO parcels (server, model, name, requests, stage) VALUES (?, ?, ?, ?, 'uploading')",
                (server, model or "", name, len(numbers)),
            )
            parcel = int(added.lastrowid or 0)
            db.execute("UPDATE parcels SET name = name || '-' || number WHERE number = ?", (parcel,))
            db.executemany(
                "UPDATE requests SET state = 'sent', tries = tries + 1, parcel = ? WHERE number = ?",
                ((parcel, number) for number in numbers),
            )
        self._journal.save()
        return self.parcel(parcel)

    def parcel(self, number: int) -> SentParcel:
        """Return a parcel."""
        with self._journal.errors_explained():
            return self._parcels("WHERE number = ?", number)[0]

    def under_way(self) -> list[SentParcel]:
        """Return the parcels of which more is to come."""
        with self._journal.errors_explained():
            return self._parcels("WHERE stage != 'fetched' ORDER BY number")

    def unwanted(self) -> list[SentParcel]:
        """Return those of them that hold no request any more."""
        with self._journal.errors_explained():
            return self._parcels(
                "WHERE stage != 'fetched' AND NOT EXISTS (SELECT 1 FROM requests WHERE parcel = parcels.number)"
            )

    def batches(self, server: str) -> set[str]:
        """Return the ids of all batches that were made at a server."""
        with self._journal.errors_explained():
            return {sent.batch for sent in self._parcels("WHERE server = ?", server) if sent.batch}

    def _parcels(self, where: str, *given: object) -> list[SentParcel]:
        names = ", ".join(SentParcel._fields)
        return [SentParcel(*row) for row in self._journal.db.execute(f"SELECT {names} FROM parcels {where}", given)]  # noqa: S608

    def as_parcel(self, sent: SentParcel) -> Parcel:
        """Return what is sent of a parcel."""
        return Parcel(sent.name, sent.requests, lambda: self._requests(sent.number), sent.file, sent.began)

    def _requests(self, parcel: int) -> Iterator[BatchRequest]:
        """Go through a parcel's requests, few at a time, so that others may write meanwhile."""
        last = 0
        while True:
            with self._journal.errors_explained():
                rows = self._journal.db.execute(
                    "SELECT number, body FROM requests WHERE parcel = ? AND number > ? ORDER BY number LIMIT 100",
                    (parcel, last),
                ).fetchall()
            if not rows:
                return
            for number, body in rows:
                yield BatchRequest(f"moa-{number}", body)
            last = rows[-1][0]

    def note_stage(
        self, parcel: int, stage: ParcelStage, *, file: str | None = None, began: float | None = None
    ) -> None:
        """Write down what begins now with a parcel, before it does."""
        with self._journal.errors_explained():
            self._journal.db.execute(
                "UPDATE parcels SET stage = ?, file = COALESCE(?, file), began = COALESCE(?, began) WHERE number = ?",
                (stage, file, began, parcel),
            )
        self._journal.save()

    def note_status(self, parcel: int, status: BatchStatus) -> None:
        """Write down what a provider says of a batch."""
        with self._journal.errors_explained():
            self._journal.db.execute(
                "UPDATE parcels SET stage = 'created', batch = ?, state = ?, completed = ?, failed = ?, why = ? "
                "WHERE number = ?",
                (status.batch, status.word or status.state, status.completed, status.failed, status.error, parcel),
            )
        self._journal.save()

    # What came back.

    def store(self, parcel: int, results: Sequence[BatchResult], is_open: Callable[[BatchResult], bool]) -> None:
        """Write down what came of requests of a parcel; what is none of them is not.

        Args:
            parcel: The parcel.
            results: What came.
            is_open: Tells a failure after which the same request may do later: those stay `sent`, until it is settled
                what becomes of them.
        """
        with self._journal.errors_explained():
            for result in results:
                state = "answered" if result.is_answer else "sent" if is_open(result) else "failed"
                self._journal.db.execute(
                    "UPDATE requests SET state = ?, status = ?, answer = ? "
                    "WHERE number = ? AND parcel = ? AND state = 'sent'",
                    (state, result.status, result.body, _number_in(result.custom_id), parcel),
                )

    def missing(self, parcel: int, results: int) -> bool:
        """Tell whether less has come of a parcel than there is.

        Args:
            parcel: The parcel.
            results: Of how many requests its provider says that they were answered, or failed.
        """
        with self._journal.errors_explained():
            ((requests, stored),) = self._journal.db.execute(
                "SELECT COUNT(*), COALESCE(SUM(state != 'sent' OR answer IS NOT NULL), 0) FROM requests "
                "WHERE parcel = ?",
                (parcel,),
            ).fetchall()
        return bool(stored < min(requests, results))

    def settle(
        self,
        parcel: int,
        *,
        why: str,
        tries: int | None,
        state: RequestState,
        counts: bool = True,
        is_free: bool = False,
    ) -> None:
        """Decide on the requests of a parcel that have no answer, and be done with it.

        Args:
            parcel: The parcel.
            why: What became of the batch, for those of which nothing was said.
            tries: After how many batches a request is not sent again; None is never.
            state: What becomes of those then, or of all where it is not `waiting`.
            counts: Whether this batch was one of those.
            is_free: Whether nothing is billed of which nothing was said; what was said to have failed never is.
        """
        with self._journal.errors_explained():
            db = self._journal.db
            if not counts:
                db.execute("UPDATE requests SET tries = tries - 1 WHERE parcel = ? AND state = 'sent'", (parcel,))
            if tries is not None:
                db.execute(
                    "UPDATE requests SET state = 'waiting', status = NULL, answer = NULL "
                    "WHERE parcel = ? AND state = 'sent' AND tries < ?",
                    (parcel, tries),
                )
            db.execute(
                "UPDATE requests SET state = ?, why = ?, is_free = ? OR answer IS NOT NULL "
                "WHERE parcel = ? AND state = 'sent'",
                (state, why, is_free, parcel),
            )
            db.execute("UPDATE requests SET parcel = NULL WHERE parcel = ?", (parcel,))
            db.execute("UPDATE parcels SET stage = 'fetched' WHERE number = ?", (parcel,))
        self._journal.save()

    def give_up(self, parcel: int) -> None:
        """Write down that the end of a parcel's batch is not waited for any more."""
        with self._journal.errors_explained():
            self._journal.db.execute("UPDATE parcels SET state = ? WHERE number = ?", (GIVEN_UP, parcel))
        self._journal.save()


async def undisturbed(work: Callable[[], _T]) -> _T:
    """Do what takes long with a journal in a thread, so that others have their turn; it is done whole, or not begun.

    Args:
        work: What is done.
    """
    task = asyncio.create_task(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # which nobody waits for any more
        raise


def _number_in(custom_id: str) -> int:
    """Return the number of a request; -1 where it is none of ours."""
    begins, _, number = custom_id.partition("-")
    return int(number) if begins == "moa" and number.isascii() and number.isdigit() and len(number) < 19 else -1
