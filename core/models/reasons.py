"""Take apart the reasons that servers give for an answer's end: one dated data file knows their words."""

from collections.abc import Iterator
from enum import Enum
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

EndStatus = Literal["ok", "truncated", "error", "refused"]
WORST: tuple[EndStatus, ...] = ("refused", "error", "truncated", "ok")
_STATUSES: dict[str, EndStatus] = {
    **{status: status for status in WORST},
    "calls": "ok",
    "unended": "truncated",
}
"""What each list of the file stands for."""

ENDINGS_FILE = Path(__file__).with_name("endings.toml")
_READ, _SHOWN = 2_000, 200
"""Characters of a text that are read, as some servers say `stop` with each of very many pieces; and that are told of an
unknown one."""
_MOST, _DEEPEST = 1_000, 4
"""Reasons in a list, and lists in a list, that are read: what holds more is the end of no answer."""
_FIELDS = ("type", "reason", "finish_reason", "stop_reason")
"""Where an object says its reason: `{"type": "length", "length": 16}` is SGLang's, `{"reason": ...}` OpenAI's."""
_SEPARATORS = str.maketrans(dict.fromkeys(";|\n", ","))


class Reason(NamedTuple):
    """Be one reason of an end."""

    spelling: str
    word: str
    """The same in any spelling."""
    status: EndStatus
    kind: str
    """The list that it is in: its status, `calls`, or `unended`; empty where it is in none."""


class _Words(NamedTuple):
    kinds: dict[str, str]
    """The list that each word is in."""
    numbers: dict[str, str]
    prefixes: frozenset[str]
    lengths: tuple[int, ...]


def reasons_in(reason: object) -> list[Reason]:
    """Return all reasons in what a server or LangChain's packages told.

    Args:
        reason: None, a text, a number, an object with one of these in it, or a list of such.
    """
    reasons = list(islice(_reasons_in(reason, depth=0), _MOST + 1))
    return [*reasons[:_MOST], _unknown("and more")] if len(reasons) > _MOST else reasons


@lru_cache(maxsize=1)
def endings_file() -> dict[str, Any]:
    """Return what servers say at an end, and in errors."""
    import tomllib

    return tomllib.loads(ENDINGS_FILE.read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _words() -> _Words:
    tables = endings_file()["ends"]
    kinds = {_letters(word): kind for table in tables for kind in _STATUSES for word in table.get(kind, ())}
    numbers: dict[str, str] = {}
    for name, number in ((name, str(n)) for table in tables for name, n in table.get("numbers", {}).items()):
        kind = kinds[_letters(name)]
        numbers[number] = min(kind, numbers.get(number, kind), key=lambda each: WORST.index(_STATUSES[each]))
    prefixes = frozenset(map(_letters, endings_file()["prefixes"]))
    return _Words(kinds, numbers, prefixes, tuple(sorted({len(word) for word in (*kinds, *prefixes)})))


def worst(statuses: set[EndStatus]) -> EndStatus:
    """Return the one that counts; `ok` where there is none."""
    return next((status for status in WORST if status in statuses), "ok")


def _reasons_in(reason: object, depth: int) -> Iterator[Reason]:
    if isinstance(reason, Enum):
        reason = reason.value if isinstance(reason.value, str) else reason.name
    if isinstance(reason, str):
        yield from _read(reason.strip())
    elif isinstance(reason, dict) and depth < _DEEPEST:
        field = next((field for field in _FIELDS if reason.get(field)), None)
        yield from [_unknown("an object")] if reason and field is None else _reasons_in(reason.get(field), depth + 1)
    elif isinstance(reason, list | tuple | set | frozenset) and depth < _DEEPEST:
        for each in reason:
            yield from _reasons_in(each, depth + 1)
    elif isinstance(reason, int | float) and not isinstance(reason, bool) and reason in range(10_000):
        yield from _read(str(int(reason)))
    elif reason is not None:
        yield _unknown(type(reason).__name__)


def _read(text: str) -> list[Reason]:
    """Read one text: parts between separators, each made of known words, or unknown."""
    if len(text) > _READ:
        return [_unknown(text)]
    parts = filter(None, map(str.strip, text.translate(_SEPARATORS).split(",")))
    numbers = _words().numbers
    return [
        reason
        for part in parts
        for reason in ([_known(part, part, numbers[part])] if part in numbers else _joined(part) or [_unknown(part)])
    ]


def _joined(text: str) -> list[Reason] | None:
    """Return the reasons that a text is made of; None where it is not made of reasons."""
    places = [place for place, character in enumerate(text) if character.isalpha()]
    letters, words = _letters(text), _words()
    reasons: list[Reason] = []
    start: int | None = None
    for first, last in _pieces(letters) or ():
        word, start = letters[first:last], first if start is None else start
        if word in words.kinds:
            reasons.append(_known(text[places[start] : places[last - 1] + 1], word, words.kinds[word]))
            start = None
    return reasons or None


def _pieces(letters: str) -> list[tuple[int, int]] | None:
    """Cut letters into words, as few as can be, as `errortoxic` is one of its own; None where there is a rest."""
    words = _words()
    fewest: dict[int, tuple[int, int]] = {0: (0, 0)}
    for first in range(len(letters)):
        if first not in fewest:
            continue
        count = fewest[first][0] + 1
        for last in (first + length for length in words.lengths if first + length <= len(letters)):
            is_word = (word := letters[first:last]) in words.kinds or word in words.prefixes
            if is_word and (last not in fewest or count < fewest[last][0]):
                fewest[last] = (count, first)
    if len(letters) not in fewest:
        return None
    cuts, last = [], len(letters)
    while last:
        cuts.append((fewest[last][1], last))
        last = fewest[last][1]
    return cuts[::-1]


def _known(spelling: str, word: str, kind: str) -> Reason:
    return Reason(spelling, word, _STATUSES[kind], kind)


def _unknown(text: str) -> Reason:
    """Return a reason in no list: one that was cut, unless a word in it tells more."""
    letters = _letters(text[:_READ])
    within: dict[EndStatus, list[str]] = endings_file()["within"]
    statuses: set[EndStatus] = {status for status, words in within.items() if any(word in letters for word in words)}
    shown = text[:_SHOWN]
    return Reason(shown, f"?{shown}", worst(statuses or {"truncated"}), "")


def _letters(text: str) -> str:
    """Return the letters alone: `MAX_TOKENS`, `max-tokens` and `maxTokens` are one word."""
    # In lower case a letter that is not of ASCII may be two, and all that follow would stand at other places.
    return "".join(c.lower() if c.isascii() else c for c in text if c.isalpha())
