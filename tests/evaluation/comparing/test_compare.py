"""Systems compared: on recorded answers of real models, and on scripted ones that break."""

import ast
import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from compared import QUESTIONS, alone, asked, compare, mixed, right, says
from langgraph_moa import Budget, ConfigError, EarlyStop, Question, Vote, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.batch.rows import RowFile
from replay import CRUX, DATA, FIVE, GSM8K, WHY_NOT, Panel, rows, written

pytestmark = pytest.mark.filterwarnings("error")
recorded = pytest.mark.skipif(not DATA.is_dir(), reason=WHY_NOT)
SMALL = (GSM8K[0], "command-r-plus Qwen2-7B-Instruct Yi-1.5-34B-Chat Mistral-Nemo-Instruct-2407 reka-flash-20240226")
"""Five models of middling size, none of which stands out."""
FEW = QUESTIONS[50:]
"""Enough where no verdict is waited for."""


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


def number(text: str) -> object:
    """Read a number as a person would, without this package."""
    bare = text.strip().strip("$*").replace(",", "").removesuffix(".").removesuffix("%").strip()
    try:
        return Fraction(bare)
    except ValueError:
        return bare or None


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
            "too few questions to tell it from {best} (Yi-1.5-34B-Chat)",
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


def test_everything_that_is_measured() -> None:
    found = compare({"a": right(10, "a"), "b": right(6, "b"), "moa": mixed(4)}, QUESTIONS)
    a, b, moa = found.systems

    assert [system.label for system in found.systems] == ["a", "b", "moa"]
    assert [round(system.score.mean, 3) for system in found.systems] == [0.833, 0.9, 0.933]
    assert found.baseline == "b"
    assert b.difference is None
    assert a.difference is not None
    assert a.difference.mean == pytest.approx(-4 / 60)
    assert moa.difference is not None
    assert (moa.difference.mean, moa.difference.low) == pytest.approx((2 / 60, 0.0))
    assert (a.calls, moa.calls) == (1, 3)
    assert (a.is_single, moa.is_single) == (True, False)
    assert (moa.errors, moa.unread, moa.length) == (0, 0, 16)
    assert a.p50 is not None
    assert a.p95 is not None
    assert a.p50 <= a.p95
    assert (found.questions, found.graded, found.left_out, found.grader) == (60, 60, {}, "answer")
    assert found.verdict.startswith("moa: too few questions to tell it from the best single model (b), 60 graded: +3.3")
    assert found.notes == [
        "b was chosen as the best of 2 single models on the same questions, which favours the single models"
    ]


@pytest.mark.parametrize(
    ("single", "mixture", "told"),
    [
        (20, 4, "moa: better than the best single model (a): +26.7 points [+14.9, +38.7] (they differ on 16) at "),
        (4, 20, "moa: worse than the best single model (a): -26.7 points [-38.7, -14.9] (they differ on 16) at "),
        (4, 4, "moa: no better than the best single model (a): +0.0 points [-6.1, +6.1] (they differ on 0) for "),
        (
            10,
            7,
            "moa: too few questions to tell it from the best single model (a), 60 graded: +5.0 points [-2.1, +13.0] "
            "(they differ on 3)",
        ),
    ],
)
def test_verdicts(single: int, mixture: int, told: str) -> None:
    assert compare({"a": right(single), "moa": mixed(mixture)}, QUESTIONS).verdict.startswith(told)


def test_nothing_is_concluded_from_a_few_questions() -> None:
    found = compare({"a": right(20), "moa": mixed(0)}, QUESTIONS[10:])
    few = compare({"a": right(20), "moa": mixed(0)}, QUESTIONS[11:])

    assert found.verdict.startswith("moa: better than")
    assert few.verdict.startswith("moa: too few questions to tell, 49 graded, expected 50 or more; +40.8 points [")


def test_without_a_single_model_nothing_is_said_of_money() -> None:
    found = compare({"moa": mixed(4), "other": mixed(8)}, FEW)

    assert found.baseline == "moa"
    assert found.verdict.startswith(
        "no single model was among the systems, so nothing shows whether a mixture is worth"
    )


def test_without_a_mixture_the_models_are_put_in_order() -> None:
    found = compare({"a": right(10), "b": right(4)}, QUESTIONS)

    assert found.verdict.startswith(
        "no mixture was among the systems; the best single model (b) scored highest, then a, -10.0 points ["
    )


