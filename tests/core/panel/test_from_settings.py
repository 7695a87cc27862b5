"""What a model says for itself holds over what its mixture says."""

from functools import partial
from typing import Any

import pytest
from langgraph_moa import Aggregator, ConfigError, Proposer, resolve_model
from langgraph_moa.core.models.capabilities import bound_to
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.from_settings import seats_of
from langgraph_moa.core.panel.seating import seat_layers

LAST = "offline:words"
URL = "http://127.0.0.1:9/v1"


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
    ("declared", "role", "what"),
    [
        (Proposer, "proposer", "proposer of a layer"),
        (Proposer, "aggregator", "proposer of a layer"),  # one that answers alone
        (Aggregator, "aggregator", "aggregator"),
    ],
)
def test_two_of_one_name_are_refused_as_what_they_are(declared: Any, role: str, what: str) -> None:
    twins = [declared(ScriptedModel(), name="a") for _ in range(2)]

    with pytest.raises(ConfigError, match=f"found the name 'a', expected one of its own for each {what}, made of"):
        seats_of(twins, Defaults(), role=role)
