"""Judges that prefer a place, believe what they read, or say nothing that can be read."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from compared import alone, compare
from judges import FEW, OPEN, better, judging, prefers, saying
from langgraph_moa import Aggregator, Budget, ConfigError, Price
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.batch.questions import Question
from langgraph_moa.evaluation.grading.judge import which_is_better


@pytest.mark.parametrize("side", ["A", *(pytest.param(side, marks=pytest.mark.soak) for side in ("B", "tie"))])
def test_a_judge_that_prefers_a_place_makes_all_ties(side: str) -> None:
    found = compare({"poor": saying("poor"), "good": saying("good")}, OPEN, judge=judging(lambda a, b: better(side)))

    assert found.grader == "judge"
    assert [system.score.mean for system in found.systems] == [0.5, 0.5]
    assert found.judging is not None
    assert found.judging["calls"] == 120
    assert found.contradicted == (side != "tie")
    assert found.verdict.startswith("nothing can be told: the judge preferred a place in 100 %") == (side != "tie")


def test_a_verdict_that_was_cut_off_does_not_spoil_the_next(tmp_path: Path) -> None:
    judge, systems = judging(prefers("good")), {"poor": saying("poor"), "good": saying("good")}
    compare(systems, FEW, judge=judge, out=tmp_path)
    file = tmp_path / "_verdicts.jsonl"
    file.write_bytes(file.read_bytes()[:-30])

    for _ in range(2):
        compare(systems, FEW, judge=judge, out=tmp_path)

    assert len(judge.asked) == 21


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_verdicts_that_cannot_be_written_are_one_clear_sentence(tmp_path: Path) -> None:
    file, decide = tmp_path / "_verdicts.jsonl", prefers("good")

    def fills_up(one: str, other: str) -> str:
        if not file.is_symlink():  # only once it was read: /dev/full never ends
            file.unlink(missing_ok=True)
            file.symlink_to("/dev/full")
        return decide(one, other)

    with pytest.raises(ConfigError, match=r"^the verdicts cannot be written to .*No space left"):
        compare({"poor": saying("poor"), "good": saying("good")}, FEW, judge=judging(fills_up), out=tmp_path)


def test_a_win_takes_both_places() -> None:
    judge = judging(prefers("good"))

    found = compare({"poor": saying("poor"), "good": saying("good")}, OPEN, judge=judge, baseline="poor")

    assert [system.score.mean for system in found.systems] == [0.5, 1.0]
    assert found.verdict.startswith("good: better than the baseline (poor): +50.0 points [")


def test_a_win_and_a_tie_make_a_tie() -> None:
    judge = judging(lambda a, b: better("A" if "good" in a else "tie"))

    found = compare({"poor": saying("poor"), "good": saying("good")}, FEW, judge=judge)

    assert [system.score.mean for system in found.systems] == [0.5, 0.5]


def test_nobody_is_named_and_equal_answers_are_not_judged() -> None:
    judge = judging(prefers("good"))

    found = compare({"secret-one": saying("same"), "secret-two": saying("same")}, FEW, judge=judge)

    assert judge.asked == []
    assert found.judging == {"calls": 0, "tokens": 0, "usd": 0.0}
    asked = which_is_better(Question(id="q", messages=[{"role": "user", "content": "Why?"}]), "this", "that")
    assert "secret" not in asked.prompt.messages[0].text


def test_no_answer_loses_and_nobody_is_asked() -> None:
    def breaks(messages: Sequence[Any]) -> str:
        if messages[0].text == "7?":
            raise ValueError("out of order")
        return "good"

    judge = judging(prefers("good"))
    broken = alone(ScriptedModel(script=breaks, name_of_model="broken"))

    found = compare({"good": alone(ScriptedModel(script="good")), "broken": broken}, FEW, judge=judge, baseline="good")

    assert found.named("broken").score.mean == pytest.approx(9 * 0.5 / 10)
    assert judge.asked == []


def test_what_cannot_be_read_is_left_out_and_told() -> None:
    judge = judging(lambda a, b: "who knows" if "7?" in a else prefers("good")(a, b))

    found = compare({"poor": saying("poor"), "good": saying("good")}, FEW, judge=judge)

    assert found.graded == 9
    assert found.left_out == {"without a verdict (the judge ended on no verdict as it was asked to)": 1}


def test_marks_are_one_call_an_answer() -> None:
    judge = ScriptedModel(
        script=lambda messages: '{"score": 9}' if "\ngood" in messages[0].text else '{"score": 4}',
        name_of_model="judge",
    )

    found = compare({"poor": saying("poor"), "good": saying("good")}, FEW, judge=judge, grader="score")

    assert [system.score.mean for system in found.systems] == pytest.approx([0.4, 0.9])
    assert len(judge.asked) == 20


def test_verdicts_that_are_kept_are_paid_for_once(tmp_path: Path) -> None:
    judge = judging(prefers("good"))
    systems = {"poor": saying("poor"), "good": saying("good")}

    first = compare(systems, FEW, judge=judge, out=tmp_path)
    with (tmp_path / "_verdicts.jsonl").open("a") as file:
        file.write('{"key": "cut off in the mid')
    again = compare(systems, FEW, judge=judge, out=tmp_path)

    assert len(judge.asked) == 20
    assert first.judging == again.judging
    assert first.verdict == again.verdict


def test_verdicts_that_nobody_can_have_written_are_asked_for_again(tmp_path: Path) -> None:
    judge = judging(prefers("good"))
    systems = {"poor": saying("poor"), "good": saying("good")}
    first = compare(systems, FEW, judge=judge, out=tmp_path)
    file = tmp_path / "_verdicts.jsonl"
    verdicts: list[Any] = [json.loads(line) for line in file.read_text().splitlines()]
    verdicts[0]["cost"]["calls"] = -1_000
    verdicts[1]["score"] = 7
    verdicts[2]["cost"] = "x"
    verdicts[3]["score"] = float("nan")
    file.write_text("[" * 100_000 + "\n" + "".join(f"{json.dumps(verdict)}\n" for verdict in verdicts))

    again = compare(systems, FEW, judge=judge, out=tmp_path)

    assert len(judge.asked) == 24
    assert first.judging == again.judging
    assert first.verdict == again.verdict


def test_a_judge_keeps_to_what_the_budget_leaves() -> None:
    judge = judging(prefers("good"))

    found = compare({"poor": saying("poor"), "good": saying("good")}, FEW, judge=judge, budget=Budget(calls=32))

    assert len(judge.asked) == 12
    assert found.judging is not None
    assert found.judging["calls"] == 12
    assert any(why.startswith("without a verdict (Budget(calls=12): 12 are spent") for why in found.left_out)


def test_a_judge_without_bounds_is_refused_by_a_strict_budget() -> None:
    with pytest.raises(ConfigError, match=r"^found Budget\(tokens=\.\.\.\) over judge without a limit of its answer"):
        compare(
            {"poor": saying("poor"), "good": saying("good")}, OPEN, judge=judging(prefers("good")),
            budget=Budget(tokens=1_000),
        )  # fmt: skip


def test_judging_is_priced_apart() -> None:
    judge = judging(prefers("good"))
    prices = {"judge": Price(input=1_000_000)}

    found = compare({"poor": saying("poor"), "good": saying("good")}, FEW, judge=Aggregator(judge), prices=prices)

    assert found.judging is not None
    assert (found.judging["usd"] or 0) > 1_000
    assert [system.usd for system in found.systems] == [0, 0]


def test_length_is_told_where_the_longer_one_wins() -> None:
    judge = judging(prefers("good"))
    long = saying("good " + "and long " * 30)

    won = compare({"poor": saying("poor"), "good": long}, OPEN, judge=judge, baseline="poor")
    lost = compare({"good": saying("good"), "long": saying("poor " * 99)}, OPEN, judge=judge, baseline="good")

    assert "; the answers of good are " in won.verdict
    assert won.verdict.endswith("times as long, and judges favour length")
    assert "times as long" not in lost.verdict
