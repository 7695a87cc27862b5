"""Search plain documents by bm25, with SQLite's full-text index in memory."""

import re
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .errors import ConfigError

BUNDLED_DOCS = Path(__file__).parents[1] / "docs"
SUFFIXES = (".md", ".txt", ".rst")
_STOP_WORDS = frozenset(
    "a about an and are as at be been but by can could did do does doing for from had has have how i if in into is it "
    "its me my of on or our please should so tell than that the their them then there these they this those to us was "
    "we were what when where which who whom why will with would you your".split()
)


@dataclass(frozen=True)
class Passage:
    """Quote one paragraph and say where it stands."""

    source: str
    heading: str
    text: str


@lru_cache(maxsize=8)
def open_library(paths: tuple[str, ...], tokenizer: str) -> "Library":
    """Index files and folders of text, once per process and tokenizer; no paths means this package's own docs."""
    return Library(document_files(paths), tokenizer)


def document_files(paths: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    """List the text files under some paths, each with the name to cite it by.

    Raises:
        ConfigError: A path does not exist, or there is no text file under any of them.
    """
    files: list[tuple[str, Path]] = []
    for root in map(Path, paths or (str(BUNDLED_DOCS),)):
        try:
            exists = root.exists()
        except OSError as exc:
            raise ConfigError(f"found {str(root)[:80]!r}, expected a file or folder: {exc.strerror}") from exc
        if not exists:
            raise ConfigError(f"found no file or folder {str(root)!r}, expected documents to answer from")
        found = [root] if root.is_file() else sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES)
        files += [(path.name if path == root else path.relative_to(root).as_posix(), path) for path in found]
    if not files:
        raise ConfigError(
            f"found no documents under {', '.join(paths)}, expected files ending in {', '.join(SUFFIXES)}"
        )
    return tuple(files)


class Library:
    """Hold one index; safe to search from several threads."""

    def __init__(self, files: tuple[tuple[str, Path], ...], tokenizer: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._db.close)
        self._db.execute(
            f"CREATE VIRTUAL TABLE passage USING fts5(source UNINDEXED, heading, text, tokenize='{tokenizer}')"
        )
        rows = [(p.source, p.heading, p.text) for name, path in files for p in _passages(name, path)]
        self._db.executemany("INSERT INTO passage VALUES (?, ?, ?)", rows)

    def search(self, query: str, *, heading_weight: float, limit: int) -> list[Passage]:
        """Return the best passages for a full-text query, best first; ties go to the one that comes first."""
        sql = (
            "SELECT source, heading, text FROM passage WHERE passage MATCH ?"
            " ORDER BY bm25(passage, 0, ?, 1), rowid LIMIT ?"
        )
        with self._lock:
            return [Passage(*row) for row in self._db.execute(sql, (query, heading_weight, limit))]


def key_words(text: str) -> list[str]:
    """Return the words of a question that say what it is about, each once."""
    words = re.findall(r"[^\W_]+", text.lower())
    return list(dict.fromkeys(word for word in words if word not in _STOP_WORDS))


def _passages(name: str, path: Path) -> Iterator[Passage]:
    heading = path.stem
    text = re.sub(r"(?ms)^```.*?^```", "", path.read_text(encoding="utf-8", errors="replace"))
    for block in re.split(r"\n\s*\n", text):
        for part in re.split(r"\n(?=[-*] )", block.strip()):
            if part.startswith("#"):
                heading = part.splitlines()[0].lstrip("# ").strip()
                part = part.partition("\n")[2]
            if plain := " ".join(part.split()):
                yield Passage(name, heading, plain)
