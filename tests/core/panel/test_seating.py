"""A declaration becomes seats, once, when the graph is built."""

from functools import partial
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph_moa import Aggregator, ConfigError, Proposer, Rank, Vote, resolve_model
from langgraph_moa.core.models.capabilities import bound_to
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.names import unique_names
from langgraph_moa.core.panel.seating import named, seat_layers, seat_of
from langgraph_moa.core.panel.signature import mixture_of
from langgraph_moa.core.panel.stages import stages_of

LAST = "offline:words"
URL = "http://127.0.0.1:9/v1"


def titles(proposers: Any, layers: int | None = None, **defaults: Any) -> list[list[str]]:
    panel = seat_layers(proposers, LAST, layers, Defaults(**defaults)).panel
    return [[seat.title for seat in layer] for layer in panel]


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(("proposers", "aggregator", "layers", "expected"), WRONG, ids=[row[-1] for row in WRONG])
def test_a_mistake_is_told_when_the_mixture_is_built(
    proposers: Any, aggregator: Any, layers: int | None, expected: str
) -> None:
    with pytest.raises(ConfigError, match=expected):
        seat_layers(proposers, aggregator, layers, Defaults())


def test_what_a_model_does_not_say_the_graph_does() -> None:
    defaults = Defaults(temperature=0.5, max_tokens=9, timeout=7, context_tokens=100)
    own = Proposer(ScriptedModel(), temperature=1, max_tokens=3, timeout=None, context_tokens=50)

    ((usual, mine),) = seat_layers([ScriptedModel(), own], LAST, None, defaults).panel

    assert (usual.max_tokens, usual.timeout, usual.window) == (9, 7, 91)
    assert (mine.max_tokens, mine.timeout, mine.window) == (3, None, 47)
    bound: Any = usual.model
    assert bound.kwargs["temperature"] == 0.5


def test_samples_from_a_seed_count_on_from_it() -> None:
    (seats,) = seat_layers([Proposer(ScriptedModel(), samples=3, seed=7)], LAST, None, Defaults()).panel

    assert [bound_to(seat.model)["seed"] for seat in seats] == [7, 8, 9]


def test_samples_that_may_be_asked_for_at_once_share_how() -> None:
    defaults = Defaults(samples=2, resolve=partial(resolve_model, base_url=URL))
    (seats,) = seat_layers(["m", Proposer("m", debates=True), ScriptedModel()], LAST, None, defaults).panel

    assert [seat.shares for seat in seats] == [True, True, False, False, False, False]
    assert [seat.twin for seat in seats] == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize(
    ("resolve", "expected"),
    [
        (lambda spec: spec, "with a resolve function that does not take it"),
        (lambda spec, **_: 3, "found int from resolve"),
    ],
)
def test_a_resolve_function_of_ones_own_is_checked(resolve: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        seat_layers(["m"], LAST, None, Defaults(resolve=resolve))


@pytest.mark.parametrize(
    ("declared", "names"),
    [
        ([(None, "a"), (None, "a"), ("b", "a")], ["a", "a-2", "b"]),
        ([(None, "a"), ("a", "x")], ["a-2", "a"]),
        ([(None, "a:b|c")], ["a-b-c"]),
        ([], []),
    ],
)
def test_each_has_a_name_of_its_own(declared: Any, names: list[str]) -> None:
    assert unique_names(declared, "proposer") == names


@pytest.mark.parametrize("name", ["a:b", "a|b", "", " ", 3, "[a]"])
def test_a_name_that_no_node_can_bear_is_refused(name: Any) -> None:
    with pytest.raises(ConfigError, match="expected one of its own for each proposer"):
        unique_names([(name, "x")], "proposer")


def test_others_can_refer_to_the_names_that_proposers_get() -> None:
    assert [proposer.name for proposer in named([LAST, LAST, Proposer(LAST, name="a")])] == ["words", "words-2", "a"]
    with pytest.raises(ConfigError, match="found proposers by layer"):
        named([[LAST], [LAST]])  # type: ignore[list-item]


def test_one_model_sits_in_no_layer() -> None:
    seat = seat_of(Aggregator(RunnableLambda(str), name="chain"), Defaults(), role="judge")

    assert (seat.role, seat.name, seat.one_call, seat.provider) == ("judge", "chain", False, None)


@pytest.mark.parametrize(
    ("proposers", "layers", "options", "expected"),
    [
        ([LAST], None, {}, "format 4: words (offline:words) | words (offline:words)"),
        (
            [Proposer(LAST, name="a", debates=True), LAST],
            3,
            {"may_answer": True, "before": ["retrieve/wiki"]},
            "format 4: retrieve/wiki | a (offline:words; debates), words (offline:words) | "
            "a (offline:words; debates), words (offline:words) | an agreed proposal, words (offline:words)",
        ),
    ],
)
def test_a_mixture_is_written_down(proposers: Any, layers: int | None, options: Any, expected: str) -> None:
    seated = seat_layers(proposers, LAST, layers, Defaults())

    assert mixture_of(stages_of(seated.panel, ()), seated, **{"may_answer": False, **options}) == expected
