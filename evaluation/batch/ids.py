"""Remember ids on disk."""

import sqlite3
from types import TracebackType


class Ids:
    """Remember ids, and a value of each, in a temporary file: a million of them take no memory.

    SQLite keeps a database without a name in a file of its own, which is gone with it, however the process ends.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, value) WITHOUT ROWID")

    def __enter__(self) -> "Ids":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget them all."""
        self._db.close()

    def __getitem__(self, id_: str) -> int | str | None:
        row = self._db.execute("SELECT value FROM ids WHERE id = ?", (id_,)).fetchone()
        return row[0] if row else None

    def __setitem__(self, id_: str, value: int | str) -> None:
        self._db.execute("INSERT OR REPLACE INTO ids VALUES (?, ?)", (id_, value))

    def __contains__(self, id_: object) -> bool:
        return isinstance(id_, str) and self[id_] is not None

    def pop(self, id_: str) -> int | str | None:
        """Forget one, and return its value."""
        value = self[id_]
        self._db.execute("DELETE FROM ids WHERE id = ?", (id_,))
        return value

    def add(self, id_: str, value: int | str) -> bool:
        """Remember an id, and tell whether it is new; one that is known keeps its value."""
        return self._db.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (id_, value)).rowcount == 1

    def add_next(self, id_: str) -> str:
        """Remember an id, with `-2`, `-3` and so on behind it where it is known, and return it as it is remembered."""
        if self.add(id_, 1):
            return id_
        number = int(self[id_] or 1)
        while True:
            number += 1
            if self.add(f"{id_}-{number}", 1):
                self[id_] = number
                return f"{id_}-{number}"
