"""Panels that are recorded, drawn by lot with a known truth, or read from the recorded answers beside the project."""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from langgraph_moa.core.agreement.answers import short_answer
from langgraph_moa.evaluation.panel.recording import Aggregated, PanelAnswer, PanelRow, Recording, mark_by_gold
from replay import DATA

WRONG = ("2", "3", "4")
"""What models answer that are wrong, the first most of all: errors are shared."""


def write_record(file: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def recorded(name: str, members: Sequence[str], file: Path, questions: int | None = None) -> Path:
    """Write a record of what models answered to GSM8K (`gsm`) or CRUX (`crux`)."""
    with gzip.open(DATA / f"zeroeval_{name}_answers.csv.gz", "rt", encoding="utf-8") as table:
        rows = [
            {"id": r["id"], "gold": r["gold"], "responses": {m: {"answer": r[m]} for m in members}}
            for r in csv.DictReader(table)
        ]
    return write_record(file, rows[:questions])


def recording(columns: Mapping[str, Sequence[str | None]], gold: Sequence[str]) -> Recording:
    """Make a recording of short answers, a list a member."""
    read = lru_cache(short_answer)
    mark = lru_cache(mark_by_gold)
    rows = []
    for number, right in enumerate(gold):
        answers = [read(column[number] or "") for column in columns.values()]
        given = tuple(PanelAnswer(answer, mark(answer, read(right), None)) for answer in answers)
        rows.append(PanelRow(str(number), given, read(right), None))
    return Recording(list(columns), rows)


class Lottery(NamedTuple):
    """Be models of known strength, whose errors share a cause: how hard a question is."""

    strengths: Sequence[float]
    """How often each is right."""
    shared: float
    """How much of it a question decides, from 0 to 1."""

    def draw(self, questions: int, dice: Random) -> Recording:
        """Draw what they answer: each has a threshold, and a question's difficulty moves all of them."""
        columns: dict[str, list[str | None]] = {f"m{n}": [] for n in range(len(self.strengths))}
        for _ in range(questions):
            common = dice.random()
            for name, strength in zip(columns, self.strengths, strict=True):
                luck = common if dice.random() < self.shared else dice.random()
                columns[name].append("1" if luck < strength else dice.choices(WRONG, (6, 3, 1))[0])
        return recording(columns, ["1"] * questions)


HOSTILE = (
    "<script>document.title = 'owned'</script><img src=x onerror=alert(1)>",
    '& "quoted" \' ]]> --> \x1b[31m\x03\u202e\ufffe',
    "模型-七十二亿-指令-" * 6,
    "نموذج-" * 30 + "a\ud800b",
    "an-organisation-of-some-length/" + "a-very-long-name-of-a-model-" * 12 + "72B",
    " \u200b ",
)
"""Names that are markup, drive a terminal, run over, turn around, and show nothing."""


def drawn_panel(
    names: Sequence[str], *, questions: int = 60, costs: Sequence[float | None] = (), systems: Sequence[str] = ()
) -> Recording:
    """Make a panel whose members take turns in being wrong, with what they cost, and mixtures made of them.

    Args:
        names: Its members; each is right more often than the next.
        questions: How many there are.
        costs: Dollars of an answer, by member; a thousand tokens for each thousandth.
        systems: Mixtures, which are right on two questions of three, and on every seventh that one alone has right.
    """
    right, wrong = short_answer("1"), short_answer("2")
    prices: list[float | None] = [*costs, *[None] * (len(names) - len(costs))]
    dice, rows, aggregated = Random(11), [], []
    for number in range(questions):
        answers = []
        for member, usd in enumerate(prices):
            is_wrong = number % (member + 2) == 0 or dice.random() < 0.1
            tokens = None if usd is None else int(1e6 * usd)
            answers.append(
                PanelAnswer(wrong if is_wrong else right, float(not is_wrong), None, None, None, tokens, usd)
            )
        rows.append(PanelRow(str(number), tuple(answers), right, None))
        marks = tuple(each.mark for each in answers)
        for system in systems:
            mark = float(number % 7 == 0 if sum(each or 0.0 for each in marks) == 1 else number % 3 > 0)
            aggregated.append(Aggregated(system, mark, tuple(names), marks, ({},) * len(names), False, 4000, 0.02))
    return Recording(list(names), rows, aggregated=aggregated)
