"""Bound what calls cost whose references are not written yet."""

from collections.abc import Iterator, Sequence

from langchain_core.messages import AnyMessage

from ...core.bounds.budget import call_at_most, prompt_at_most
from ...core.panel.room import with_room
from ...core.panel.seats import Seat
from ...core.panel.sight import kept_from
from ...core.panel.windows import room_of
from ...core.run.cited import Evidence
from ...core.run.costs import NOTHING, total
from ...core.run.records import Cost
from ...core.run.turn import Turn
from ...prompts import THOUGHT_TOKENS
from .prompt import Prompt
from .prompt_writer import PromptWriter
from .request import equipped


def forecast(
    writer: PromptWriter,
    seat: Seat,
    conversation: Sequence[AnyMessage],
    authors: Sequence[Seat],
    evidence: Sequence[Evidence] | None = None,
    *,
    layer: int = 2,
) -> Cost:
    """Bound a call whose references are not written yet, by what their authors may write.

    A reference is counted at twice the tokens of its author's limit: no two tokenizers agree.

    Args:
        writer: How references are put.
        seat: Whom it asks.
        conversation: What it answers.
        authors: Who writes the references.
        evidence: The passages; None where nobody has looked for it yet.
        layer: Its layer, for one who debates: what was said in all layers before comes along.
    """
    if kept_from(seat, conversation):
        return NOTHING
    authors = [author for author in authors if seat.reads_from(author.position, author.title)]
    limits = [author.longest for author in authors]
    more = None if None in limits else sum(2 * (limit or 0) for limit in limits)
    if seat.reads_thinking and more is not None:
        more += len(authors) * THOUGHT_TOKENS
    if evidence is None and more is not None:
        more += writer.evidence_tokens
    if more is not None:
        more += writer.analysis_tokens
    written = writer.compose(seat, conversation, [""] * len(authors), evidence or [])
    if seat.debates and more is not None and layer > 1:
        own = None if seat.max_tokens is None else 2 * seat.max_tokens
        again = (layer - 2) * (more + prompt_at_most(written))
        more = None if own is None else more + again + (layer - 1) * own
    window = room_of(seat)
    fits = window is None or more is None or prompt_at_most(written) + more <= window
    fits = fits and (writer.window is None or len(authors) <= writer.window)
    folds = 0 if fits or writer.overflow != "fold" else max(len(authors) - 2, 0)
    if folds and more is not None:
        return Prompt(written, folds=folds, unread=more).at_most(seat)
    cost = call_at_most(seat, written, more=more)
    return total([cost] * (folds + 1))


def bound_room(writer: PromptWriter, seats: Sequence[Seat], turn: Turn, layer: int) -> Iterator[Cost]:
    """Bound asking each of these proposers once more, with more room for its answer.

    Args:
        writer: How references are put.
        seats: Who may have had too little.
        turn: The turn as they see it.
        layer: Theirs.
    """
    for seat in seats:
        if roomier := with_room(seat):
            yield writer.write(seat, turn, layer).at_most(roomier)


def bound_step(
    writer: PromptWriter,
    seats: Sequence[Seat],
    turn: Turn,
    layer: int,
    *,
    chain: Sequence[Seat],
    authors: Sequence[Seat],
) -> Iterator[Cost]:
    """Bound asking these proposers, and the aggregator after them.

    Args:
        writer: How references are put.
        seats: Whom to ask.
        turn: The turn as they will see it.
        layer: Theirs.
        chain: The aggregators.
        authors: Whose answers the aggregator will read.
    """
    for seat in seats:
        yield writer.write(seat, turn, layer).at_most(seat)
    for last in chain[:1]:
        evidence = turn.evidence(last.sees)
        yield forecast(writer, equipped(last, writer.request), turn.messages, authors, evidence)
