"""Systems compared: on recorded answers of real models, and on scripted ones that break."""

import ast
from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from compared import FEW, alone, compare, number, says
from langgraph_moa import EarlyStop, Question, Vote, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from replay import CRUX, DATA, FIVE, GSM8K, WHY_NOT, Panel, rows, written

pytestmark = pytest.mark.filterwarnings("error")
recorded = pytest.mark.skipif(not DATA.is_dir(), reason=WHY_NOT)
SMALL = (GSM8K[0], "command-r-plus Qwen2-7B-Instruct Yi-1.5-34B-Chat Mistral-Nemo-Instruct-2407 reka-flash-20240226")
"""Five models of middling size, none of which stands out."""


class Record:
    """Hold what a panel answered, and count on it without a mixture."""

    def __init__(self, panel: Panel, same: Callable[[str], object], most: int) -> None:
        self.rows = rows(panel)[:most]
        self.names = panel[1].split()
        self.questions = [
            Question(id=row["id"], messages=[{"role": "user", "content": row["id"]}], gold=row["gold"])
            for row in self.rows
        ]
        self._same = same

    def model(self, name: str) -> ScriptedModel:
        return says({row["id"]: written(row[name]) for row in self.rows}, name)

    def systems(self) -> dict[str, Any]:
        models = [self.model(name) for name in self.names]
        nobody = ScriptedModel(script="nobody knows")
        return {
            **{name: alone(model) for name, model in zip(self.names, models, strict=True)},
            "vote": create_moa(proposers=models, aggregator=[Vote(), nobody], early_stop=None),
            "waves": create_moa(
                proposers=models, aggregator=[Vote(), nobody], waves=(2,), early_stop=EarlyStop(then="answer")
            ),
        }

    def right(self, decide: Callable[[list[object]], object]) -> float:
        """Return how often a decision on all answers is right."""
        found = [decide([self._same(row[name]) for name in self.names]) == self._same(row["gold"]) for row in self.rows]
        return sum(found) / len(found)

    @staticmethod
    def vote(answers: Sequence[object]) -> object:
        """Return what most say, two at least; the one that was said first where it is a tie."""
        counted = Counter(answer for answer in answers if answer is not None)
        most = max(counted, key=lambda answer: counted[answer], default=None)
        return most if counted[most] > 1 else object()

    def waves(self, answers: Sequence[object]) -> object:
        first, second, *_ = answers
        return first if first == second and first is not None else self.vote(answers)


def literal(text: str) -> object:
    """Read a literal of Python as Python does."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError):
        return text.strip() or None
    if isinstance(value, dict):
        return repr(sorted(map(repr, value.items())))
    return repr(value) if not isinstance(value, int | float) or isinstance(value, bool) else repr(float(value))


@recorded
@pytest.mark.parametrize(
    ("panel", "same", "told", "most"),
    [
        pytest.param(
            SMALL,
            number,
            "no gain shown over {best} (Yi-1.5-34B-Chat)",
            60,
            id="small, the first",
            marks=pytest.mark.soak,
        ),
        pytest.param(CRUX, literal, "too few questions to tell, 20 graded", 20, id="crux, the first"),
        pytest.param(SMALL, number, "better than {best} (Yi-1.5-34B-Chat)", 400, id="small", marks=pytest.mark.soak),
        pytest.param(FIVE, number, "no better than {best} (Mistral-Large-2)", 400, id="five", marks=pytest.mark.soak),
        pytest.param(
            CRUX, literal, "no better than {best} (deepseek-v2-chat-0628)", 400, id="crux", marks=pytest.mark.soak
        ),
    ],
)
def test_real_models_come_out_as_plain_counting_says(
    panel: Panel, same: Callable[[str], object], told: str, most: int
) -> None:
    record = Record(panel, same, most)

    found = compare(record.systems(), record.questions, concurrency=32)

    assert found.graded == most
    for place, name in enumerate(record.names):
        assert found.named(name).score.mean == pytest.approx(record.right(itemgetter(place)))
        assert found.named(name).is_single
    assert found.named("vote").score.mean == pytest.approx(record.right(record.vote))
    assert found.named("waves").score.mean == pytest.approx(record.right(record.waves))
    assert f": {told.format(best='the best single model')}" in found.verdict


def test_rows_that_are_kept_are_paid_for_once(tmp_path: Path) -> None:
    models = [ScriptedModel(script="Final answer: 1", name_of_model=name) for name in "ab"]
    systems = {model.model_name: alone(model) for model in models}

    first = compare(systems, FEW, out=tmp_path / "kept")
    again = compare(systems, FEW, out=tmp_path / "kept", grader="exact")

    assert [len(model.asked) for model in models] == [10, 10]
    assert (first.grader, again.grader) == ("answer", "exact")
    assert sorted(file.name for file in (tmp_path / "kept").iterdir()) == [
        "_asked.json",
        "_grades.jsonl",
        "a.jsonl",
        "b.jsonl",
    ]
