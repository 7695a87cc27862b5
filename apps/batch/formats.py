"""Read the questions of AlpacaEval 2.0, MT-Bench and FLASK from their files, and write what their own tools judge."""

import json
from hashlib import sha256
from typing import Any

from ...core.clock import unix_time
from ...core.errors import ConfigError
from ...core.run.records import Report
from ...core.text import plain
from ...evaluation.batch.questions import Question, Row
from .benchmark import Format, Item, shown


def _alpaca_question(item: Item, where: str) -> Question:
    text = _text(item.get("instruction"), "instruction", where)
    if item.get("input"):
        raise ConfigError(
            f"found an input beside the instruction {where}, expected the instruction alone, as in AlpacaEval; write "
            "the input into it"
        )
    # Its tool tells questions by their text; an id by place would be another's once the file has changed.
    return _question(sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16], item, text)


def _alpaca_answer(question: Question, row: Row, generator: str) -> dict[str, Any]:
    # One that is missing must keep its place: the length-controlled win rate knows instructions by their number.
    written = {
        "instruction": question.given["instruction"],
        "output": plain(row["answer"] or ""),
        "generator": generator,
    }
    return written | {key: question.given[key] for key in ("dataset", "datasplit") if key in question.given}


def _mt_question(item: Item, where: str) -> Question:
    turns = item.get("turns")
    if not isinstance(turns, list) or not turns:
        raise _refused(turns, "turns", where, "a list of texts")
    id_ = _id(item.get("question_id"), "question_id", where)
    return _question(id_, item, *(_text(turn, f"turn {n}", where) for n, turn in enumerate(turns, 1)))


def _mt_answer(question: Question, row: Row, generator: str) -> dict[str, Any] | None:
    turns = [turn["answer"] for turn in row.get("turns", [])] or [row["answer"] or ""]
    if row["answer"] is None or len(turns) != 1 + len(question.later):
        return None
    return {
        "question_id": question.given["question_id"],
        "answer_id": sha256(json.dumps([generator, question.id]).encode()).hexdigest()[:22],
        "model_id": generator,
        "choices": [{"index": 0, "turns": [plain(turn) for turn in turns]}],
        "tstamp": _written_at(row["run"]),
    }


def _written_at(run: Report | None) -> float:
    """Return when an answer was ready; now, where no aggregator wrote it."""
    calls = run["aggregators"] if run else []
    return max((call["started"] + call["seconds"] for call in calls), default=unix_time())


def _flask_question(item: Item, where: str) -> Question:
    # The file of its evaluation set and that of its raw questions have different names for the same.
    text, id_ = _named(item, "text", "instruction"), _named(item, "question_id", "idx")
    return _question(_id(item.get(id_), id_, where), item, _text(item.get(text), text, where))


def _flask_answer(question: Question, row: Row, generator: str) -> dict[str, Any] | None:
    if row["answer"] is None:
        return None
    return {"question_id": question.given[_named(question.given, "question_id", "idx")], "text": plain(row["answer"])}


def _named(item: Item, one: str, other: str) -> str:
    return other if other in item and one not in item else one


def _text(value: Any, key: str, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _refused(value, key, where, "a question's text")
    return value


def _id(value: Any, key: str, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).strip():
        raise _refused(value, key, where, "a number or a name")
    return plain(str(value))


def _refused(value: Any, key: str, where: str, expected: str) -> ConfigError:
    return ConfigError(
        f"found {shown(value)} for {key} {where}, expected {expected}; mend the file, or name the format that it has"
    )


def _question(id_: str, given: Item, first: str, *later: str) -> Question:
    return Question(id=id_, messages=({"role": "user", "content": first},), later=later, given=given)


FORMATS = {
    "alpaca_eval": Format(
        title="AlpacaEval 2.0", ending=".json", question_of=_alpaca_question, answer_of=_alpaca_answer
    ),
    "mt_bench": Format(title="MT-Bench", ending=".jsonl", question_of=_mt_question, answer_of=_mt_answer),
    "flask": Format(title="FLASK", ending=".jsonl", question_of=_flask_question, answer_of=_flask_answer),
}
"""The benchmarks whose files are known, by what `--format` calls them."""
