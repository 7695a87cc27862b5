"""Questions to put to a mixture one after the other, and the rows that become of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any, NotRequired

from typing_extensions import TypedDict

from ...core.run.records import Cost, Report, Spared, Status
from ...nodes.prompting.request import Form


@dataclass(frozen=True, kw_only=True)
class Question:
    """Be one question of many: a conversation to answer, and perhaps further turns of it."""

    id: str
    """Unique among the questions."""
    messages: Sequence[Mapping[str, Any]]
    """The conversation as `{"role": ..., "content": ...}`; its last message is what gets answered."""
    later: Sequence[str] = ()
    """What the user says next, turn by turn, each once the one before it is answered (MT-Bench)."""
    gold: str | None = None
    """The right answer, where it is known."""
    repeat: int = 1
    """Which time it is asked: a cache keeps the answers of each apart."""
    form: Form | None = field(default=None, repr=False)
    """What its answer must be, where it is no free text."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """The whole object that it was read from."""


class Row(TypedDict):
    """Hold what became of one question; plain JSON, a line of the file that a batch writes."""

    id: str
    answer: str | None
    """The last turn's; None where there is none."""
    run: Report | None
    """The last turn's report; None where there is no answer."""
    error: str | None
    """Why there is no answer, in one line."""
    gold: str | None
    seconds: float
    """How long the question took, all its turns."""
    object: NotRequired[Any]
    """What the answer holds, where a batch was given a schema."""
    turns: NotRequired[list["AnsweredTurn"]]
    """All turns that were answered, in order, where the question has more than one."""
    cost: NotRequired[Cost]
    """What the question cost, all its turns, and tries that failed, as far as they are known; at most where nobody
    counted."""
    spared: NotRequired[Spared]
    """What it would have cost beyond that without a cache, and the seconds that this spared."""
    proposals: NotRequired[list["RowProposal"]]
    """What the proposers of the last turn answered, all layers, in the order of their declaration."""


class RowProposal(TypedDict):
    """Hold what one proposer answered, as far as it is of use once the run is over."""

    layer: int
    proposer: str
    """Its name, without the number of its sample."""
    sample: int
    status: Status
    text: str | None
    """None where there is none that may be shown."""
    model: str
    served_model: str | None
    tokens: int | None
    usd: float | None
    seconds: float
    tier: NotRequired[str | None]
    """As a call of the report has it: only where another tier than the usual one answered, or was asked for."""


class AnsweredTurn(TypedDict):
    """Hold one turn of a question that has several."""

    answer: str
    run: Report


AnyQuestion = Question | str | Mapping[str, Any]
"""A question, its text, or an object as a line of a file holds it."""
Questions = str | PathLike[str] | Iterable[AnyQuestion]
"""A file of questions, or what can be gone through more than once."""
