"""Go through all questions and the rows that are there, before anybody is asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from os import PathLike
from pathlib import Path
from typing import TypeVar

from ...core.bounds.budget import Budget
from ...core.bounds.checks import check_rules
from ...core.checks import check_number
from ...core.errors import ConfigError
from ...core.ordinary import is_same_file
from ...core.run.state import Graph
from ...graphs.plan import plan_of
from ...nodes.prompting.request import Form
from .ids import Ids
from .one_question import bound_of
from .questions import Question, Questions, Row
from .repeats import id_of_repeated
from .rows import RowFile, cost_in, known_cost_in
from .structured_rows import check_row_object
from .tally import Tally

_T = TypeVar("_T")
TO_ASK, DONE = 0, 1
"""What is known of a question; of one that failed, what it cost, as JSON."""
BREATH = 1_000
"""Lines that are read before others on the event loop get their turn."""


def check_mixture_of(moa: Graph, concurrency: int, budget: Budget | None) -> str:
    """Refuse what could not work, and return which mixture it is."""
    rules = plan_of(moa).rules
    check_number("concurrency", concurrency, minimum=1, whole=True)
    check_rules(quorum=None, budget=budget, cache=None, min_proposals=1, review=False, smallest=0)
    if rules.review:
        raise ConfigError("found review=True in a batch, expected a mixture that waits for nobody; leave it out")
    return rules.mixture


def check_apart(questions: Questions, out: Path) -> None:
    """Refuse to write rows over the questions."""
    if isinstance(questions, str | PathLike):
        given = Path(questions)
        if is_same_file(given, out):
            raise ConfigError(f"found {out} as questions and as rows, expected two files; name another for the rows")


async def survey(moa: Graph, questions: AsyncIterator[Question], ids: Ids, tally: Tally) -> None:
    """Go through all questions, so that a wrong one is found before any is paid for."""
    async for question in questions:
        if tally.questions == 0 and tally.budget:
            _check_bounded(moa, question, tally.budget)
        ids[question.id] = TO_ASK
        tally.questions += 1
    if not tally.questions:
        raise ConfigError("found no questions, expected at least one; write one on a line")


def _check_bounded(moa: Graph, question: Question, budget: Budget) -> None:
    """Refuse a strict budget over models that cannot be bounded."""
    bound = bound_of(moa, question)
    limits = {"calls": budget.calls, "tokens": budget.tokens, "usd": budget.usd}
    for limit, value in limits.items():
        if budget.strict and value is not None and bound[limit] is None:  # type: ignore[literal-required]
            raise ConfigError(
                f"found Budget({limit}=...) over what cannot be bounded ({'; '.join(bound['unbounded'])}), expected "
                "max_tokens and a price for every model; give them, or set strict=False for the budget"
            )


async def take_over(
    file: RowFile, ids: Ids, tally: Tally, *, mixture: str, retry_errors: bool, form: Form | None = None
) -> None:
    """Take the rows that are there for what they are: done."""
    replaced = False
    async for where, row in breathing(file.rows()):
        before, cost = ids[row["id"]], cost_in(row)
        _check_row(row, where, before, mixture)
        if form:
            check_row_object(row, where, form)
        if isinstance(before, str):  # it was asked again by a batch that was killed
            tally.take_back(json.loads(before))
            replaced = True
        tally.spend(cost, counted=known_cost_in(row))
        tally.count(row)
        ids[row["id"]] = DONE if row["error"] is None else json.dumps(cost)
    if replaced:
        file.settle()
    if retry_errors:
        tally.errors = 0
    tally.done_before = tally.answered + tally.errors


def _check_row(row: Row, where: str, status: int | str | None, mixture: str) -> None:
    if status is None:
        if id_of_repeated(row["id"]) != row["id"]:
            raise ConfigError(
                f"found a row of the repeat {row['id']!r} {where}, expected rows of these questions and repeats only; "
                "ask as often as before (--repeat), or write to another file"
            )
        raise ConfigError(
            f"found a row of {row['id']!r} {where}, which is none of the questions, expected rows of these questions "
            "only; write to another file, or give all questions that it was begun with"
        )
    if status == DONE:
        raise ConfigError(f"found a second row of {row['id']!r} {where}, expected one; take one of them out")
    begun = row["run"]["mixture"] if row["run"] else mixture
    if begun != mixture:
        raise ConfigError(
            f"found a row of another mixture {where} ({begun}), expected {mixture}; go on with the mixture that the "
            "file was begun with, or write to another file"
        )


async def breathing(items: Iterable[_T]) -> AsyncIterator[_T]:
    """Go through items without keeping the event loop to oneself."""
    for number, item in enumerate(items, 1):
        if number % BREATH == 0:
            await asyncio.sleep(0)
        yield item
