"""What is asked is small, bounded before it is asked, and a picture that servers can read."""

from io import BytesIO

from langgraph_moa.apps.check.probes import PROBES, _red_png, costs_at_most
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.core.panel.seats import Seat
from PIL import Image


def seat(model: str) -> Seat:
    resolve = Defaults().resolve
    return seat_of(resolve(model, base_url="http://127.0.0.1:9/v1", max_tokens=100), Defaults(), role="aggregator")


def test_the_picture_is_a_red_png() -> None:
    picture = Image.open(BytesIO(_red_png()))

    assert (picture.format, picture.size, picture.getpixel((9, 9))) == ("PNG", (64, 64), (255, 0, 0))


def test_each_probe_is_a_call_and_n_has_two_answers() -> None:
    all_of_them, one = costs_at_most(seat("m"), quick=False), costs_at_most(seat("m"), quick=True)

    assert (all_of_them["calls"], one["calls"]) == (len(PROBES) + 1, 1)
    assert (all_of_them["tokens"] or 0) > (len(PROBES) + 2) * 100


def test_a_picture_comes_last_for_some_servers_end_over_it() -> None:
    assert list(PROBES)[-1] == "images"
