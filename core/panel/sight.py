"""What a seat's model can read beside text: as its profile says, and as its server turned out to refuse."""

from collections.abc import Sequence
from typing import get_args

from langchain_core.messages import BaseMessage

from ..errors import ConfigError, InputError
from ..media.blocks import MediaKind, asked_about, kinds_in, named_media
from ..models.objections import kinds_without
from .habits import HABITS
from .seats import Seat, Unreadable


def check_unreadable(given: object, where: str) -> None:
    """Refuse what is no such choice.

    Raises:
        ConfigError: It is none.
    """
    if given not in get_args(Unreadable):
        raise ConfigError(f"found unreadable={given!r:.80}{where}, expected 'skip' or 'text'")


def blind_to(seat: Seat, messages: Sequence[BaseMessage]) -> frozenset[MediaKind]:
    """Return which kinds of what is in messages a seat's model cannot read; what nobody knows, it is sent."""
    kinds = kinds_in(messages)
    if not kinds:
        return kinds
    return kinds & (seat.blind | kinds_without(HABITS.refused(seat)))


def kept_from(seat: Seat, conversation: Sequence[BaseMessage]) -> frozenset[MediaKind]:
    """Return for the sake of which kinds a seat is not asked at all: those that the question is about.

    What was shown before an earlier answer keeps nobody from the next question: it is put as a note.
    """
    if seat.unreadable != "skip" or seat.role != "proposer":
        return frozenset()
    return blind_to(seat, asked_about(conversation)) if kinds_in(conversation) else frozenset()


def why_skipped(seat: Seat, kinds: frozenset[MediaKind]) -> str:
    """Say why a seat is not asked."""
    return f"found {named_media(kinds)}, which {seat.label} cannot read; it was not asked"


def check_read(seats: Sequence[Seat], conversation: Sequence[BaseMessage], *, needed: int = 1) -> None:
    """Refuse a conversation that too few models can read, before anybody is asked.

    Args:
        seats: Who is asked first.
        conversation: What they are asked.
        needed: How many of them must answer.

    Raises:
        InputError: There are too few.
    """
    if not kinds_in(conversation):
        return
    open_part = asked_about(conversation)
    lost = [seat for seat in seats if not _may_be_asked(seat, open_part)]
    if not lost or len(seats) - len(lost) >= min(needed, len(seats)):
        return
    kinds = frozenset[MediaKind]().union(*(blind_to(seat, open_part) for seat in lost))
    names = ", ".join(dict.fromkeys(seat.label for seat in lost))
    few = f"at least {needed} models that can read it" if needed > 1 else "a model that can read it"
    raise InputError(
        f"found {named_media(kinds)} in the conversation, expected {few}, and {names} cannot; nothing was asked: ask "
        "others, or let these have the text alone with Proposer(..., unreadable='text')"
    )


def _may_be_asked(seat: Seat, messages: Sequence[BaseMessage]) -> bool:
    """Tell who can be asked: whoever reads all, or may have the text alone."""
    return any(one.unreadable == "text" or not blind_to(one, messages) for one in (seat, *seat.substitutes))
