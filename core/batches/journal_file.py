"""The journal of a run's batches: what is to be asked, what was sent where, and what came of it, in one SQLite file.

Whatever is sent stands here before. So a process may be killed at any moment: the next one finds what was under way
at a provider, and asks for it, and nothing is paid for twice. Keys and headers are not in it; prompts and answers are,
so that it is its user's alone.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import ConfigError
from ..ordinary import beside, file_kind

FORMAT = 1
"""Raised when what stands in a journal changes its meaning."""
_OURS = 0x6D6F6162
"""What SQLite's files say of whose they are: `moab`."""
_TABLES = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, question TEXT, place TEXT, server TEXT, model TEXT,
    body BLOB, size INTEGER, state TEXT, parcel INTEGER, tries INTEGER DEFAULT 0, status INTEGER, answer BLOB, why TEXT,
    is_free INTEGER DEFAULT 0
);
CREATE TABLE facts (question TEXT, name TEXT, value BLOB, PRIMARY KEY (question, name)) WITHOUT ROWID;
CREATE INDEX by_state ON requests (state, server, model, number);
CREATE INDEX by_question ON requests (question, state);
CREATE INDEX by_parcel ON requests (parcel);
CREATE TABLE parcels (
    number INTEGER PRIMARY KEY AUTOINCREMENT, server TEXT, model TEXT, name TEXT, requests INTEGER, stage TEXT,
    file TEXT DEFAULT '', batch TEXT, began REAL DEFAULT 0, state TEXT,
    completed INTEGER DEFAULT 0, failed INTEGER DEFAULT 0, why TEXT
);
"""


JOURNAL_ENDING = ".batches"
"""What a journal's name has more than its file's."""


def journal_beside(file: Path) -> Path:
    """Return where the journal of a file's batches is."""
    return beside(file, JOURNAL_ENDING)


class JournalFile:
    """Be the file; one process at a time has it."""

    def __init__(
        self, path: Path, *, mixture: str | None, before_forgetting: Callable[[], None] = lambda: None
    ) -> None:
        """Open it, or make it.

        Args:
            path: Where it is.
            mixture: Whose requests it holds; None is whosever.
            before_forgetting: Called before it is written that anything is forgotten here: what stands in its place
                must be on the disk by then.

        Raises:
            ConfigError: It is another program's file, of another version or mixture, or cannot be used.
        """
        self.path, self._before_forgetting, self.forgets = path, before_forgetting, False
        self.begins_anew = False
        """Whether what stands here was cancelled, so that something else may be asked in its place."""
        if kind := file_kind(path):
            raise ConfigError(f"{path} cannot be used: it is {kind}, expected the journal of a batch; take it away")
        with self.errors_explained():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives those beside it the same rights
            self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            with ExitStack() as unopened:
                unopened.callback(self.db.close)
                self._begin(mixture)
                unopened.pop_all()

    def _begin(self, mixture: str | None) -> None:
        db = self.db
        (ours,), (number,) = (db.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version"))
        is_new = not db.execute("SELECT 1 FROM sqlite_master").fetchone()
        if not is_new and ours != _OURS:
            raise ConfigError(
                f"found another program's database in {self.path}, expected the journal of a batch; take it away"
            )
        if not is_new and number != FORMAT:
            raise ConfigError(
                f"found a journal of format {number} in {self.path}, expected {FORMAT}: another version of "
                "langgraph-moa wrote it; go on with that one, or take the file away and pay again for what is under way"
            )
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        if is_new:
            db.execute("BEGIN")  # a file that was begun is whole, or new
            for statement in _TABLES.split(";"):
                db.execute(statement)
            db.execute("INSERT INTO about VALUES ('mixture', ?)", (mixture or "",))
            db.execute(f"PRAGMA application_id = {_OURS}")
            db.execute(f"PRAGMA user_version = {FORMAT}")
            db.execute("COMMIT")
        (begun,) = db.execute("SELECT value FROM about WHERE name = 'mixture'").fetchone() or ("",)
        if mixture is not None and begun != mixture:
            if not self.was_cancelled:
                raise ConfigError(
                    f"found requests of another mixture ({begun}) in {self.path}, expected {mixture}; go on with the "
                    "mixture that it was begun with, or cancel its batches first: --cancel-batches"
                )
            for table in ("requests", "parcels", "facts", "about"):
                db.execute(f"DELETE FROM {table}")  # noqa: S608 - no words of others
            db.execute("INSERT INTO about VALUES ('mixture', ?)", (mixture,))
        if mixture is not None and self.was_cancelled:
            self.begins_anew = True
            db.execute("DELETE FROM about WHERE name = 'cancelled'")
        # What was never sent, or cancelled, is asked again by the runs that want it, if they still do.
        db.execute(
            "DELETE FROM requests WHERE state = 'waiting' AND parcel IS NULL AND (tries = 0 OR ?)", (self.begins_anew,)
        )
        db.execute("DELETE FROM facts WHERE question NOT IN (SELECT question FROM requests)")
        db.execute("BEGIN")

    @property
    def was_cancelled(self) -> bool:
        """Whether all that was under way was cancelled last, so that somebody else may begin anew."""
        return self.noted("cancelled") is not None

    def note_cancelled(self) -> None:
        """Write down that all that was under way was cancelled."""
        self.note("cancelled", "yes")
        self.save()

    def noted(self, name: str) -> str | None:
        """Return what is noted about all of it; None where nothing is."""
        with self.errors_explained():
            row = self.db.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else None

    def note(self, name: str, value: str) -> None:
        """Note something about all of it."""
        with self.errors_explained():
            self.db.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))

    @contextmanager
    def errors_explained(self) -> Iterator[None]:
        """Say what to do where the file cannot be read or written.

        Raises:
            ConfigError: So it is.
        """
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            raise ConfigError(
                f"the journal {self.path} cannot be used: {getattr(exc, 'strerror', None) or exc}; mend that, and "
                "start the same command again: what is under way at the provider is found by it"
            ) from exc

    def _commit(self) -> None:
        if self.forgets:
            self._before_forgetting()
            self.forgets = False
        with self.errors_explained():
            self.db.execute("COMMIT")

    def save(self) -> None:
        """See to it that what was written is there, whatever comes."""
        self._commit()
        with self.errors_explained():
            self.db.execute("BEGIN")

    def undo(self) -> None:
        """Take back what was written since it was saved last, as if its process had been killed then."""
        with self.errors_explained():
            self.db.execute("ROLLBACK")
            self.db.execute("BEGIN")
        self.forgets = False

    def close(self) -> None:
        """Close it; what was written is there."""
        try:
            self._commit()
        finally:
            self.db.close()

    def remove(self) -> None:
        """Close it, and take it away with all that it holds."""
        self._before_forgetting()
        self.db.close()
        for more in ("", "-wal", "-shm"):
            self.path.with_name(f"{self.path.name}{more}").unlink(missing_ok=True)
