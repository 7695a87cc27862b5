"""What a screen made of a layer: whose claims stand alone, and who is shown to nobody else for it."""

from typing_extensions import TypedDict

_LISTED = 3
"""How many reasons stand in a sentence; the fields have all of them."""


class Alone(TypedDict):
    """Name one proposal that says what no other model says, and why that is thought."""

    proposer: str
    answer: str | None
    """Its short answer, in one line; None where it has none, or the measure tells of none."""
    claims: float | None
    """The share of its words, names and numbers that no other model's proposal has; None where answers were
    compared."""
    others: float | None
    """The median of the same share among the others."""


class Screening(TypedDict):
    """Say what a screen made of a layer."""

    alone: list[Alone]
    """Whose claims stand alone, in the order of declaration."""
    removed: list[str]
    """Whose proposals are shown to nobody after that: all of those, or nobody where they are more than `most`."""
    most: int
    """How many could have been removed at most: always fewer than half of the usable proposals."""


def screened_words(screening: Screening | None) -> list[str]:
    """Say who was taken out, and why, for people; or why nobody was."""
    if not screening or not screening["alone"]:
        return []
    if not screening["removed"]:
        number, most = len(screening["alone"]), screening["most"]
        return [
            f"{number} stand{'s' * (number == 1)} alone, and at most {most} may be taken out: nobody was screened out"
        ]
    reasons = [f"{alone['proposer']} was screened out: {_why(alone)}" for alone in screening["alone"]]
    more = len(reasons) - _LISTED
    return [*reasons[:_LISTED], f"and {more} more for the like"] if more > 0 else reasons


def _why(alone: Alone) -> str:
    if alone["claims"] is not None and alone["others"] is not None:
        return f"{alone['claims']:.0%} of what it says stands alone, {alone['others']:.0%} of the others'"
    return f"no other model answers {alone['answer']}" if alone["answer"] else "no other model says the same"
