"""What varies from run to run is told from what differs between questions."""

from random import Random
from statistics import fmean, variance

import pytest
from compared import GOLD, QUESTIONS, alone, asked, compare, mixed
from langchain_core.messages import BaseMessage
from langgraph_moa import ConfigError
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.comparing.over_repeats import run_variance


def wavers(period: int) -> ScriptedModel:
    """Make a model that is wrong in every so manieth run of a question."""
    counts = dict.fromkeys(GOLD.values(), 0)

    def say(messages: list[BaseMessage]) -> str:
        question = asked(messages)
        counts[question] += 1
        return f"Final answer: {int(question[:-1]) + (counts[question] % period == 0)}"

    return ScriptedModel(script=say, name_of_model="wavers")


def test_the_mean_over_repeats_is_a_questions_grade_and_verdicts_are_held_against_each_repeat(tmp_path: str) -> None:
    model = wavers(3)
    found = compare({"a": alone(model), "moa": mixed(0)}, QUESTIONS, repeat=3, out=f"{tmp_path}/kept")
    a, moa = found.systems

    assert (found.questions, found.graded, found.repeat, len(model.asked)) == (60, 60, 3, 180)
    assert a.score.mean == pytest.approx(2 / 3)
    assert a.paired is None
    assert a.repeats is not None
    assert a.repeats.runs == pytest.approx([1.0, 1.0, 0.0])
    assert (a.repeats.between_runs, a.repeats.between_questions) == pytest.approx((1 / 3, 0.0))
    assert moa.repeats is not None
    assert moa.repeats.standard_error == moa.repeats.of_runs == 0.0
    assert found.verdict.startswith("moa: better than the best single model (a): +33.3 points")
    assert found.verdict.endswith("; better in 1 of 3 repeats")


def test_a_folder_with_fewer_repeats_goes_on(tmp_path: str) -> None:
    model = wavers(3)
    systems = {"a": alone(model), "moa": mixed(0)}
    compare(systems, QUESTIONS[:5], out=f"{tmp_path}/kept")
    compare(systems, QUESTIONS[:5], out=f"{tmp_path}/kept", repeat=2)

    assert len(model.asked) == 10


def test_ids_of_repeats_are_refused() -> None:
    with pytest.raises(ConfigError, match="found the id 'q#2', expected one without # and a number at its end"):
        compare({"a": alone(wavers(2)), "moa": mixed(0)}, [{**QUESTIONS[0], "id": "q#2"}], repeat=2)


def test_components_are_found_again() -> None:
    draw = Random(3)
    ease = [draw.betavariate(2, 2) for _ in range(2_000)]
    found = run_variance([[float(draw.random() < chance) for chance in ease] for _ in range(4)])

    assert found is not None
    assert found.between_runs == pytest.approx(fmean(chance * (1 - chance) for chance in ease), rel=0.05)
    assert found.between_questions == pytest.approx(variance(ease), rel=0.1)
    assert found.of_runs < found.standard_error
    assert run_variance([[1.0]]) is None
