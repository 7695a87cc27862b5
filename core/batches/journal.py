"""What runs ask of a journal: whether a request was answered, and else to write it down."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from ..errors import ConfigError
from .journal_file import JournalFile, journal_beside

RequestState = Literal["waiting", "sent", "answered", "failed", "expired", "live"]
"""What became of a request: `waiting` to be sent, `sent` in a batch, `answered`, `failed` or
`expired` for good, or to be asked `live`, outside of batches."""
_OPEN = ("waiting", "sent")


class RecordedRequest(NamedTuple):
    """Be what is known of a request."""

    number: int
    state: RequestState
    status: int | None
    answer: bytes | None
    why: str | None
    """Why there is no answer, where nothing was answered at all."""
    is_free: bool = False
    """Whether it was never answered, and nothing is billed for it."""


def check_none_under_way(file: Path) -> None:
    """Refuse to ask now, at the full price, what providers' batches were asked for.

    Args:
        file: The file beside which they would stand.

    Raises:
        ConfigError: There are such requests, and nobody has cancelled them.
    """
    path = journal_beside(file)
    if not path.exists():
        return
    journal = Journal(path, mixture=None)
    try:
        if journal.has_requests() and not journal.was_cancelled:
            raise ConfigError(
                f"found requests in {path} that are in providers' batches, expected none, for they would be asked "
                "and paid for again; add --provider-batch, or cancel with --cancel-batches"
            )
    finally:
        journal.close()
    journal.remove()


class Journal(JournalFile):
    """Be the requests of a journal."""

    def look_up(self, key: str) -> RecordedRequest | None:
        """Return what is known of a request; None where it was never wanted before."""
        with self.errors_explained():
            row = self.db.execute(
                "SELECT number, state, status, answer, why, is_free FROM requests WHERE key = ?", (key,)
            ).fetchone()
        return RecordedRequest(*row) if row else None

    def add(
        self, key: str, *, question: str, server: str, model: str, body: bytes, state: RequestState, place: str = ""
    ) -> int:
        """Write down a request that is wanted, and return its number.

        Args:
            key: What it is looked up by.
            question: Whose it is.
            server: Where it is asked.
            model: Who is asked.
            body: What is asked.
            state: What becomes of it.
            place: Who asks, whatever that is.
        """
        with self.errors_explained():
            added = self.db.execute(
                "INSERT INTO requests (key, question, place, server, model, body, size, state) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (key, question, place, server, model, body, len(body), state),
            )
        return int(added.lastrowid or 0)

    def answer(self, number: int, body: bytes) -> None:
        """Write down what came of a request that was asked live, at once: it was paid for."""
        with self.errors_explained():
            self.db.execute(
                "UPDATE requests SET state = 'answered', status = 200, answer = ?, parcel = NULL WHERE number = ?",
                (body, number),
            )
        self.save()

    def fail(self, number: int, status: int | None, body: bytes, why: str, *, is_late: bool = False) -> None:
        """Write down that a request that was asked live has failed for good, at once: it may have been paid for.

        Args:
            number: The request.
            status: With which status; None is none.
            body: What came with it.
            why: What to say without.
            is_late: Whether it took too long.
        """
        with self.errors_explained():
            self.db.execute(
                "UPDATE requests SET state = ?, status = ?, answer = ?, why = ?, parcel = NULL, is_free = 0 "
                "WHERE number = ?",
                ("expired" if is_late else "failed", status, body, why, number),
            )
        self.save()

    def fact(self, question: str, name: str) -> bytes | None:
        """Return what is known to have come of something in a question's run; None where nothing is."""
        with self.errors_explained():
            row = self.db.execute(
                "SELECT value FROM facts WHERE question = ? AND name = ?", (question, name)
            ).fetchone()
        return bytes(row[0]) if row else None

    def note_fact(self, question: str, name: str, value: bytes) -> None:
        """Write down what came of something; it is there whenever a request is that was sent later."""
        with self.errors_explained():
            self.db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", (question, name, value))

    def places(self, question: str) -> list[tuple[int, str]]:
        """Return a question's requests: the number of each, and who asked."""
        with self.errors_explained():
            return self.db.execute("SELECT number, place FROM requests WHERE question = ?", (question,)).fetchall()

    def has_requests(self) -> bool:
        """Tell whether there are any."""
        return self._has("1")

    def is_open(self, question: str) -> bool:
        """Tell whether requests of a question wait, so that running it would come no further."""
        return self._has("question = ? AND state IN (?, ?)", question, *_OPEN)

    def has_open(self) -> bool:
        """Tell whether any request is still to be answered."""
        return self._has("state NOT IN ('answered', 'failed', 'expired')")

    def has_live(self, question: str) -> bool:
        """Tell whether a question has requests that are asked outside of batches."""
        return self._has("question = ? AND state = 'live'", question)

    def knows(self, question: str) -> bool:
        """Tell whether a question has requests here."""
        return self._has("question = ?", question)

    def _has(self, where: str, *given: str) -> bool:
        with self.errors_explained():
            return bool(self.db.execute(f"SELECT 1 FROM requests WHERE {where}", given).fetchone())  # noqa: S608 - ours

    def questions(self) -> Iterator[str]:
        """Go through the questions that have requests here."""
        last = ""
        while True:
            with self.errors_explained():
                rows = self.db.execute(
                    "SELECT DISTINCT question FROM requests WHERE question > ? ORDER BY question LIMIT 500", (last,)
                ).fetchall()
            if not rows:
                return
            for (last,) in rows:
                yield last

    def forget(self, question: str) -> None:
        """Forget a question whose row is written."""
        with self.errors_explained():
            self.db.execute("DELETE FROM requests WHERE question = ?", (question,))
            self.db.execute("DELETE FROM facts WHERE question = ?", (question,))
        self.forgets = True
