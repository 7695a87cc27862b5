"""A prompt may hold what was declared, and no more than its server told."""

from functools import partial
from typing import Any

from langgraph_moa import Aggregator, resolve_model
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.core.panel.windows import learn_window, room_of
from tables import each

URL = "http://127.0.0.1:9/v1"


def seat(url: str | None = URL, **options: Any) -> Any:
    defaults = Defaults(resolve=partial(resolve_model, base_url=url) if url else resolve_model)
    return seat_of(Aggregator("m" if url else "offline:words", **options), defaults, role="aggregator")


@each(
    ("options", "window", "room"),
    [
        ({}, None, None),
        ({}, 4096, 3072),
        ({"max_tokens": 96}, 4096, 4000),
        ({"context_tokens": 1000}, None, 1000),
        ({"context_tokens": 1000}, 4096, 1000),
        ({"context_tokens": 8000}, 4096, 3072),
    ],
)
def test_the_smaller_of_both_holds(options: dict[str, Any], window: int | None, room: int | None) -> None:
    learn_window(seat(**options), window)

    assert room_of(seat(**options)) == room


def test_a_server_tells_for_its_own_model_only() -> None:
    learn_window(seat(), 4096)

    assert room_of(seat("http://127.0.0.1:10/v1")) is None
    learn_window(seat(None), 4096)
    assert room_of(seat(None)) is None
