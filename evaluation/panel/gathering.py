"""Gather what lines of records and rows say of a panel, question by question."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from ...core.agreement.answers import short_answer
from ...core.agreement.closed import closed_answers
from ...core.agreement.values import FinalAnswer
from ...core.checks import refuse_long_number
from ...core.errors import ConfigError
from ...core.text import one_line, printable
from ..batch.questions import Row, RowProposal
from ..batch.row_checks import fault_in, is_amount
from .likeness import likeness_to
from .recording import Aggregated, PanelAnswer, mark_by_gold

LONGEST_NAME = 80
"""Characters of a member's name."""
_ROW = {"id", "answer", "run", "error"}
_TELLING = 80
"""Characters from which two authors do not write the same text by chance."""
_MEASURE = closed_answers()
_SAMPLE = re.compile(r"(?P<proposer>.{1,200}?)(?:/| ?#)\d{1,4}")


class SourceFile(NamedTuple):
    """Be a file that lines are of, and what is known of it before they are read."""

    path: Path
    shown: str
    """What messages call it."""
    stem: str
    """What a model is called that is alone in it, and the mixture whose rows it holds."""
    is_mixture: bool = False
    """Whether its rows hold proposals of several members."""
    sampled: frozenset[str] = frozenset()
    """The proposers that were asked several times."""
    grades: Mapping[tuple[str, str], float] = {}
    """What answers were found to be worth, by file and question."""


@dataclass
class QuestionEntry:
    """Gather what is known of one question."""

    gold: FinalAnswer | None = None
    question: str | None = None
    answers: dict[str, PanelAnswer] = field(default_factory=dict)

    def marked(self, answer: PanelAnswer) -> PanelAnswer:
        """Return an answer with what it is worth: by gold where there is some, else by a judge's score."""
        mark = mark_by_gold(answer.answer, self.gold, self.question) if self.gold else answer.score
        return answer._replace(mark=mark)


class _Made(NamedTuple):
    """Hold what a mixture made of its proposals, before anything has a mark."""

    answer: PanelAnswer
    proposals: Mapping[str, PanelAnswer]
    likeness: tuple[Mapping[str, float], ...]
    is_verbatim: bool


@dataclass
class Gathering:
    """Gather what all files say, by question; marks are made once all is read, for gold may come last."""

    questions: Mapping[str, tuple[str | None, str | None]]
    """The text and the right answer of each question by its id, where somebody else knows them."""
    passes_over: bool = False
    """Whether lines without `responses` are questions that nobody answered yet."""
    entries: dict[str, QuestionEntry] = field(default_factory=dict)
    members: dict[str, str | None] = field(default_factory=dict)
    """By name, the model where it is known."""
    has_records: bool = False
    _made: dict[tuple[str, str], _Made] = field(default_factory=dict)
    _seen: set[tuple[Path, str]] = field(default_factory=set)

    def take(self, line: bytes, where: str, source: SourceFile, number: int) -> None:
        """Take what one line says.

        Args:
            line: A record, or a batch's row.
            where: Its place, for messages.
            source: The file that it is of.
            number: The line's number.

        Raises:
            ConfigError: It is neither, or wrong.
        """
        try:
            item = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as exc:
            raise ConfigError(f"found bytes that are no UTF-8 {where}, expected UTF-8; convert the file") from exc
        except (ValueError, RecursionError) as exc:
            refuse_long_number(exc, where)
            raise ConfigError(f"found no JSON {where}, expected one object; mend the line, or take it out") from exc
        if isinstance(item, dict) and isinstance(item.get("responses"), dict):
            self._take_record(item, where, source, number)
        elif isinstance(item, dict) and item.keys() >= _ROW:
            if fault := fault_in(item):
                raise ConfigError(
                    f"found {one_line(repr(fault.value), limit=60)} for {fault.place} {where}, expected "
                    f"{fault.expected}, as a batch writes it; take the line out"
                )
            self._take_row(item, source)  # type: ignore[arg-type] # it has just been looked at
        elif not (self.passes_over and isinstance(item, dict)):
            raise ConfigError(
                f"found neither `responses` by model nor a batch's row {where}, expected an object such as "
                '{"responses": {"a": "...", "b": "..."}, "gold": "..."}; write it so, or take it out'
            )

    def aggregated(self, ids: set[str]) -> list[Aggregated]:
        """Return what mixtures made of their proposals to some questions, with marks.

        Args:
            ids: Whose.
        """
        made = []
        for (system, id_), one in self._made.items():
            if id_ in ids:
                entry = self.entries[id_]
                marks = tuple(entry.marked(proposal).mark for proposal in one.proposals.values())
                final = entry.marked(one.answer)
                made.append(
                    Aggregated(
                        system, final.mark, tuple(one.proposals), marks, one.likeness, one.is_verbatim,
                        final.tokens, final.usd,
                    )
                )  # fmt: skip
        return made

    def _entry(self, id_: str, gold: FinalAnswer | None, question: str | None) -> QuestionEntry:
        entry = self.entries.setdefault(id_, QuestionEntry())
        text, right = self.questions.get(id_, (None, None))
        entry.gold = entry.gold or gold or (short_answer(right) if right else None)
        entry.question = entry.question or question or text
        return entry

    def _add(self, entry: QuestionEntry, name: str, answer: PanelAnswer, model: Any, *, anew: bool = False) -> None:
        """Take an answer; what an earlier file says of the same member stands, but for its own later rows."""
        self.members[name] = self.members.get(name) or (model if isinstance(model, str) else None)
        if anew or name not in entry.answers:
            entry.answers[name] = answer

    def _take_record(self, item: Mapping[str, Any], where: str, source: SourceFile, number: int) -> None:
        self.has_records = True
        gold, question = short_answer(_text(item.get("gold"), "`gold`", where)), item.get("question")
        id_ = _text(item.get("id"), "`id`", where) or f"line {number} of {source.path}"
        if (source.path, id_) in self._seen:
            raise ConfigError(
                f"found the id {one_line(printable(id_), limit=60)!r} a second time {where}, expected each question "
                "once; rename it, or take the line out"
            )
        self._seen.add((source.path, id_))
        entry = self._entry(id_, gold, question if isinstance(question, str) else None)
        texts: dict[str, str] = {}
        answers: dict[str, PanelAnswer] = {}
        for given, response in item["responses"].items():
            name = short_of(given)
            answers[name], texts[name] = _response(response, given, where)
            self._add(entry, name, answers[name], response.get("model") if isinstance(response, dict) else None)
        if item.get("aggregated") is not None:
            final, text = _response(item["aggregated"], "`aggregated`", where)
            self._make("aggregated", id_, final, text, answers, texts)

    def _take_row(self, row: Row, source: SourceFile) -> None:
        entry = self._entry(row["id"], short_answer(row["gold"] or ""), None)
        first = [proposal for proposal in row.get("proposals", []) if proposal["layer"] == 1]
        cost = row.get("cost")
        whole = PanelAnswer(
            _MEASURE.read(row["answer"] or ""),
            None,
            source.grades.get((source.path.name, row["id"])),
            _digest(row["answer"] or ""),
            first[0]["served_model"] if first else None,
            cost["tokens"] if cost else None,
            cost["usd"] if cost else None,
        )
        if not source.is_mixture:
            self._add(entry, source.stem, whole, first[0].get("model") if first else None, anew=True)
            return
        texts, answers = {}, {}
        for proposal in first:
            name = member_name(proposal, source.sampled)
            answers[name], texts[name] = _proposed(proposal), proposal["text"]
            self._add(entry, name, answers[name], proposal.get("model"))
        if row["answer"] is not None and len(answers) > 1:
            self._make(source.stem, row["id"], whole, row["answer"], answers, texts)

    def _make(
        self,
        system: str,
        id_: str,
        final: PanelAnswer,
        text: str,
        answers: Mapping[str, PanelAnswer],
        texts: Mapping[str, str | None],
    ) -> None:
        likeness = likeness_to(text, list(texts.values())) if text else ()
        is_verbatim = text.strip() in {each.strip() for each in texts.values() if each}
        self._made[system, id_] = _Made(final, answers, likeness, is_verbatim)


