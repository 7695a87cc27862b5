"""Read recorded answers from a file, and keep no texts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..core.agreement.answers import short_answer
from ..core.agreement.closed import closed_answers
from ..core.agreement.values import FinalAnswer
from ..core.agreement.whole_texts import NearDuplicates
from ..core.checks import refuse_long_number
from ..core.errors import ConfigError, nearest
from ..core.ordinary import lines_of, opened_file
from ..core.text import printable
from .batch.gold_names import GoldNames
from .stop_rules import Recorded

_MEASURE = closed_answers()


def read_record(
    file: Path,
    models: str | None = None,
    copies: NearDuplicates | None = None,
    *,
    name: str | None = None,
    names_of_gold: GoldNames | None = None,
) -> tuple[list[str], list[Recorded]]:
    """Read a record line by line, and keep its questions and answers, without the texts.

    Args:
        file: One object a line: `responses` by model, and the right answer as `gold` where it is known.
        models: Whom to keep, with commas between; all, in the order in which they come, where not given.
        copies: What tells nearly equal texts, where that is wanted.
        name: What messages call the file; None is its path.
        names_of_gold: Looks at each line, for gold that is called otherwise.

    Returns:
        The proposers' names, and what they answered.

    Raises:
        ConfigError: The file cannot be read, a line of it is wrong, or the models are not those of the file.
    """
    shown = name or str(file)
    chosen = None if models is None else [model.strip() for model in models.split(",")]
    names: dict[str, None] = {}
    read: list[tuple[dict[str, FinalAnswer | None], FinalAnswer | None, list[str], str | None]] = []
    try:
        with opened_file(file) as record:
            for number, line in enumerate(lines_of(record), 1):
                if line.strip():
                    where = f"in line {number} of {shown}"
                    row = _parsed(line, where)
                    responses, gold, question = _parts(row, where)
                    if names_of_gold:
                        names_of_gold.look(row)
                    names.update(dict.fromkeys(responses))
                    answers_of = {name: _said(responses.get(name), name, where) for name in chosen or names}
                    alike = _alike({name: text for name, (_, text) in answers_of.items() if text}, copies)
                    read.append(({name: answer for name, (answer, _) in answers_of.items()}, gold, alike, question))
    except OSError as exc:
        raise ConfigError(
            f"{shown} cannot be read: {exc.strerror or exc}; expected a file with a JSON object on each line"
        ) from exc
    proposers = list(names) if chosen is None else chosen
    _check_panel(proposers, list(names), shown)
    return proposers, [
        Recorded(tuple(map(answers.get, proposers)), gold, tuple(map(proposers.index, alike)), question)
        for answers, gold, alike, question in read
    ]


def _parsed(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as exc:
        refuse_long_number(exc, where)
        raise ConfigError(f"found no JSON {where}, expected one object; mend the line, or take it out") from exc
    if not isinstance(row, dict) or not isinstance(row.get("responses"), dict):
        raise ConfigError(
            f"found no `responses` by model {where}, expected an object such as "
            '{"responses": {"a": "...", "b": "..."}, "gold": "..."}; write it so, or take it out'
        )
    return row


def _parts(row: Mapping[str, Any], where: str) -> tuple[dict[str, Any], FinalAnswer | None, str | None]:
    question = row.get("question")
    gold = short_answer(_text(row.get("gold"), "`gold`", where))
    return row["responses"], gold, question if isinstance(question, str) else None


def _said(response: Any, name: str, where: str) -> tuple[FinalAnswer | None, str]:
    """Return a response's answer and its text; an `answer` of its own is taken as it is, and not looked for."""
    stated = ""
    if isinstance(response, dict) and response.keys() & {"answer", "text"}:
        stated = _text(response.get("answer"), repr(name), where)
        response = response.get("text")
    text = _text(response, repr(name), where)
    return (short_answer(stated) if stated else _MEASURE.read(text)), text or stated


def _text(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str | int | float | None):
        raise ConfigError(
            f"found {type(value).__name__} for {printable(name)} {where}, expected text or a number, or for a response "
            "an object with `text` or `answer`; write it so, or leave it out"
        )
    return "" if value is None else str(value)


def _alike(texts: Mapping[str, str], copies: NearDuplicates | None) -> list[str]:
    """Return who wrote nearly the same text, the one that stands for them first."""
    names = list(texts)
    likeness = copies(list(texts.values())) if copies and len(texts) > 1 else None
    if likeness is None or likeness["representative"] is None:
        return []
    best = likeness["representative"]
    return [names[n] for n in sorted(likeness["groups"][0], key=lambda n: n != best)]


def _check_panel(proposers: list[str], names: list[str], file: str) -> None:
    if not names:
        raise ConfigError(f"found no answers in {file}, expected an object with `responses` on each line; add some")
    for name in proposers:
        if name not in names:
            raise ConfigError(f"found {name!r} among --models, expected some of {file}; {nearest(name, names)}")
    if len(set(proposers)) < max(2, len(proposers)):
        raise ConfigError(f"found the models {', '.join(proposers)}, expected two or more, each once; change the list")
