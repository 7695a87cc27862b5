"""Search plain documents by bm25, with SQLite's full-text index in memory."""

import math
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Literal

from .documents import Passage, read_documents
from .words import Sought, for_index, is_number, phrase, sought_in

Variant = Literal["words", "stems", "phrases", "headings"]
"""How to search: for the question's words, also for other forms of them, for pairs of them close together, or for
other forms of them with most trust in headings."""
_BEGINNING = 8
"""Words in which a paragraph says what it is about."""
_LOOKED_AT = 4
"""Passages that are looked at for each that is wanted, where some may not be about the question."""
_BEST = "SELECT rowid FROM passage WHERE passage MATCH ? ORDER BY bm25(passage, ?, 1), rowid LIMIT ?"
"""What holds some terms, best first, given the weight of a heading."""
_WAYS = 4
"""In how many ways a word is written that is looked for beside another, at most."""
_MARK = "\x01"
_ASKING = frozenset({"mean", "means"})
"""Ask for a meaning, and are no part of what it is the meaning of."""
_NUMBERS = frozenset("zero one two three four five six seven eight nine ten".split())


@lru_cache(maxsize=8)
def open_library(paths: tuple[str, ...], tokenizer: str, where: Path) -> "Library":
    """Index files and folders of text, once per process and tokenizer; no paths means this package's own docs.

    Args:
        paths: The files and folders.
        tokenizer: How words are told apart.
        where: The working directory, which the paths may be relative to.
    """
    return Library(read_documents(paths, where).passages, tokenizer)


def library_for(paths: tuple[str, ...], variant: Variant) -> "Library":
    """Index files and folders for one way of searching.

    Raises:
        ConfigError: A path does not exist, there is no document under any of them, or one cannot be read.
        MissingExtra: One is a PDF or a page, and the package that reads it is missing.
    """
    return open_library(paths, tokenizer_for(variant), Path.cwd())


def tokenizer_for(variant: Variant) -> str:
    """Return what a library has to be indexed with for one way of searching."""
    # Accents are gone before; what is a sign to Python, as vowels of Hindi are, is part of a word.
    words = "unicode61 remove_diacritics 0 categories ''L* M* N*''"
    return words if variant == "words" else f"porter {words}"


class Library:
    """Hold one index of passages; safe to search from several threads."""

    def __init__(self, passages: Iterable[Passage], tokenizer: str) -> None:
        self._lock = threading.Lock()
        self._db = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._db.close)
        self._passages = tuple(passages)
        self.size = len(self._passages)
        """How many passages there are."""
        self._db.execute(f"CREATE VIRTUAL TABLE passage USING fts5(heading, text, tokenize='{tokenizer}')")
        rows = ((n, for_index(p.heading), for_index(p.text)) for n, p in enumerate(self._passages))
        self._db.executemany("INSERT INTO passage(rowid, heading, text) VALUES (?, ?, ?)", rows)

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
        sought = sought_in(question)
        terms = sought.terms
        topics = [term for word, term in terms.items() if not is_number(word) and word not in _NUMBERS | _ASKING]
        is_sum = on_topic and 2 * len(topics) < len(terms)  # and one that could not be worked out
        if not terms or is_sum or not self.size:
            return []
        weights = {word: telling(word) for word in terms if word not in _ASKING} if share else {}
        heading = 8.0 if variant == "headings" else 2.0
        best = (_joined(sought, variant), heading, _LOOKED_AT * limit if on_topic else limit)
        with self._lock:
            rows = [row for (row,) in self._db.execute(_BEST, best)]
            if on_topic:
                rows = [row for row in rows if self._is_about(row, topics, variant)]
            held = [{word for word in weights if self._holds(row, terms[word])} for row in rows]
        least = share * sum(weights.values())
        return [
            self._passages[row]
            for row, mine in zip(rows, held, strict=True)
            if sum(weights[word] for word in mine) > least or not share
            if not any(mine < other for other in held)
        ][:limit]

    def holds_all(self, words: Iterable[str]) -> bool:
        """Tell whether each of some words stands anywhere."""
        return all(self.count(word) for word in words)

    def count(self, word: str) -> int:
        """Count the passages that hold a word."""
        with self._lock:
            rows = self._db.execute("SELECT count(*) FROM passage WHERE passage MATCH ?", (phrase(word),))
            return int(rows.fetchone()[0])

    def _holds(self, row: int, term: str) -> bool:
        """Tell whether a passage speaks of a word, in the sense of its index."""
        sql = "SELECT 1 FROM passage WHERE rowid = ? AND passage MATCH ?"
        return self._db.execute(sql, (row, term)).fetchone() is not None

    def _is_about(self, row: int, terms: Sequence[str], variant: Variant) -> bool:
        sql = (
            "SELECT highlight(passage, 0, ?, ''), highlight(passage, 1, ?, '') FROM passage"
            " WHERE rowid = ? AND passage MATCH ?"
        )
        marks = (_MARK, _MARK, row, " OR ".join(terms))
        heading, text = self._db.execute(sql, marks).fetchone() or ("", "")
        beginning = [] if variant == "headings" else text.split(None, _BEGINNING)[:_BEGINNING]
        return _MARK in text and any(_MARK in part for part in (heading, *beginning))


def _joined(sought: Sought, variant: Variant) -> str:
    """Write a question's words as SQLite looks for any of them, or for pairs of them."""
    pairs = pairwise(sought.pieces) if variant == "phrases" else ()
    near = [f"NEAR({a} {b}, 12)" for first, second in pairs for a in first[:_WAYS] for b in second[:_WAYS]]
    near += [way for piece in sought.pieces for way in piece if near and " " in way]  # is a pair itself
    return " OR ".join(near or sought.terms.values())


@lru_cache(maxsize=4096)
def telling(word: str) -> float:
    """Weigh a word: the fewer of this package's own pages hold a form of it, the more it tells.

    What is common there is common in any text, so the weights serve other documents too; of what these pages never
    speak, each word weighs the same.
    """
    pages = library_for((), "stems")
    return math.log(1 + pages.size / (pages.count(word) or 0.5))
