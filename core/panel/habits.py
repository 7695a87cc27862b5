"""What servers turned out to refuse of what this package adds to a request, and how a model is asked without it.

It is known of a server and its model, for all mixtures of the process: a chat template does not change with who asks.
How many samples a request may ask for is another matter (`sampling.py`): that is also how a mixture was declared.
"""

import weakref
from itertools import count
from typing import TYPE_CHECKING

from ..models.capabilities import Model, chat_model_of, map_chat_models, without_bound, without_streaming
from ..models.labels import model_label
from ..models.servers import SERVERS
from ..run.records import LeftOut
from .seats import Seat

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class Habits:
    """Know servers by their address, and models without one for as long as they live."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._numbers = count()

    def refused(self, seat: Seat) -> frozenset[LeftOut]:
        """Return what a seat's server is known to refuse."""
        server = seat.endpoint or self._names.get(id(chat_model_of(seat.model)))
        return SERVERS.refused(server, model_label(seat.model)) if server else frozenset()

    def learn(self, seat: Seat, parts: frozenset[LeftOut]) -> None:
        """Keep what a seat's server refused, and did without."""
        chat = chat_model_of(seat.model)
        server = seat.endpoint or self._names.get(id(chat))
        if not server:
            server = self._names[id(chat)] = f"object {next(self._numbers)}"
            weakref.finalize(chat, self._names.pop, id(chat), None)  # another object may get its address
        SERVERS.learn_refused(server, model_label(seat.model), parts)


HABITS = Habits()
"""The process's own."""


def model_without(model: Model, parts: frozenset[LeftOut]) -> Model:
    """Return a model that is asked without streaming, or streams without asking for its usage.

    Args:
        model: A chat model.
        parts: What its server refuses; roles are no matter of the model.
    """
    if "streaming" in parts:
        return without_streaming(without_bound(model, {"stream"}))
    if "stream_options" in parts:
        return map_chat_models(without_bound(model, {"stream_usage"}), _uncounted)
    return model


def _uncounted(chat: "BaseChatModel") -> Model:
    if "stream_usage" in type(chat).model_fields:
        return chat.model_copy(update={"stream_usage": False})
    return chat.bind(stream_usage=False)