def test_a_named_baseline_takes_the_best_models_place() -> None:
    found = compare({"a": right(4), "b": right(20), "moa": mixed(4)}, QUESTIONS, baseline="b")

    assert found.baseline == "b"
    assert found.verdict.startswith("moa: better than the baseline (b): +26.7 points")


def test_the_best_of_several_mixtures_is_told_to_look_better_than_it_is() -> None:
    found = compare({"a": right(4), "x": mixed(4), "y": mixed(2)}, FEW)

    assert any(note.startswith("2 mixtures were compared on the same questions") for note in found.notes)


def test_what_cannot_be_graded_for_one_is_left_out_for_all_and_what_failed_is_wrong() -> None:
    questions = [{**q, "gold": None} if int(str(q["id"])) < 5 else q for q in QUESTIONS]

    def breaks(messages: Sequence[Any]) -> str:
        if asked(messages) == "39?":
            raise ValueError("out of order")
        return f"Final answer: {asked(messages)[:-1]}"

    found = compare({"a": alone(ScriptedModel(script=breaks)), "b": right(0)}, questions)

    assert found.left_out == {"without gold that can be read": 5}
    assert found.graded == 55
    assert found.named("a").score.mean == pytest.approx(54 / 55)
    assert found.named("a").errors == 1
    assert "out of order" in (found.named("a").error or "")


def test_rows_that_are_kept_are_paid_for_once(tmp_path: Path) -> None:
    models = [ScriptedModel(script="Final answer: 1", name_of_model=name) for name in "ab"]
    systems = {model.model_name: alone(model) for model in models}

    first = compare(systems, FEW, out=tmp_path / "kept")
    again = compare(systems, FEW, out=tmp_path / "kept", grader="exact")

    assert [len(model.asked) for model in models] == [10, 10]
    assert (first.grader, again.grader) == ("answer", "exact")
    assert sorted(file.name for file in (tmp_path / "kept").iterdir()) == ["_asked.json", "a.jsonl", "b.jsonl"]


def test_a_budget_bounds_all_systems_together_and_is_spent_on_the_same_questions(tmp_path: Path) -> None:
    systems = {"a": right(4, "a"), "b": right(8, "b")}

    found = compare(systems, QUESTIONS, out=tmp_path, budget=Budget(calls=72))
    there = {label: sum(1 for _ in RowFile(tmp_path / f"{label}.jsonl").rows()) for label in systems}

    assert there == {"a": 40, "b": 32}
    assert (found.questions, found.graded) == (60, 32)
    ((why, count),) = found.left_out.items()
    assert count == 28
    assert why.startswith("not put to all systems (Budget(calls=")


def test_a_budget_that_ended_goes_on_and_counts_what_is_there(tmp_path: Path) -> None:
    models = [ScriptedModel(script="Final answer: 1", name_of_model=name) for name in "ab"]
    systems = {model.model_name: alone(model) for model in models}

    compare(systems, QUESTIONS, out=tmp_path, budget=Budget(calls=72))
    compare(systems, QUESTIONS, out=tmp_path, budget=Budget(calls=72))
    assert sum(len(model.asked) for model in models) == 72
    found = compare(systems, QUESTIONS, out=tmp_path)

    assert [len(model.asked) for model in models] == [60, 60]
    assert found.graded == 60


def test_a_budget_that_one_system_spends_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^found Budget\(calls=16\) spent by a, expected it to be enough for all"):
        compare({"a": right(4), "b": right(8)}, QUESTIONS, budget=Budget(calls=16))


def obeys(wrong: int, **options: Any) -> Any:
    """Make a model that marks its answer only where it was asked to."""

    def say(messages: Sequence[Any]) -> str:
        number = int(asked(messages)[:-1])
        told = str(number + (number >= 60 - wrong))
        is_asked = any("Final answer" in message.text for message in messages)
        return f"Final answer: {told}" if is_asked else f"It comes to {told}, I should think, all things considered."

    return ScriptedModel(script=say, **options)


def test_all_systems_are_asked_to_mark_their_answers_alike() -> None:
    voters = create_moa(proposers=[obeys(4, name_of_model=n) for n in "xyz"], aggregator=[Vote(), obeys(4)])

    found = compare({"single": alone(obeys(4)), "vote": voters}, FEW)

    assert [system.score.mean for system in found.systems] == pytest.approx([6 / 10] * 2)
    assert [system.unread for system in found.systems] == [0, 0]


