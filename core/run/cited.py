"""What was found for an answer, and what it cites, as reports and checkpoints hold it."""

from typing import Any, Literal

from typing_extensions import TypedDict

Unchecked = Literal["short", "long", "many", "apart", "title", "unclosed"]
"""Why nobody compared a quote: it is too `short` to tell from a word that is talked about, or too `long`; there are too
`many`; words stand between it and the id that may make it somebody else's (`apart`); it may be the `title` of a work; a
quotation mark is `unclosed`. One that stands in its passage all the same counts as compared."""


class Found(TypedDict):
    """Hold one passage as one retriever gave it for one query."""

    text: str
    source: str
    metadata: dict[str, Any]
    """JSON values only."""
    query: str
    rank: int
    """From 1."""


class Evidence(TypedDict):
    """Hold one passage that models are shown and may cite."""

    id: str
    """`E1`, `E2`, ...; what its content is known by, before it is numbered."""
    source: str
    text: str
    found_by: list[str]
    """The retrievers' names, as declared."""
    score: float
    metadata: dict[str, Any]
    cut: int
    """How many did not fit `evidence_tokens`: itself, if its text is a part, and those left out behind it."""


class Citation(TypedDict):
    """Say which passage an answer cites, and whether it may."""

    id: str
    source: str | None
    """None where there is no such passage."""
    quote: str | None
    """What the answer quotes from it, word for word."""
    position: int
    """Where the id stands in the answer."""
    found_at: int | None
    """Where the quote begins in the passage's text; None without one, or where it is not there."""
    abridged: bool
    """Whether what an ellipsis leaves out of the quote is more than a sentence, or a word that turns it round."""
    unchecked: Unchecked | None
    """Why a quote beside the id was not compared; None where it was, or where there is none."""
    unread: bool
    """Whether the id stands in what could not be read as a citation; it is neither right nor wrong then."""
    problem: str | None
    """One sentence; None where the citation is right."""
