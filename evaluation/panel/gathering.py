"""Gather what lines of records and rows say of a panel, question by question."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from ...core.agreement.answers import short_answer
from ...core.agreement.closed import closed_answers
from ...core.agreement.values import FinalAnswer
from ...core.errors import ConfigError
from ...core.text import one_line, printable
from ..batch.questions import Row, RowProposal
from ..batch.row_checks import fault_in, is_amount
from ..ceiling import Worth
from .likeness import likeness_to
from .recording import Aggregated, PanelAnswer, mark_by_gold

_ROW = {"id", "answer", "run", "error"}
_TELLING = 80
"""Characters from which two authors do not write the same text by chance."""
_MEASURE = closed_answers()


@dataclass
class QuestionEntry:
    """Gather what is known of one question."""

    gold: FinalAnswer | None = None
    question: str | None = None
    answers: dict[str, PanelAnswer] = field(default_factory=dict)


@dataclass
class Gathering:
    """Gather what all files say, by question."""

    questions: Mapping[str, tuple[str | None, str | None]]
    """The text and the right answer of each question by its id, where somebody else knows them."""
    entries: dict[str, QuestionEntry] = field(default_factory=dict)
    members: dict[str, str | None] = field(default_factory=dict)
    """By name, the model where it is known."""
    aggregated: list[Aggregated] = field(default_factory=list)
    is_record: bool = False
    """Whether lines may leave a model out that gave no answer; rows name whoever was asked."""

    def entry(self, id_: str, gold: FinalAnswer | None, question: str | None) -> QuestionEntry:
        """Return what is known of a question, with what a line adds to that."""
        entry = self.entries.setdefault(id_, QuestionEntry())
        text, right = self.questions.get(id_, (None, None))
        entry.gold = entry.gold or gold or (short_answer(right) if right else None)
        entry.question = entry.question or question or text
        return entry

    def add(self, entry: QuestionEntry, name: str, answer: PanelAnswer, model: str | None) -> None:
        """Take an answer; what an earlier file says of the same member stands."""
        self.members[name] = self.members.get(name) or model
        entry.answers.setdefault(name, answer)

    def take(self, line: bytes, where: str, file: Path, number: int, grades: Mapping[tuple[str, str], float]) -> None:
        """Take what one line says.

        Args:
            line: A record, or a batch's row.
            where: Its place, for messages.
            file: The file that it is of, which a member is named by that is alone in it.
            number: The line's number.
            grades: What answers were found to be worth, by file and question.

        Raises:
            ConfigError: It is neither, or wrong.
        """
        try:
            item = json.loads(line)
        except (ValueError, RecursionError) as exc:
            raise ConfigError(f"found no JSON {where}, expected one object; mend the line, or take it out") from exc
        if isinstance(item, dict) and isinstance(item.get("responses"), dict):
            _take_record(self, item, where, number)
        elif isinstance(item, dict) and item.keys() >= _ROW:
            if fault := fault_in(item):
                raise ConfigError(
                    f"found {one_line(repr(fault.value), limit=60)} for {fault.place} {where}, expected "
                    f"{fault.expected}, as a batch writes it; take the line out"
                )
            _take_row(self, item, file, grades)  # type: ignore[arg-type] # it has just been looked at
        else:
            raise ConfigError(
                f"found neither `responses` by model nor a batch's row {where}, expected an object such as "
                '{"responses": {"a": "...", "b": "..."}, "gold": "..."}; write it so, or take it out'
            )


def _take_record(gathering: Gathering, item: Mapping[str, Any], where: str, number: int) -> None:
    gathering.is_record = True
    gold, question = short_answer(_text(item.get("gold"), "`gold`", where)), item.get("question")
    id_ = _text(item.get("id"), "`id`", where) or f"line {number}"
    entry = gathering.entry(id_, gold, question if isinstance(question, str) else None)
    texts: dict[str, str] = {}
    for name, response in item["responses"].items():
        answer, texts[name] = _response(response, name, entry, where)
        model = response.get("model") if isinstance(response, dict) else None
        gathering.add(entry, name, answer, model if isinstance(model, str) else None)
    if item.get("aggregated") is not None:
        final, text = _response(item["aggregated"], "`aggregated`", entry, where)
        answers = {name: entry.answers[name] for name in item["responses"]}
        gathering.aggregated.append(_aggregated("aggregated", final, text, answers, texts))


def _response(response: Any, name: str, entry: QuestionEntry, where: str) -> tuple[PanelAnswer, str]:
    """Read a response: a text, or an object; its `answer` counts where there is one, and is not looked for."""
    stated, facts = "", {}
    if isinstance(response, dict):
        facts = response
        stated, response = _text(response.get("answer"), printable(name), where), response.get("text")
    text = _text(response, printable(name), where)
    answer = short_answer(stated) if stated else _MEASURE.read(text)
    score = facts.get("score")
    if score is not None and not (is_amount(score) and score <= 1):
        raise ConfigError(
            f"found {one_line(repr(score), limit=60)} as `score` of {printable(name)} {where}, expected a number from "
            "0 to 1; write it so, or leave it out"
        )
    tokens, usd = facts.get("tokens"), facts.get("usd")
    return PanelAnswer(
        answer,
        _mark(answer, entry, score),
        score,
        _digest(text),
        facts["served_model"] if isinstance(facts.get("served_model"), str) else None,
        int(tokens) if isinstance(tokens, int) and is_amount(tokens) else None,
        float(usd) if isinstance(usd, int | float) and is_amount(usd) else None,
    ), text or stated


def _take_row(gathering: Gathering, row: Row, file: Path, grades: Mapping[tuple[str, str], float]) -> None:
    entry = gathering.entry(row["id"], short_answer(row["gold"] or ""), None)
    first = [proposal for proposal in row.get("proposals", []) if proposal["layer"] == 1]
    score = grades.get((file.name, row["id"]))
    final = _MEASURE.read(row["answer"] or "")
    cost = row.get("cost")
    whole = PanelAnswer(
        final,
        _mark(final, entry, score),
        score,
        _digest(row["answer"] or ""),
        first[0]["served_model"] if first else None,
        cost["tokens"] if cost else None,
        cost["usd"] if cost else None,
    )
    if len(first) < 2:
        gathering.add(entry, file.stem, whole, first[0].get("model") if first else None)
        return
    sampled = {proposal["proposer"] for proposal in first if proposal["sample"] > 1}
    texts, answers = {}, {}
    for proposal in first:
        name = (
            f"{proposal['proposer']}/{proposal['sample']}" if proposal["proposer"] in sampled else proposal["proposer"]
        )
        answers[name], texts[name] = _proposed(proposal, entry), proposal["text"]
        gathering.add(entry, name, answers[name], proposal.get("model"))
    if row["answer"] is not None:
        gathering.aggregated.append(_aggregated(file.stem, whole, row["answer"], answers, texts))


def _proposed(proposal: RowProposal, entry: QuestionEntry) -> PanelAnswer:
    text = proposal["text"] or ""
    answer = _MEASURE.read(text)
    return PanelAnswer(
        answer,
        _mark(answer, entry, None),
        None,
        _digest(text),
        proposal["served_model"],
        proposal["tokens"],
        proposal["usd"],
    )


def _aggregated(
    system: str,
    final: PanelAnswer,
    text: str,
    answers: Mapping[str, PanelAnswer],
    texts: Mapping[str, str | None],
) -> Aggregated:
    return Aggregated(
        system,
        final.mark,
        tuple(answers),
        tuple(each.mark for each in answers.values()),
        likeness_to(text, list(texts.values())) if text else (),
        text.strip() in {each.strip() for each in texts.values() if each},
        final.tokens,
        final.usd,
    )


def _mark(answer: FinalAnswer | None, entry: QuestionEntry, score: Worth) -> Worth:
    """Go by gold where there is some, else by a judge's mark."""
    return mark_by_gold(answer, entry.gold, entry.question) if entry.gold else score


def _digest(text: str) -> bytes | None:
    words = " ".join(text.split())
    return blake2b(words.encode("utf-8", "replace"), digest_size=12).digest() if len(words) >= _TELLING else None


def _text(value: Any, name: str, where: str) -> str:
    if not isinstance(value, str | int | float | None):
        raise ConfigError(
            f"found {type(value).__name__} for {name} {where}, expected text or a number, or for a response an object "
            "with `text` or `answer`; write it so, or leave it out"
        )
    return "" if value is None else str(value)
