"""How many samples a request asks for is learnt of each server, for as long as a mixture lives."""

from dataclasses import replace
from typing import Any

import pytest
from langgraph_moa import Proposer
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.sampling import Sampling
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.core.panel.stages import stages_of


def seats(**options: Any) -> list[Any]:
    models = [Proposer(ScriptedModel(name_of_model=f"m{n}"), samples=3) for n in range(2)]
    panel = seat_layers(models, "offline:words", None, Defaults()).panel[0]
    return [replace(seat, **options) for seat in panel]


@pytest.mark.parametrize(
    ("options", "most", "calls"),
    [
        ({}, 1, 6),
        ({"shares": True}, None, 2),
        ({"shares": True, "slots": 2}, 2, 4),
        ({"shares": True, "slots": 1}, 1, 6),
        ({"slots": 2}, 1, 6),
    ],
)
def test_a_request_asks_for_as_many_as_was_said(options: Any, most: int | None, calls: int) -> None:
    sampling, panel = Sampling(), seats(**options)

    assert {sampling.most(seat) for seat in panel} == {most}
    assert sampling.calls(stages_of([panel], ())) == calls


def test_what_a_server_gave_holds_for_its_own_model() -> None:
    sampling, panel = Sampling(), seats(shares=True)

    sampling.learn(panel[0], 2)

    assert [sampling.most(seat) for seat in panel] == [2, 2, 2, None, None, None]
    assert sampling.calls(stages_of([panel], ())) == 3
    assert Sampling().most(panel[0]) is None
