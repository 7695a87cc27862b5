"""What a function of the user's gave the proposals: plain JSON, as all that a run carries."""

from typing import Literal

from typing_extensions import TypedDict

Unscored = Literal["declined", "raised", "invalid", "timeout", "deadline"]
"""Why a proposal has no score: the function `declined` (None or False), `raised` an exception, returned something
`invalid`, took longer than its `timeout`, or the run's `deadline` was over."""


class Score(TypedDict):
    """Say what a function of the user's gave a proposal."""

    proposer: str
    score: float | None
    unscored: Unscored | None
    error: str | None
    """The same in words; None where there is a score."""
    seconds: float


class Picking(TypedDict):
    """Say which proposal a function picked, and what it gave to all."""

    function: str
    picked: str | None
    """Whose proposal is the answer; None where none has a score."""
    scores: list[Score]
    """As the proposals were declared; those with one text were scored once."""
    seconds: float
