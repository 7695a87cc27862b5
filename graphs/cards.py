"""Put proposals that say the same on one card of a run's page: who said it, and in which other words."""

from collections.abc import Sequence
from typing import NamedTuple

from ..core.agreement.closed import closed_answers
from ..core.run.records import RETRIEVAL, USABLE, Agreed, Proposal


class Card(NamedTuple):
    """Be what one or several proposals of a layer say."""

    said_by: list[int]
    """Which of the layer's proposals, in order; the first one's text is shown."""
    wordings: list[list[int]]
    """Those who say it in other words, each wording once."""


def dealt(proposals: Sequence[Proposal], agreed: Agreed | None) -> list[Card]:
    """Deal a layer's proposals to cards: one for each text, or failure, and for each final answer that several give.

    Args:
        proposals: The layer's.
        agreed: Who agrees, as the gate concluded; where nobody looked, short final answers are compared here.
    """
    texts: dict[object, list[int]] = {}
    for number, proposal in enumerate(proposals):
        texts.setdefault(_sameness(number, proposal), []).append(number)
    answers = _answers(proposals, agreed)
    cards: dict[object, list[list[int]]] = {}
    for numbers in texts.values():
        answer = next((answers[number] for number in numbers if number in answers), None)
        cards.setdefault(("alone", numbers[0]) if answer is None else answer, []).append(numbers)
    shown = agreed["representative"] if agreed else None
    return [_card(wordings, proposals, shown) for wordings in cards.values()]


def _sameness(number: int, proposal: Proposal) -> object:
    """Return what is equal for equal proposals; what a person touched is like no other."""
    if proposal["reviewed"] or proposal["layer"] <= RETRIEVAL:
        return number
    if proposal["status"] in USABLE:
        return proposal["text"].strip()
    return proposal["status"], proposal["error"], proposal["text"]


def _answers(proposals: Sequence[Proposal], agreed: Agreed | None) -> dict[int, int]:
    """Return which group each proposal is of that says what others say."""
    numbers = [n for n, p in enumerate(proposals) if p["status"] in USABLE and not p["reviewed"]]
    if agreed is None:
        is_layer = len(numbers) > 1 and proposals[0]["layer"] > RETRIEVAL
        groups = closed_answers()([proposals[n]["text"] for n in numbers])["groups"] if is_layer else []
        return {numbers[place]: group for group, places in enumerate(groups) for place in places}
    of = {name: group for group, names in enumerate(agreed["groups"]) for name in names}
    return {n: of[proposals[n]["proposer"]] for n in numbers if proposals[n]["proposer"] in of}


def _card(wordings: list[list[int]], proposals: Sequence[Proposal], shown: str | None) -> Card:
    """Show the text first that stands for the others."""
    first = next((w for w in wordings if shown in [proposals[n]["proposer"] for n in w]), wordings[0])
    others = [wording for wording in wordings if wording is not first]
    return Card([*first, *(number for wording in others for number in wording)], others)
