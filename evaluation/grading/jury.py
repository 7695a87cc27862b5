"""Let a judge grade the answers of several systems: within a budget, and no verdict paid for twice."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...core.batches.deferring import Deferred
from ...core.bounds.budget import Budget
from ...core.deferral import part_of_run
from ...core.errors import ConfigError
from ...core.ordinary import append_line, whole_lines
from ...core.panel.seats import Seat
from ...core.run.costs import NOTHING, total
from ...core.run.records import Cost
from ...core.text import one_line, printable
from ...nodes.calls.all_of import all_of
from ..batch.questions import Question, Row
from ..batch.row_checks import checked_cost, is_amount
from .by_gold import Grade
from .judge import Judged, JudgePrompt, how_good, judge, which_is_better

OnJudged = Callable[[int], None]
_MOST_BYTES = 1_000_000_000


class Jury:
    """Be a judge at work: so many calls at once, within a budget, and none again that was made before."""

    def __init__(
        self,
        seat: Seat,
        *,
        concurrency: int,
        budget: Budget | None = None,
        file: Path | None = None,
        on_judged: OnJudged | None = None,
    ) -> None:
        """Read the verdicts that are there.

        Args:
            seat: The judge.
            concurrency: Calls under way at once.
            budget: What the calls of this jury may cost.
            file: The file of its verdicts.
            on_judged: Called with the number of verdicts after each.
        """
        self.cost = NOTHING
        """What all verdicts cost that were asked for, those that were there included."""
        self.pairs = 0
        """Pairs of answers that were judged both ways."""
        self.places = 0
        """Those of them in which a place was preferred, whatever stood there."""
        self._seat, self._budget, self._file, self._on_judged = seat, budget, file, on_judged
        self._judged = _read(file) if file else {}
        self._free = asyncio.Semaphore(concurrency)
        self._one_ended = asyncio.Condition()
        self._spent, self._under_way, self._deferred = NOTHING, dict[str, Cost](), set[str]()
        self._began, self._verdicts = time.monotonic(), 0

    @property
    def contradicted(self) -> float | None:
        """Return the share of pairs in which a place was preferred; None where no pair was judged."""
        return self.places / self.pairs if self.pairs else None

    async def ask(self, prompt: JudgePrompt) -> Judged:
        """Return a verdict: the one that is there, else a new one, as far as the budget goes."""
        key = self._key(prompt)
        judged = self._judged.get(key) or await self._new(prompt, key)
        self.cost = total([self.cost, judged.cost])
        self._verdicts += 1
        if self._on_judged:
            self._on_judged(self._verdicts)
        return judged

    async def _new(self, prompt: JudgePrompt, key: str) -> Judged:
        async with self._free:
            if why := await self._misfit(prompt.at_most(self._seat), key):
                return Judged(None, why, NOTHING)
            try:
                with part_of_run(key):
                    judged = await judge(self._seat, prompt)
            except Deferred:
                self._deferred.add(key)  # what it costs at most stays set aside
                raise
            finally:
                if key not in self._deferred:
                    self._under_way.pop(key, None)
                async with self._one_ended:
                    self._one_ended.notify_all()
            self._spent = total([self._spent, judged.cost], known_only=True)
            if judged.score is not None:
                self._judged[key] = judged
                self._write(key, judged)
            return judged

    async def _misfit(self, bound: Cost, key: str) -> str | None:
        """Wait until a call fits the budget, and set aside what it costs at most; say why it never will."""
        async with self._one_ended:
            while self._budget and (why := self._why_not(self._budget, bound)):
                if len(self._deferred) == len(self._under_way):
                    if self._deferred:
                        raise Deferred
                    return why
                await self._one_ended.wait()
            self._under_way[key] = bound
        return None

    def _why_not(self, budget: Budget, bound: Cost) -> str | None:
        set_aside = total([self._spent, *self._under_way.values()], known_only=True)
        return budget.misfit(set_aside, bound, time.monotonic() - self._began)

    def _key(self, prompt: JudgePrompt) -> str:
        request = [self._seat.label, *(message.text for message in prompt.prompt.messages)]
        return sha256(json.dumps(request).encode()).hexdigest()[:24]

    def _write(self, key: str, judged: Judged) -> None:
        if not self._file:
            return
        line = json.dumps({"key": key, "score": judged.score, "cost": judged.cost}).encode() + b"\n"
        try:
            append_line(self._file, line)
        except OSError as exc:
            raise ConfigError(
                f"the verdicts cannot be written to {self._file}: {exc.strerror or exc}; mend that, and start the same "
                "comparison again: verdicts that are there are not asked for again"
            ) from exc


async def preferred(jury: Jury, question: Question, one: Row, other: Row) -> Grade:
    """Say which of two answers is better: 1 where it is the first, a half for a tie.

    The judge is asked twice, with the answers changing places: judges prefer a place. What it does not say both times
    is a tie. No answer loses against any; answers that are equal are a tie, and nobody is asked.
    """
    mine, theirs = text_of(one), text_of(other)
    if mine is None or theirs is None or mine == theirs:
        return Grade(0.5 + 0.5 * ((mine is not None) - (theirs is not None)))
    there, back = await all_of(
        [jury.ask(which_is_better(question, mine, theirs)), jury.ask(which_is_better(question, theirs, mine))]
    )
    if there.score is None or back.score is None:
        return _ungraded(there if there.score is None else back)
    jury.pairs += 1
    jury.places += there.score == back.score != 0.5
    return Grade(there.score if there.score == 1 - back.score else 0.5)


async def scored(jury: Jury, question: Question, row: Row) -> Grade:
    """Say how good an answer is, as a share of ten; no answer is worth nothing."""
    text = text_of(row)
    if text is None:
        return Grade(0.0)
    judged = await jury.ask(how_good(question, text))
    return _ungraded(judged) if judged.score is None else Grade(judged.score)


async def all_preferred(
    jury: Jury, questions: Sequence[Question], one: Sequence[Row], other: Sequence[Row]
) -> list[Grade]:
    """Compare two systems' answers to all questions."""
    return await all_of(preferred(jury, *each) for each in zip(questions, one, other, strict=True))


async def all_scored(jury: Jury, questions: Sequence[Question], rows: Sequence[Row]) -> list[Grade]:
    """Mark a system's answers to all questions."""
    return await all_of(scored(jury, *each) for each in zip(questions, rows, strict=True))


def text_of(row: Row) -> str | None:
    """Return what a system answered, all its turns; None for no answer."""
    turns = row.get("turns", [])
    if row["answer"] is None or len(turns) < 2:
        return row["answer"]
    return "\n\n".join(f"[answer to message {number}]\n{turn['answer']}" for number, turn in enumerate(turns, 1))


def _ungraded(judged: Judged) -> Grade:
    return Grade(None, f"without a verdict ({one_line(printable(judged.why or ''), limit=160)})")


def _read(file: Path) -> dict[str, Judged]:
    """Read the verdicts of earlier calls; a last one that was cut off is taken off, and asked for again."""
    verdicts: dict[str, Judged] = {}
    try:
        lines = whole_lines(file, most=_MOST_BYTES).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise ConfigError(f"{file} cannot be read: {why}; expected a judge's verdicts; move the file away") from exc
    for line in lines:
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            read: Mapping[str, Any] = json.loads(line)
            cost, score = checked_cost(read["cost"]), read["score"]
            if cost and is_amount(score) and score <= 1:
                verdicts[str(read["key"])] = Judged(float(score), None, cost)
    return verdicts
