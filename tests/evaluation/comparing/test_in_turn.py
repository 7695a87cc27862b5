"""One system after the other, within one budget."""

from pathlib import Path

import pytest
from compared import QUESTIONS, alone, compare, right
from langgraph_moa import Budget, ConfigError
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.batch.rows import RowFile


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


def test_a_system_that_answers_nothing_ends_the_comparison() -> None:
    dead = alone(ScriptedModel(script=ValueError("no such model")))

    with pytest.raises(ConfigError, match=r"^found no answer of dead to 10 questions \(.*no such model"):
        compare({"dead": dead, "b": right(8)}, QUESTIONS, concurrency=1)
