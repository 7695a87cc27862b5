"""Say which proposals an answer's lines stand in, word for word."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .records import USABLE, Proposal


class Origin(NamedTuple):
    """Be one line of an answer."""

    line: str
    proposers: list[str]
    """Whose proposals hold it, of the first layer in which any does; none where nobody wrote it before."""


class Joined(NamedTuple):
    """Count what an answer was joined from."""

    lines: int
    """Of the answer, each of which stands in a proposal."""
    proposed: int
    """Lines of all proposals, each counted once."""
    had: Mapping[str, int]
    """How many of the answer's lines each proposal holds; all of them are in none."""


def origins(answer: str, proposals: Sequence[Proposal]) -> list[Origin]:
    """Find each line of an answer in the proposals of its turn.

    Args:
        answer: The answer.
        proposals: The turn's proposals, all layers.
    """
    layers = [_usable(proposals, number) for number in sorted({p["layer"] for p in proposals if p["layer"] >= 1})]

    def holders(line: str) -> list[str]:
        holding = ([name for name, lines in layer.items() if line in lines] for layer in layers)
        return next(filter(None, holding), [])

    return [Origin(line, holders(line)) for line in _lines(answer)]


def joined(answer: str, proposals: Sequence[Proposal]) -> Joined | None:
    """Count what an answer has of each first proposal, where it was joined from them and none had all of it.

    Args:
        answer: The answer.
        proposals: The turn's proposals, all layers.
    """
    first, lines = _usable(proposals, 1), _lines(answer)
    had = {name: sum(line in mine for line in lines) for name, mine in first.items()}
    proposed = set().union(*first.values())
    if not proposed.issuperset(lines) or len(lines) <= max(had.values(), default=len(lines)):
        return None
    return Joined(len(lines), len(proposed), had)


def in_words(counted: Joined) -> str:
    """Say in a line what an answer was joined from."""
    each = ", ".join(f"{name} {count}" for name, count in counted.had.items())
    return (
        f"the answer joins {counted.lines} of the {counted.proposed} lines proposed; "
        f"no proposal had more than {max(counted.had.values())} of them ({each})"
    )


def _usable(proposals: Sequence[Proposal], layer: int) -> dict[str, dict[str, None]]:
    return {p["proposer"]: _lines(p["text"]) for p in proposals if p["layer"] == layer and p["status"] in USABLE}


def _lines(text: str) -> dict[str, None]:
    """Return the lines of a text, each once, in their order; a page may have very many to be looked up."""
    return dict.fromkeys(line.strip() for line in text.splitlines() if line.strip())
