"""Who grades."""

from compared import compare
from judges import FEW, OPEN, judging, prefers, saying
from langgraph_moa import create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel


def test_a_judge_beside_gold_judges() -> None:
    questions = [{**question, "gold": question["id"]} for question in FEW]

    assert compare({"x": saying("x"), "y": saying("y")}, questions, judge=judging(prefers("x"))).grader == "judge"


def test_the_best_single_model_is_found_by_the_judge_and_the_others_held_against_it() -> None:
    systems = {
        "poor": saying("poor"),
        "good": saying("good"),
        "fair": saying("fair"),
        "moa": create_moa(proposers=[ScriptedModel(script="x")], aggregator=ScriptedModel(script="mixed")),
    }
    judge = judging(prefers("good", "fair", "mixed", "poor"))

    found = compare(systems, OPEN, judge=judge)

    assert found.baseline == "good"
    assert {system.label: system.score.mean for system in found.systems} == {
        "poor": 0.0, "good": 0.5, "fair": 0.0, "moa": 0.0,
    }  # fmt: skip
    assert found.verdict.startswith("moa: worse than the best single model (good): -50.0 points")
    assert len(judge.asked) == 60 * 2 * 4  # two models against the first, then two against the best
