"""Two rankings of a mixture's models, and what may be claimed of them."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import pytest
from langgraph_moa.evaluation.comparing.cast import Cast, Part, Roles, cast_of
from langgraph_moa.evaluation.comparing.measures import Comparison, measured
from langgraph_moa.evaluation.comparing.roles import roles_of, shared_cost
from langgraph_moa.evaluation.grading.answered import GradedAnswers
from langgraph_moa.evaluation.grading.by_gold import Grade

Scores = Sequence[float]
ROW: Any = {
    "id": "q", "answer": "x", "run": None, "error": None, "gold": None, "seconds": 1.0,
    "cost": {"calls": 1, "tokens": 10, "usd": 0.0},
}  # fmt: skip


def panel(names: str, aggregator: str) -> Cast:
    return cast_of([Part(name, name, name) for name in names], Part(aggregator, aggregator, aggregator))


def right(count: int, of: int = 200, start: int = 0) -> list[float]:
    """Be right on so many questions in a row."""
    return [float(start <= n < start + count) for n in range(of)]


def roles(cast: Cast, scores: Mapping[str, Scores], contradicted: float | None = None, changes: Any = None) -> Roles:
    """Rank where systems that are not named are right on half of the questions."""
    size = len(next(iter(scores.values())))
    labels = [m.name for m in cast.models] + [cast.reference, *cast.replayed]
    columns = {label: scores.get(label, right(size // 2, size)) for label in labels}
    rows: dict[str, Any] = {label: {**ROW, **(changes or {}).get(label, {})} for label in labels}
    answered = {
        label: GradedAnswers([rows[label]] * size, list(map(Grade, column)), label in "abc")
        for label, column in columns.items()
    }
    systems = measured(answered, range(size), cast.models[0].name, resamples=10)
    comparison = Comparison("answer", size, size, {}, systems, cast.models[0].name, "", contradicted=contradicted)
    return roles_of(cast, answered, comparison)


def test_the_best_aggregator_may_be_missed_least() -> None:
    found = roles(
        panel("abc", "a"),
        {
            "a aggregates": right(120), "b aggregates": right(100), "c aggregates": right(160),
            "without a": right(60), "without b": right(90), "without c": right(120),
        },
    )  # fmt: skip

    assert [one.model for one in found.models] == ["c", "a", "b"]
    assert [(one.aggregator_rank, one.proposer_rank) for one in found.models] == [
        ((1, 1), (3, 3)), ((2, 2), (1, 1)), ((3, 3), (2, 2)),
    ]  # fmt: skip
    assert [one.against and round(100 * one.against.mean) for one in found.models] == [20, None, -10]
    assert [one.missed and round(100 * one.missed.mean) for one in found.models] == [0, 30, 15]
    assert found.sentences == [
        "as aggregators, c is the best; a is better than b",
        "as proposers, a is missed most; b is missed more than c",
        "without a or b as a proposer the mixture is worse",
        "the rankings differ: c is the best aggregator, and the proposer that is missed least",
    ]


def test_what_luck_explains_is_not_claimed() -> None:
    found = roles(
        panel("abc", "a"),
        {"a aggregates": right(100), "b aggregates": right(104), "c aggregates": right(130), "without a": right(97)},
    )

    assert [(one.model, one.aggregator_rank, one.proposer_rank) for one in found.models] == [
        ("c", (1, 1), (1, 3)), ("b", (2, 3), (1, 3)), ("a", (2, 3), (1, 3)),
    ]  # fmt: skip
    assert found.sentences == [
        "as aggregators, c is the best; the rest may be luck",
        "as proposers, a, b and c cannot be told apart on these questions",
        "nothing shows that the two rankings differ: where their order does, it may be luck",
    ]


def test_two_models_may_stand_in_one_order_here_and_in_the_other_there() -> None:
    found = roles(
        panel("abcd", "d"),
        {
            "a aggregates": right(150), "b aggregates": right(70), "c aggregates": right(150),
            "without a": right(140), "without b": right(60), "without d": right(60),
        },
    )  # fmt: skip

    assert "without b or d as a proposer the mixture is worse" in found.sentences
    assert "without a as a proposer the mixture is better" in found.sentences
    assert found.sentences[-1] == (
        "the rankings differ: a and c aggregate better than b, and are missed less as proposers; "
        "a and c aggregate better than d, and are missed less as proposers"
    )


def test_few_questions_and_judges_that_go_by_places_rank_nobody() -> None:
    scores = {"b aggregates": right(40, 40), "without b": right(0, 40)}
    few = roles(panel("ab", "a"), scores)
    judged = roles(panel("ab", "a"), {"b aggregates": right(200)}, contradicted=0.6)

    assert few.sentences == ["too few questions to rank roles, 40 graded, expected 50 or more"]
    assert judged.sentences == [
        "nothing can be told of the roles, for the judge preferred a place in most of the pairs"
    ]
    assert {one.aggregator_rank for one in (*few.models, *judged.models)} == {(1, 2)}


def test_answers_that_nobody_read_put_nobody_behind() -> None:
    lost = {"b aggregates": {"answer": None, "error": "no"}}

    assert roles(panel("ab", "a"), {"b aggregates": right(20)}).models[0].aggregator_rank == (1, 1)
    assert roles(panel("ab", "a"), {"b aggregates": right(20)}, changes=lost).models[0].aggregator_rank == (1, 2)


def test_marks_are_ranked_as_right_answers_are() -> None:
    draw = Random(1)
    marks = [draw.uniform(0.3, 0.6) for _ in range(100)]
    ranked = roles(
        panel("abc", "a"),
        {"a aggregates": marks, "b aggregates": [m + draw.uniform(0, 0.3) for m in marks], "c aggregates": marks},
    )

    assert ranked.models[0].model == "b"
    assert [one.aggregator_rank for one in ranked.models] == [(1, 1), (2, 3), (2, 3)]


def test_one_of_the_models_may_have_one_role_only() -> None:
    alone = roles(panel("a", "b"), {"b aggregates": right(200)})
    apart = roles(panel("ab", "c"), {"b aggregates": right(200)})

    assert alone.sentences == [
        "as aggregators, b is the best",
        "a is the only proposer, so there is no mixture without it",
        "b proposes nothing, so it has no rank as a proposer",
    ]
    assert {one.model: one.proposer_rank for one in alone.models} == {"a": None, "b": None}
    assert {one.model: one.proposer_rank for one in apart.models} == {"a": (1, 2), "b": (1, 2), "c": None}


def test_other_proposals_than_the_mixture_had_are_told() -> None:
    proposal = {"layer": 1, "proposer": "a", "sample": 1, "text": "x"}
    reference, other = {"proposals": [proposal]}, {"proposals": [{**proposal, "text": "y"}]}
    changes = {"a aggregates": reference, "b aggregates": other, "without b": reference}

    sentences = roles(panel("ab", "a"), {"a": right(60, 60)}, changes=changes).sentences

    assert sentences[-1] == "b aggregates had other proposals than a aggregates on 60 questions; take another folder"
    assert sum("other proposals" in sentence for sentence in sentences) == 1


def test_what_was_paid_for_once_is_told() -> None:
    shared: Any = {**ROW, "spared": {"calls": 2, "tokens": 20, "usd": 0.5, "seconds": 1.0}}
    answered = {label: GradedAnswers([ROW, row], [Grade(1.0)] * 2, False) for label, row in [("a", ROW), ("b", shared)]}

    sentence = shared_cost(answered)

    assert sentence.endswith("together they cost 4 calls, 40 tokens, $0.0000 on these questions, and spared 2 calls, "
                             "20 tokens, $0.5000")  # fmt: skip


@pytest.mark.parametrize("panels", [60, pytest.param(1_000, marks=pytest.mark.soak)])
def test_models_that_are_equal_are_seldom_put_in_an_order(panels: int) -> None:
    """Something is claimed of one in twenty panels of equals at most, and nearly always of one that is far better."""
    draw, cast = Random(7), panel("abc", "a")
    labels = [cast.reference, *cast.replayed]

    def sample(shares: Mapping[str, float]) -> Roles:
        hard = [draw.gauss(0, 0.2) for _ in range(120)]
        columns = {x: [float(draw.random() < shares.get(x, 0.6) + bias) for bias in hard] for x in labels}
        return roles(cast, columns)

    def claims(one: Roles) -> bool:
        ranks = [rank for model in one.models for rank in (model.aggregator_rank, model.proposer_rank)]
        return any(rank != (1, 3) for rank in ranks) or any("the mixture is" in sentence for sentence in one.sentences)

    assert sum(claims(sample({})) for _ in range(panels)) <= panels / 20
    better = [sample({"c aggregates": 0.9}).models[0] for _ in range(panels // 5)]
    assert sum((one.model, one.aggregator_rank) == ("c", (1, 1)) for one in better) >= 0.9 * len(better)
