"""The ranker: a model names the best proposal, and that one is the answer, word for word."""

from collections.abc import Sequence
from functools import partial

from langchain_core.messages import AIMessage

from ..core.panel.declared import Rank
from ..core.panel.seats import Seat
from ..core.run.records import Proposal
from ..core.text import text_in
from .answer import word_for_word
from .chain import Attempts, Outcome, what_failed
from .choice import read_choice, shuffled
from .prompting.prompt_writer import PromptWriter

NO_VERDICT = "named no proposal as it was asked to"


async def rank_in_order(rank: Rank, seats: Sequence[Seat], asking: Attempts, *, writer: PromptWriter) -> Outcome:
    """Ask rankers one after the other until one names a proposal.

    Args:
        rank: How to rank.
        seats: The rankers.
        asking: How they are asked, within what the budget leaves.
        writer: How proposals are put to them.

    Returns:
        What came of it; no answer where nobody named one, or the answer must call tools or keep to a form.
    """
    turn, layer, request = asking.turn, asking.layer, asking.rules.request
    references = turn.references(layer)
    if request and request.needs_author:
        return Outcome([], None, lost=["nothing was ranked: only a model that is asked can call tools, or keep a form"])
    if len(references) == 1:
        return _named(references[0], asking, [], "the only usable proposal; nobody was asked to rank it")
    lost: list[str] = []
    for seat in seats:
        order = shuffled(references, rank.seed, seat.name)
        texts = [p["text"] for p in order]
        prompt = asking.affordable(writer, seat, texts).write(seat, turn, layer, texts)
        if prompt.leaves_out_analysis:
            asking.note_left_out(seat)
        fits = partial(_names_one, size=len(order))
        first = await asking.ask(seat, prompt, answers=False, fits=fits)
        call, message = await asking.ask_with_room(seat, prompt, *first, answers=False, fits=fits)
        choice = read_choice(text_in(message), len(order)) if message and call["status"] == "ok" else None
        if choice:
            best = order[choice.best[0]]
            return _named(best, asking, lost, f"{seat.name} ranked {best['proposer']} first of {len(order)}")
        if call["status"] == "ok":
            call = asking.calls[-1] = {**asking.calls[-1], "status": "invalid", "error": NO_VERDICT}
        lost.append(what_failed(seat, call))
    return Outcome(asking.calls, None, too_much=asking.too_much, lost=lost)


def _names_one(answer: AIMessage, size: int) -> bool:
    return read_choice(text_in(answer), size) is not None


def _named(best: Proposal, asking: Attempts, lost: Sequence[str], note: str) -> Outcome:
    answer: AIMessage = word_for_word(best)
    is_cut, notes = best["status"] == "truncated", [*asking.notes, note]
    return Outcome(asking.calls, answer, is_cut, asking.too_much, lost=lost, notes=notes)
