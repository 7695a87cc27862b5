"""Votes are counted by answers: samples each have one, several names of one model share one."""

from typing import Any

import pytest
from langgraph_moa import ConfigError, Vote, judge_agreement
from langgraph_moa.core.agreement.vote import best_proposal, check_vote, count_votes
from records import a_proposal
from tables import each


def voters(*answers: str, **more: Any) -> list[Any]:
    return [
        a_proposal(f"Final answer: {answer}", name, **more) for name, answer in zip("abcdef", answers, strict=False)
    ]


@pytest.mark.parametrize(
    ("answers", "weights", "winner", "why"),
    [
        ("778", {}, "a", "vote: 2 of 3 for the answer of a"),
        ("8778", {}, "a", "vote: 2 of 4 for the answer of a; tied with that of b, and declared first"),
        ("877", {"a": 3}, "a", "vote: 3 of 5 for the answer of a"),
        ("877", {"b": 0, "c": 0}, "a", "vote: 1 of 1 for the answer of a"),
        ("778", {"a": 0.5}, "a", "vote: 1.5 of 2.5 for the answer of a"),
        ("789", {}, None, "the vote abstained: no two proposals agree"),
        ("77", {"a": 0, "b": 0}, None, "the vote abstained: no two models agree"),
        ("7", {}, None, "the vote abstained: fewer than two texts to compare"),
    ],
)
async def test_the_largest_group_wins(answers: str, weights: dict[str, float], winner: str | None, why: str) -> None:
    result = await count_votes(Vote(weights=weights), voters(*answers))

    assert (result.winner and result.winner["proposer"], result.why) == (winner, why)


async def test_names_of_one_model_outvote_nobody() -> None:
    one, two = voters("7", "7", served_model="m")
    other = a_proposal("Final answer: 8", "c", served_model="n")

    result = await count_votes(Vote(), [one, two, other])

    assert result.winner is None
    assert result.why.endswith("a, b share one model's votes: all were served by m")


async def test_samples_have_a_vote_each_and_their_proposers_weight() -> None:
    samples = [a_proposal("Final answer: 7", f"a/{n}", name="a", model="a", sample=n) for n in (1, 2)]
    other = a_proposal("Final answer: 8", "b")

    assert (await count_votes(Vote(), [*samples, other])).why == "vote: 2 of 3 for the answer of a/1"
    assert (await count_votes(Vote(weights={"a": 0.25}), [*samples, other])).why.startswith("vote: 1 of 1.5 for")


async def test_an_answer_that_was_cut_has_no_vote_beside_whole_ones() -> None:
    cut = voters("7", "7", status="truncated")
    whole = [a_proposal("Final answer: 8", name) for name in ("c", "d")]

    result = await count_votes(Vote(), [*cut, *whole])

    assert result.winner is whole[0]
    assert (await count_votes(Vote(), cut)).winner is cut[0]


@pytest.mark.parametrize(
    ("answers", "status", "best"),
    [("877", "ok", "b"), ("789", "ok", "a"), ("787", "ok", "a"), ("877", "truncated", "b")],
)
def test_the_best_proposal_stands_for_the_largest_group(answers: str, status: str, best: str) -> None:
    assert best_proposal(voters(*answers, status=status))["proposer"] == best


def test_the_best_proposal_is_whole_where_one_is() -> None:
    proposals = voters("7", "7", "8")
    proposals[0]["status"] = "truncated"

    assert best_proposal(proposals)["proposer"] == "b"
    assert best_proposal([a_proposal("An open question.", status="truncated"), proposals[2]])["proposer"] == "c"


WRONG: list[tuple[Any, str]] = [
    (Vote(weights=[1]), r"found \[1\] as the vote's weights"),  # type: ignore[arg-type]
    (Vote(weights={"aa": 1}), "found a vote's weight for 'aa'; did you mean 'a'"),
    (Vote(weights={"a": -1}), "found the weight -1 for 'a', expected a number from 0"),
    (Vote(weights={"a": True}), "found the weight True for 'a'"),
    (Vote(weights={"a": float("inf")}), "found the weight inf"),
    (Vote(weights={"a": 0, "b": 0}), "in which nobody's vote counts"),
    (Vote(agreement=judge_agreement("offline:words")), "found a vote with a judge"),
    (Vote(agreement="closed"), "found 'closed' as the vote's agreement"),  # type: ignore[arg-type]
]


@each(("vote", "expected"), WRONG)
def test_a_vote_that_could_not_mean_anything_is_refused(vote: Vote, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        check_vote(vote, ["a", "b"])