def member_name(proposal: RowProposal, sampled: frozenset[str]) -> str:
    """Return what a proposal's author is called, with the sample's number where it was asked several times."""
    name = short_of(proposal["proposer"])
    return f"{name}/{proposal['sample']}" if proposal["proposer"] in sampled else name


def proposer_of(name: str) -> str | None:
    """Return whose sample a member is, by its name, as `luna/2` or `luna #2`; None where it is none."""
    match = _SAMPLE.fullmatch(name)
    return match["proposer"] if match else None


def short_of(name: str) -> str:
    """Return a name that fits a table; what is cut off decides a few letters at its end."""
    if len(name) <= LONGEST_NAME:
        return name
    return f"{name[: LONGEST_NAME - 7]}~{blake2b(name.encode('utf-8', 'replace'), digest_size=3).hexdigest()}"


def _response(response: Any, name: str, where: str) -> tuple[PanelAnswer, str]:
    """Read a response: a text, or an object; its `answer` counts where there is one, and is not looked for."""
    stated, facts = "", {}
    shown = one_line(printable(name), limit=60)
    if isinstance(response, dict):
        facts = response
        stated, response = _text(response.get("answer"), shown, where), response.get("text")
    text = _text(response, shown, where)
    answer = short_answer(stated) if stated else _MEASURE.read(text)
    score = facts.get("score")
    if score is not None and not (is_amount(score) and score <= 1):
        raise ConfigError(
            f"found {one_line(repr(score), limit=60)} as `score` of {shown} {where}, expected a number from "
            "0 to 1; write it so, or leave it out"
        )
    tokens, usd = facts.get("tokens"), facts.get("usd")
    return PanelAnswer(
        answer,
        None,
        score,
        _digest(text),
        facts["served_model"] if isinstance(facts.get("served_model"), str) else None,
        int(tokens) if isinstance(tokens, int) and is_amount(tokens) else None,
        float(usd) if isinstance(usd, int | float) and is_amount(usd) else None,
    ), text or stated


def _proposed(proposal: RowProposal) -> PanelAnswer:
    text = proposal["text"] or ""
    return PanelAnswer(
        _MEASURE.read(text),
        None,
        None,
        _digest(text),
        proposal["served_model"],
        proposal["tokens"],
        proposal["usd"],
    )


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


def worth_of(entry: QuestionEntry, names: Sequence[str]) -> tuple[PanelAnswer, ...]:
    """Return what all members answered to a question, with marks; whoever did not answer has none."""
    return tuple(entry.marked(entry.answers[name]) if name in entry.answers else PanelAnswer() for name in names)
