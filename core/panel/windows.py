"""How much a seat's prompt may hold: as was declared, and as its server told."""

from ..models.labels import model_label
from ..models.servers import SERVERS, prompt_room
from .seats import Seat


def learn_window(seat: Seat, window: int | None) -> None:
    """Keep what a seat's server said of its window."""
    SERVERS.learn(seat.endpoint, model_label(seat.model), window)


def room_of(seat: Seat) -> int | None:
    """Return the tokens that a seat's prompt may have, as declared and as its server told; None is not known."""
    if seat.endpoint is None or not SERVERS.tell:
        return seat.window
    window = SERVERS.window(seat.endpoint, model_label(seat.model))
    if window is None:
        return seat.window
    room = prompt_room(window, seat.max_tokens)
    return room if seat.window is None else min(seat.window, room)
