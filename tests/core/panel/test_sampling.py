"""How many samples a request asks for, as declared and as its server turned out to take."""

from dataclasses import replace
from typing import Any

from langgraph_moa import Proposer
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.sampling import Sampling
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.core.panel.stages import stages_of
from tables import each


def seats(samples: int = 5, **options: Any) -> list[Any]:
    models = [Proposer(ScriptedModel(name_of_model=name), samples=samples) for name in ("a", "b")]
    panel = seat_layers(models, "offline:words", None, Defaults()).panel[0]
    return [replace(seat, **options) for seat in panel]


@each(
    ("options", "learned", "most", "calls"),
    [
        ({}, None, 1, 10),
        ({"shares": True}, None, None, 2),
        ({"shares": True, "slots": 2}, None, 2, 6),
        ({"shares": True, "slots": 1}, None, 1, 10),
        ({"shares": True}, 3, 3, 3),
        ({"shares": True, "slots": 4}, 1, 1, 7),
        ({}, 3, 1, 10),
    ],
)
def test_how_many_calls_samples_take(options: Any, learned: int | None, most: int | None, calls: int) -> None:
    panel, sampling = seats(**options), Sampling()
    if learned:
        sampling.learn(panel[0], learned)

    assert sampling.most(panel[0]) == most
    assert sampling.calls(stages_of([panel], ())) == calls


def test_what_one_server_takes_says_nothing_of_another() -> None:
    panel, sampling = seats(shares=True), Sampling()

    sampling.learn(panel[0], 1)

    assert [sampling.most(seat) for seat in panel] == [1] * 5 + [None] * 5
    assert sampling.most(replace(panel[0], endpoint="http://another/v1")) is None
    assert sampling.most(replace(panel[0], slots=2)) == 2


def test_nobody_else_knows_what_one_mixture_learned() -> None:
    panel = seats(shares=True)
    Sampling().learn(panel[0], 1)

    assert Sampling().most(panel[0]) is None
