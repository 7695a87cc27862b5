"""Several files of the same questions as one record each: a log or a file of rows a model, joined by their ids."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any

from ...core.errors import ConfigError
from ..batch.reading import with_ids
from .losses import Losses
from .values import JsonItem, shown_value

_ANSWER = ("answer", "run", "error", "seconds", "turns", "cost", "proposals")
"""What of a batch's row is its answer."""
_SAME = ("question", "messages")


def with_own_ids(items: Iterable[tuple[str, JsonItem]]) -> Iterator[tuple[str, JsonItem]]:
    """Give items an id that have none, the one that a batch would give the question.

    Raises:
        ConfigError: One without an id is no question.
    """
    for where, item in items:
        if item.get("id") is not None:
            yield where, item
            continue
        wording = {name: item[name] for name in _SAME if item.get(name) is not None}
        question = next(iter(with_ids([(where, wording)])))
        yield where, {**item, "id": question.id}


def joined_records(
    sources: Iterable[tuple[str, Iterable[tuple[str, JsonItem]]]], losses: Losses
) -> Iterator[tuple[str, JsonItem]]:
    """Join items by their ids, in the order in which the ids come first.

    A file of rows becomes answers under the file's name, samples of a log answers under the model's; the same name in
    another file is another sample of it.

    Args:
        sources: Each file's name, and what it holds; rows of one without a name stay rows.
        losses: Where it is counted what was not in all files.

    Raises:
        ConfigError: The same id stands for different questions, or twice in one file.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as db:  # a temporary file, as large as it may be
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("CREATE TABLE items (id TEXT PRIMARY KEY, place INTEGER, file INTEGER, files INTEGER, item TEXT)")
        number = 0
        for number, (name, items) in enumerate(sources, 1):
            for where, item in with_own_ids(items):
                _join(db, _with_answers(item, name) if name else item, where, number, losses)
        for place, item, files in db.execute("SELECT place, item, files FROM items ORDER BY place"):
            losses.add("a question is not in all files, and has no answer of those", int(files < number))
            yield f"in record {place + 1:,}", json.loads(item)


def _join(db: sqlite3.Connection, item: JsonItem, where: str, number: int, losses: Losses) -> None:
    id_ = json.dumps(item["id"]) if isinstance(item["id"], str) else json.dumps(str(item["id"]))
    row = db.execute("SELECT item, file, files FROM items WHERE id = ?", (id_,)).fetchone()
    if row is None:
        place = db.execute("SELECT COUNT(*) FROM items").fetchone()[0]
        written = json.dumps(item, ensure_ascii=False)
        db.execute("INSERT INTO items VALUES (?, ?, ?, 1, ?)", (id_, place, number, written))
        return
    other, file, files = json.loads(row[0]), row[1], row[2]
    merged = _merged(other, item, where, losses, again=file == number)
    db.execute(
        "UPDATE items SET item = ?, file = ?, files = ? WHERE id = ?",
        (json.dumps(merged, ensure_ascii=False), number, files + (file != number), id_),
    )


def _merged(one: JsonItem, other: JsonItem, where: str, losses: Losses, *, again: bool) -> JsonItem:
    shared = [name for name in one if one[name] is not None and other.get(name) is not None]
    for name in [name for name in shared if one[name] != other[name] and name not in ("id", "responses")]:
        losses.add(f"`{name}` is not the same in all files, and is the first one's", int(name not in (*_SAME, "gold")))
        if name in (*_SAME, "gold"):
            raise ConfigError(
                f"found another {name} under the id {shown_value(one['id'])} {where}, expected the same questions in "
                "all files; give each question an id of its own before it is asked"
            )
    if again and not other.get("responses"):
        raise ConfigError(
            f"found the id {shown_value(one['id'])} again {where}, expected one of its own; rename one of the two"
        )
    responses = dict(one.get("responses") or {})
    for name, response in (other.get("responses") or {}).items():
        responses[_free(name, responses)] = _numbered(name, response, responses)
    whole = {**other, **{name: value for name, value in one.items() if value is not None}}
    return {**whole, **({"responses": responses} if responses else {})}


def _free(name: str, responses: JsonItem) -> str:
    """Return a name that nobody has: another sample of the same model is numbered."""
    base = _base(name)
    number = 1
    while name in responses:
        number += 1
        name = f"{base} #{number}"
    return name


def _numbered(name: str, response: Any, responses: JsonItem) -> Any:
    free = _free(name, responses)
    if free == name or not isinstance(response, dict):
        return response
    return {**response, "sample": int(free.rpartition(" #")[2])}


def _base(name: str) -> str:
    base, mark, number = name.rpartition(" #")
    return base if mark and number.isdecimal() else name


def _with_answers(item: JsonItem, name: str) -> JsonItem:
    """Return a row as a record whose answer is that of the file it stands in."""
    if "responses" in item or "answer" not in item:
        return item
    costs = item.get("cost")
    cost = costs if isinstance(costs, dict) else {}
    response = {"text": item["answer"], **{key: value for key, value in cost.items() if value is not None}}
    response |= {key: item[key] for key in _ANSWER[1:] if item.get(key) is not None}
    return {**{key: value for key, value in item.items() if key not in _ANSWER}, "responses": {name: response}}