def test_what_was_not_read_concludes_nothing() -> None:
    voters = create_moa(proposers=[obeys(4, name_of_model=n) for n in "xyz"], aggregator=[Vote(), obeys(4)])

    found = compare({"single": alone(obeys(4)), "vote": voters}, QUESTIONS, mark=False)

    assert found.verdict.startswith(
        "nothing can be told: single ends on no short answer in 60 of 60 questions, which may be all that sets it apart"
    )


def test_errors_that_may_be_the_whole_difference_conclude_nothing() -> None:
    def breaks(messages: Sequence[Any]) -> str:
        if int(asked(messages)[:-1]) % 3 == 0:
            raise ValueError("out of order")
        return f"Final answer: {asked(messages)[:-1]}"

    found = compare({"a": alone(ScriptedModel(script=breaks)), "moa": mixed(4)}, QUESTIONS)

    assert found.verdict.startswith("nothing can be told: a gave no answer to 20 of 60 questions")


def test_rows_of_another_wording_are_not_mixed(tmp_path: Path) -> None:
    systems = {"a": right(4), "b": right(5)}
    compare(systems, FEW, out=tmp_path)

    assert compare(systems, FEW, out=tmp_path, grader="exact").grader == "exact"
    with pytest.raises(ConfigError, match=r"^found rows in .* of questions that ask for a marked answer"):
        compare(systems, FEW, out=tmp_path, mark=False)


def test_a_system_that_answers_nothing_ends_the_comparison() -> None:
    dead = alone(ScriptedModel(script=ValueError("no such model")))

    with pytest.raises(ConfigError, match=r"^found no answer of dead to 10 questions \(.*no such model"):
        compare({"dead": dead, "b": right(8)}, QUESTIONS, concurrency=1)


class Slow:
    async def __call__(self, question: Question, answer: str) -> float:
        return 1.0


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"systems": {"a": right(4)}}, "found 1 as systems, expected two or more graphs by name"),
        ({"systems": [right(4), right(5)]}, "found list as systems, expected two or more"),
        ({"systems": {"a": right(4), "": right(5)}}, "found the system's name '', expected a line"),
        (
            {"systems": {"a:b": right(4), "a/b": right(5)}},
            "found the systems 'a:b' and 'a/b', whose rows would be in one",
        ),
        ({"systems": {"a": right(4), "b": "moa"}}, "found str that is no mixture"),
        ({"questions": []}, "found no questions"),
        ({"questions": [{"question": "?"}]}, "found no question with gold and no judge"),
        ({"grader": "exakt"}, "found the grader 'exakt', expected a function or a name; did you mean 'exact'?"),
        ({"grader": "exact", "questions": [{"question": "?"}]}, "found grader='exact' and no question with gold"),
        ({"grader": "score"}, "found grader='score' without a judge"),
        ({"grader": "exact", "judge": says({})}, "found a judge beside the grader exact"),
        ({"grader": asyncio.sleep}, "found a coroutine function as the grader"),
        ({"grader": Slow()}, "found a coroutine function as the grader"),
        ({"grader": lambda answer: 1.0}, "found the grader <lambda>(answer), expected one that takes a question and"),
        ({"seed": 0.5}, "found seed=0.5, expected a whole number"),
        ({"grader": lambda question, answer: 7}, "found 7 from the grader for the question '0'"),
        (
            {"grader": lambda question, answer: None},
            "found no question that could be graded for all systems by <lambda>",
        ),
        ({"baseline": "c"}, "found the baseline 'c', expected one of the systems; known: a, b"),
        ({"concurrency": 0}, "found concurrency=0"),
        ({"budget": Budget()}, "found Budget() without a limit"),
        ({"experiment": "x"}, "found the experiment 'x' without tracing"),
        ({"out": "no/where"}, "found no/where for the rows, expected a folder"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_argument_is_refused(change: dict[str, Any], found: str) -> None:
    given = {"systems": {"a": right(4), "b": right(5)}, "questions": QUESTIONS, **change}

    with pytest.raises(ConfigError) as refused:
        compare(given.pop("systems"), given.pop("questions"), **given)

    assert str(refused.value).startswith(found)
