"""Who sits where is written down, for a thread to be checked against."""

from typing import Any

import pytest
from langgraph_moa import Proposer
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_layers
from langgraph_moa.core.panel.signature import STATE_FORMAT, mixture_of
from langgraph_moa.core.panel.stages import stages_of

LAST = "offline:words"
URL = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("proposers", "layers", "options", "expected"),
    [
        ([LAST], None, {}, "words (offline:words) | words (offline:words)"),
        (
            [Proposer(LAST, name="a", debates=True), LAST],
            3,
            {"may_answer": True, "before": ["retrieve/wiki"]},
            "retrieve/wiki | a (offline:words; debates), words (offline:words) | "
            "a (offline:words; debates), words (offline:words) | an agreed proposal, words (offline:words)",
        ),
    ],
)
def test_a_mixture_is_written_down(proposers: Any, layers: int | None, options: Any, expected: str) -> None:
    seated = seat_layers(proposers, LAST, layers, Defaults())

    assert (
        mixture_of(stages_of(seated.panel, ()), seated, **{"may_answer": False, **options})
        == f"format {STATE_FORMAT}: {expected}"
    )
