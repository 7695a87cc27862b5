"""Who plays what where the roles of a mixture's models are compared."""

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.evaluation.comparing.cast import Part, cast_of
from tables import each


def part(name: str, settings: str = "") -> Part:
    return Part(name, name, f"{name} {settings}")


A, B, C = (part(name) for name in "abc")


@each(
    ("proposers", "aggregator", "models", "reference", "replayed"),
    [
        ([A, B, C], C, "a b c", "c aggregates",
         ["a aggregates", "b aggregates", "without a", "without b", "without c"]),
        ([A, B], C, "a b c", "c aggregates", ["a aggregates", "b aggregates", "without a", "without b"]),
        ([A, B, A], A, "a b", "a aggregates", ["b aggregates", "without a", "without b"]),
        ([A], B, "a b", "b aggregates", ["a aggregates"]),
        # other settings of the same model are another proposer, and the same aggregator
        ([A, part("a", "hot")], A, "a a-2", "a aggregates", ["a-2 aggregates", "without a", "without a-2"]),
        ([part("a", "hot"), B], A, "a b", "a aggregates", ["b aggregates", "without a", "without b"]),
        ([part("a", "hot"), part("a", "cold")], A, "a a-2 a-3", "a-3 aggregates",
         ["a aggregates", "a-2 aggregates", "without a", "without a-2"]),
    ],
)  # fmt: skip
def test_who_plays_what(
    proposers: list[Part], aggregator: Part, models: str, reference: str, replayed: list[str]
) -> None:
    cast = cast_of(proposers, aggregator)

    assert [model.name for model in cast.models] == models.split()
    assert (cast.reference, cast.replayed) == (reference, replayed)


def test_a_model_is_left_out_wherever_it_sits() -> None:
    assert [model.places for model in cast_of([A, B, A], C).models] == [(0, 2), (1,), ()]


@each("proposers", [[A], [A, A]])
def test_one_model_has_nobody_to_be_ranked_with(proposers: list[Part]) -> None:
    with pytest.raises(ConfigError, match="found one model, a, to compare the roles of, expected two or more; add a"):
        cast_of(proposers, A)
