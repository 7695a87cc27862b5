"""Search plain documents by bm25, with SQLite's full-text index in memory."""

import math
import re
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from ..text import normal_form
from .documents import Passage, document_files, passages_in

Variant = Literal["words", "stems", "phrases", "headings"]
"""How to search: for the question's words, also for other forms of them, for pairs of them close together, or for
other forms of them with most trust in headings."""
_BEGINNING = 8
"""Words in which a paragraph says what it is about."""
_LOOKED_AT = 4
"""Passages that are looked at for each that is wanted, where some may not be about the question."""
_BEST = (
    "SELECT rowid, source, heading, text FROM passage WHERE passage MATCH ?"
    " ORDER BY bm25(passage, 0, ?, 1), rowid LIMIT ?"
)
"""What holds some terms, best first, given the weight of a heading."""
_MARK = "\x01"
_STOP_WORDS = frozenset(
    "a about an and are as at be been but by can could did do does doing for from had has have how i if in into is it "
    "its me my of on or our please should so tell than that the their them then there these they this those to us was "
    "we were what when where which who whom why will with would you your".split()
)
_ASKING = frozenset({"mean", "means"})
"""Ask for a meaning, and are no part of what it is the meaning of."""
LONGEST_STEM = 6
_NUMBERS = frozenset("zero one two three four five six seven eight nine ten".split())


@lru_cache(maxsize=8)
def open_library(paths: tuple[str, ...], tokenizer: str, where: Path) -> "Library":
    """Index files and folders of text, once per process and tokenizer; no paths means this package's own docs.

    Args:
        paths: The files and folders.
        tokenizer: How words are told apart.
        where: The working directory, which the paths may be relative to.
    """
    return Library(
        (p for name, path in document_files(paths) for p in passages_in(name, path, code=bool(paths))), tokenizer
    )


def library_for(paths: tuple[str, ...], variant: Variant) -> "Library":
    """Index files and folders for one way of searching.

    Raises:
        ConfigError: A path does not exist, there is no document under any of them, or one cannot be read.
        MissingExtra: One is a PDF or a page, and the package that reads it is missing.
    """
    return open_library(paths, tokenizer_for(variant), Path.cwd())


def tokenizer_for(variant: Variant) -> str:
    """Return what a library has to be indexed with for one way of searching."""
    return "unicode61" if variant == "words" else "porter unicode61"


class Library:
    """Hold one index of passages; safe to search from several threads."""

    def __init__(self, passages: Iterable[Passage], tokenizer: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._db.close)
        self._db.execute(
            f"CREATE VIRTUAL TABLE passage USING fts5(source UNINDEXED, heading, text, tokenize='{tokenizer}')"
        )
        self._db.executemany("INSERT INTO passage VALUES (?, ?, ?)", map(astuple, passages))
        self.size = int(self._db.execute("SELECT count(*) FROM passage").fetchone()[0])
        """How many passages there are."""

    def find(
        self, question: str, variant: Variant, *, limit: int, share: float = 0.0, on_topic: bool = False
    ) -> list[Passage]:
        """Return the best passages for a question, best first; ties go to the one that comes first.

        Args:
            question: What is asked, in anybody's words.
            variant: How to search; the library must be indexed for it (`tokenizer_for`).
            limit: How many passages at most.
            share: Keep only the ones of those that speak of more than this share of the question's words, each
                weighed by how much it tells, and leave out those that hold only some of the words that another one
                holds: for who quotes them as an answer.
            on_topic: Keep only the ones whose heading, or for other variants than `headings` beginning, holds one of
                the question's words, which a number is not: for documents that nobody chose for the question.
        """
        words = key_words(question)
        terms = _terms(words, variant)
        topics = [word for word in words if not word.isdigit() and word not in _NUMBERS | _ASKING]
        is_sum = on_topic and 2 * len(topics) < len(words)  # and one that could not be worked out
        if not terms or is_sum or not self.size:
            return []
        weights = {word: telling(word) for word in words if word not in _ASKING} if share else {}
        best = (" OR ".join(terms), 8.0 if variant == "headings" else 2.0, _LOOKED_AT * limit if on_topic else limit)
        with self._lock:
            rows = self._db.execute(_BEST, best).fetchall()
            if on_topic:
                rows = [row for row in rows if self._is_about(row[0], topics, variant)]
            held = [self._held(row[0], weights) for row in rows]
        least = share * sum(weights.values())
        return [
            Passage(*passage)
            for (_, *passage), mine in zip(rows, held, strict=True)
            if sum(weights[word] for word in mine) > least or not share
            if not any(mine < other for other in held)
        ][:limit]

    def holds_all(self, words: Iterable[str]) -> bool:
        """Tell whether each of some words stands anywhere."""
        return all(self.count(word) for word in words)

    def count(self, word: str) -> int:
        """Count the passages that hold a word."""
        with self._lock:
            rows = self._db.execute("SELECT count(*) FROM passage WHERE passage MATCH ?", (f'"{word}"',))
            return int(rows.fetchone()[0])

    def _held(self, row: int, words: Iterable[str]) -> set[str]:
        """Return which words a passage speaks of, in the sense of its index."""
        sql = "SELECT 1 FROM passage WHERE rowid = ? AND passage MATCH ?"
        return {word for word in words if self._db.execute(sql, (row, f'"{word}"')).fetchone()}

    def _is_about(self, row: int, words: Sequence[str], variant: Variant) -> bool:
        sql = (
            "SELECT highlight(passage, 1, ?, ''), highlight(passage, 2, ?, '') FROM passage"
            " WHERE rowid = ? AND passage MATCH ?"
        )
        anyone = " OR ".join(f'"{word}"' for word in words)
        heading, text = self._db.execute(sql, (_MARK, _MARK, row, anyone)).fetchone() or ("", "")
        beginning = [] if variant == "headings" else text.split(None, _BEGINNING)[:_BEGINNING]
        return _MARK in text and any(_MARK in part for part in (heading, *beginning))


def _terms(words: Sequence[str], variant: Variant) -> list[str]:
    """Write words as SQLite looks for them."""
    terms = [f'"{word}"' for word in words]
    if variant == "phrases":
        return [f"NEAR({a} {b}, 12)" for a, b in pairwise(terms)] or terms
    return terms


def key_words(text: str) -> list[str]:
    """Return the words of a question that say what it is about, each once."""
    words = re.findall(r"[^\W_]+", normal_form(text, "NFC").lower())
    return list(dict.fromkeys(word for word in words if word not in _STOP_WORDS))


@lru_cache(maxsize=4096)
def telling(word: str) -> float:
    """Weigh a word: the fewer of this package's own pages hold a form of it, the more it tells.

    What is common there is common in any text, so the weights serve other documents too; of what these pages never
    speak, each word weighs the same.
    """
    pages = library_for((), "stems")
    return math.log(1 + pages.size / (pages.count(word) or 0.5))


def stem(word: str) -> str:
    """Return the beginning that a word shares with most of its other forms."""
    return word[: max(4, len(word) - 3)][:LONGEST_STEM]
