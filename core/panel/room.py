"""More room for an answer that thinking left none for."""

from dataclasses import replace
from typing import TYPE_CHECKING

from ..models.capabilities import (
    LIMIT_NAMES,
    Model,
    answer_limit_of,
    limit_set,
    map_chat_models,
    profile_in,
    without_bound,
)
from .seats import Seat

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def with_room(seat: Seat) -> Seat | None:
    """Return a seat whose answers may have twice as many tokens, or as many as its model's profile allows.

    Args:
        seat: Who had too little.

    Returns:
        The seat; None where it has no limit to raise, or its model can write no more.
    """
    limit = limit_set(seat.model) if seat.one_call else None
    if limit is None:
        return None
    name, tokens = limit
    more = min(2 * tokens, profile_in(seat.model).get("max_output_tokens") or 2 * tokens)
    if more <= tokens:
        return None

    def raised(chat: "BaseChatModel") -> Model:
        if isinstance(getattr(chat, name, None), int) and name in type(chat).model_fields:
            return chat.model_copy(update={name: more})
        return chat.bind(**{name: more})

    model = map_chat_models(without_bound(seat.model, LIMIT_NAMES), raised)
    return replace(seat, model=model, max_tokens=answer_limit_of(model))
