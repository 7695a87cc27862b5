"""A declaration becomes seats, once, when the graph is built."""

from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph_moa import Aggregator, ConfigError, Proposer, Rank, Vote
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import named, seat_layers, seat_of
from tables import each

LAST = "offline:words"


def titles(proposers: Any, layers: int | None = None, **defaults: Any) -> list[list[str]]:
    panel = seat_layers(proposers, LAST, layers, Defaults(**defaults)).panel
    return [[seat.title for seat in layer] for layer in panel]


@each(
    ("proposers", "layers", "expected"),
    [
        (["offline:words"], None, [["words"]]),
        (["offline:words", "offline:words"], None, [["words", "words-2"]]),
        (["offline:words"], 4, [["words"]] * 3),
        ([["offline:words"], ["offline:stems"]], None, [["words"], ["stems"]]),
        ([["offline:words"], ["offline:stems"]], 3, [["words"], ["stems"]]),
        ([Proposer("offline:words", samples=2)], None, [["words/1", "words/2"]]),
        ([Proposer("offline:words", name="a"), "offline:stems"], None, [["a", "stems"]]),
    ],
)
def test_who_sits_in_which_layer(proposers: Any, layers: int | None, expected: list[list[str]]) -> None:
    assert titles(proposers, layers) == expected


def test_one_model_alone_is_the_last_layer() -> None:
    seated = seat_layers(["offline:words"], None, 1, Defaults())

    assert (seated.panel, [seat.role for seat in seated.chain]) == ([], ["aggregator"])


def test_a_vote_and_a_ranking_are_told_from_models() -> None:
    vote, rank = Vote(), Rank([LAST, "offline:stems"])

    assert seat_layers([LAST], [vote, LAST], None, Defaults()).vote is vote
    seated = seat_layers([LAST], [vote, rank], None, Defaults())
    assert (seated.vote, seated.rank, [seat.label for seat in seated.chain]) == (vote, rank, [LAST, "offline:stems"])
    assert seat_layers([LAST], vote, None, Defaults()).chain == []


WRONG: list[tuple[Any, Any, int | None, str]] = [
    ("offline:words", LAST, None, "found str as proposers, expected a list of models"),
    ([], LAST, None, "found no proposers, expected at least one"),
    ([[LAST], []], LAST, None, "found proposers that mix models with lists, or an empty list"),
    ([[LAST], LAST], LAST, None, "found proposers that mix models with lists"),
    ([[LAST], [LAST]], LAST, 2, "found layers=2 with 2 lists of proposers, expected 3"),
    ([LAST], LAST, 0, "found layers=0, expected a whole number from 1 to 100"),
    ([LAST], None, None, "found no aggregator, expected the model that writes the answer"),
    ([LAST], LAST, 1, "found layers=1 with an aggregator"),
    ([LAST, LAST], None, 1, "found layers=1 with 2 proposers"),
    ([Proposer(LAST, samples=2)], None, 1, "found layers=1 with several samples"),
    ([Aggregator(LAST)], LAST, None, r"found Aggregator\(...\), expected Proposer"),
    ([LAST], [], None, "found an empty list of aggregators"),
    ([LAST], Proposer(LAST), None, r"found Proposer\(...\), expected Aggregator"),
    ([LAST], [LAST, Vote()], None, r"found Vote\(...\) after another aggregator"),
    ([LAST], [Rank(LAST), LAST], None, r"found Rank\(...\) beside models"),
    ([LAST], Vote(weights={"wordz": 1}), None, "found a vote's weight for 'wordz'; did you mean 'words'"),
    ([Proposer(LAST, reads=("b",))], LAST, None, "found 'b' among reads, no proposer of the layer before"),
    ([3], LAST, None, "found int as a model, expected a 'provider:model' string"),
    ([Proposer(LAST, context={"a": 1})], LAST, None, "found a context for 'words', expected it for a graph only"),
    ([Proposer(LAST, context_tokens=9, max_tokens=9)], LAST, None, "found context_tokens=9 for 'words'"),
]


@each(("proposers", "aggregator", "layers", "expected"), WRONG)
def test_a_mistake_is_told_when_the_mixture_is_built(
    proposers: Any, aggregator: Any, layers: int | None, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        seat_layers(proposers, aggregator, layers, Defaults())


def test_others_can_refer_to_the_names_that_proposers_get() -> None:
    assert [proposer.name for proposer in named([LAST, LAST, Proposer(LAST, name="a")])] == ["words", "words-2", "a"]
    with pytest.raises(ConfigError, match="found proposers by layer"):
        named([[LAST], [LAST]])  # type: ignore[list-item]


def test_one_model_sits_in_no_layer() -> None:
    seat = seat_of(Aggregator(RunnableLambda(str), name="chain"), Defaults(), role="judge")

    assert (seat.role, seat.name, seat.one_call, seat.provider) == ("judge", "chain", False, None)
