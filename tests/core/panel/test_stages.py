"""Who is asked together, and who need not be asked again."""

from dataclasses import replace
from typing import Any

import pytest
from langgraph_moa import Proposer
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.core.panel.stages import node_name, stages_of, unanswered
from records import a_proposal
from tables import each


def seats(*samples: int) -> list[Any]:
    models = [Proposer(ScriptedModel(name_of_model=f"m{n}"), samples=count) for n, count in enumerate(samples)]
    return seat_layers(models, "offline:words", None, Defaults()).panel[0]


@pytest.mark.parametrize(
    ("samples", "waves", "layers", "expected"),
    [
        ((1, 1), (), 1, [("layer_1", "gate_1", 2, 2)]),
        ((1, 1), (), 2, [("layer_1", "gate_1", 2, 2), ("layer_2", "gate_2", 2, 2)]),
        (
            (1, 1, 1),
            (2,),
            2,
            [("layer_1", "gate_1/wave_1", 2, 2), ("wave_2", "gate_1", 1, 3), ("layer_2", "gate_2", 3, 3)],
        ),
        ((2, 3), (1,), 1, [("layer_1", "gate_1/wave_1", 2, 2), ("wave_2", "gate_1", 3, 5)]),
    ],
)
def test_a_layer_is_asked_in_waves(samples: Any, waves: Any, layers: int, expected: list[Any]) -> None:
    stages = stages_of([seats(*samples)] * layers, waves)

    assert [(s.name, s.gate, len(s.seats), len(s.asked_so_far)) for s in stages] == expected
    assert [s.is_last for s in stages] == [not s.gate.endswith("/wave_1") for s in stages]


@pytest.mark.parametrize(
    ("shares", "nodes"),
    [(False, ["layer_1/m0/1", "layer_1/m0/2", "layer_1/m0/3"]), (True, ["layer_1/m0"])],
)
def test_samples_that_may_be_asked_for_at_once_are_one_node(nodes: list[str], *, shares: bool) -> None:
    (stage,) = stages_of([[replace(seat, shares=shares) for seat in seats(3)]], ())

    assert [node_name(1, group[0]) for group in stage.groups] == nodes


@each(
    ("before", "rest"),
    [
        ({}, ["m0", "m1"]),
        ({0: {"status": "ok"}}, ["m1"]),
        ({0: {"status": "truncated"}, 1: {"status": "dropped"}}, []),
        ({0: {"status": "error"}}, ["m0", "m1"]),
        ({0: {"status": "ok", "model": "another"}}, ["m0", "m1"]),
        ({0: {"status": "ok", "reviewed": "sent_back"}, 1: {"status": "ok"}}, ["m0"]),
    ],
)
def test_who_is_still_to_be_asked(before: dict[int, dict[str, Any]], rest: list[str]) -> None:
    known = {(n, 1): a_proposal("x", f"m{n}", position=n, **more) for n, more in before.items()}

    assert [seat.title for seat in unanswered(seats(1, 1), known)] == rest
