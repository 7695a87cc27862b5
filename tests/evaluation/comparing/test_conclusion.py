"""What is concluded, and what is not."""

from collections.abc import Sequence
from typing import Any

import pytest
from compared import FEW, QUESTIONS, alone, asked, compare, mixed, obeys, right
from langgraph_moa import Vote, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.comparing.conclusion import verdict
from langgraph_moa.evaluation.comparing.measures import MeasuredSystem
from langgraph_moa.evaluation.comparing.paired import Paired, Spread
from tables import each


@pytest.mark.parametrize(
    ("single", "mixture", "told"),
    [
        (20, 4, "moa: better than the best single model (a): +26.7 points [+14.9, +38.7] (they differ on 16) at "),
        pytest.param(
            *(4, 20, "moa: worse than the best single model (a): -26.7 points [-38.7, -14.9] (they differ on 16) at "),
            marks=pytest.mark.soak,
        ),
        pytest.param(
            *(
                4,
                4,
                "moa: no gain shown over the best single model (a): +0.0 points [-6.1, +6.1] (they differ on 0) for ",
            ),
            marks=pytest.mark.soak,
        ),
        (10, 7, "moa: no gain shown over the best single model (a): +5.0 points [-2.1, +13.0] (they differ on 3) for "),
    ],
)
def test_verdicts(single: int, mixture: int, told: str) -> None:
    assert compare({"a": right(single), "moa": mixed(mixture)}, QUESTIONS).verdict.startswith(told)


def test_the_margin_says_what_is_no_better_and_how_many_questions_would_decide() -> None:
    systems = {"a": right(10), "moa": mixed(10)}
    open_, decided = compare(systems, QUESTIONS), compare(systems, QUESTIONS, margin=8)

    assert open_.verdict.startswith("moa: no gain shown over the best single model (a): +0.0 points [")
    assert open_.verdict.endswith("; about 620 questions would decide on a margin of 2 points")
    assert decided.verdict.startswith(
        "moa: no better than the best single model (a) by 8 points: +0.0 points [-5.1, +5.1]"
    )
    assert (open_.margin, decided.margin) == (2.0, 8)


@each(
    ("mean", "low", "high", "differing", "calls", "told"),
    [
        (0.0, -0.019, 0.019, 9, 5, "no better than the best single model (a): +0.0 points [-1.9, +1.9]"),
        (0.0, -0.019, 0.020, 9, 5, "no gain shown over the best single model (a)"),
        (-0.01, -0.03, -0.001, 9, 5, "no better than the best single model (a)"),
        (0.0, -0.019, 0.05, 9, 0.5, "about as good as the best single model (a)"),
        (0.0, -0.021, 0.01, 9, 0.5, "not shown to be as good as the best single model (a)"),
        (0.0, -0.021, 0.01, None, 0.5, "not shown to be as good as the best single model (a)"),
        (0.01, 0.001, 0.03, None, 5, "better than the best single model (a): +1.0 points [+0.1, +3.0] at 5.0 times"),
        (0.01, 0.001, 0.03, 9, 5, "no gain shown over the best single model (a)"),
    ],
)
def test_nothing_is_claimed_beyond_the_interval(
    mean: float, low: float, high: float, differing: int | None, calls: float, told: str
) -> None:
    pair = None if differing is None else Paired(differing, 0, 0.07)
    systems = [system("a", 1.0), system("moa", calls, Spread(mean, low, high), pair)]

    assert verdict(systems, systems[0], 500, named=False, judged=False).startswith(f"moa: {told}")


def test_answers_that_were_not_read_may_be_the_margin() -> None:
    close = Spread(0.0, -0.015, 0.015)
    single, moa = system("a", 1.0), system("moa", 5.0, close, Paired(9, 9, 1.0), unread=4)

    assert verdict([single, moa], single, 500, named=False, judged=False).startswith(
        "nothing can be told: moa ends on no short answer in 4 of 500 questions, which may be all that sets it apart"
    )


def system(
    label: str, calls: float, difference: Spread | None = None, pair: Paired | None = None, unread: int = 0
) -> MeasuredSystem:
    score = Spread(0.9, 0.8, 0.95)
    unknown: dict[str, Any] = dict.fromkeys(("tokens", "usd", "p50", "p95", "length"))
    shape: dict[str, Any] = {"is_single": difference is None, "score": score, "difference": difference, "paired": pair}
    return MeasuredSystem(label=label, calls=calls, errors=0, unread=unread, **shape, **unknown)


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


def test_the_best_of_several_mixtures_is_told_to_look_better_than_it_is() -> None:
    found = compare({"a": right(4), "x": mixed(4), "y": mixed(2)}, FEW)

    assert any(note.startswith("2 mixtures were compared on the same questions") for note in found.notes)


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
