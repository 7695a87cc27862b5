"""What a run adds up to."""

from typing import Any

from langgraph_moa.core.report import work_seconds


def call(layer: int, started: float, seconds: float, waited: float = 0.0) -> Any:
    return {"layer": layer, "started": started, "seconds": seconds, "waited": waited}


def test_a_layer_works_from_its_first_calls_place_in_line_to_its_last_answer() -> None:
    first = [call(1, 10.0, 2.0, waited=3.0), call(1, 11.0, 4.0)]
    second = [call(2, 100.0, 1.0)]

    assert work_seconds(first) == 8.0
    assert work_seconds([*first, *second]) == 9.0
    assert work_seconds(second, [call(3, 200.0, 0.5, waited=0.5), call(3, 300.0, 2.0)]) == 4.0
    assert work_seconds([]) == 0
