"""What a node is given: one resolved call to make."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from ..media.blocks import MediaKind
from ..models.capabilities import Model, Transport
from ..models.limits import Limits
from ..models.prices import Prices
from ..run.left_out import LeftOut
from ..run.records import Place

Unreadable = Literal["skip", "text"]
"""What becomes of a proposer whose model cannot read a picture, a file or sound that is asked about: it is skipped, or
is given the text alone, with a note in the other's place."""
Likelihood = Literal["mean", "least"]
"""What of the probabilities of an answer's tokens counts: their mean, or the least of them."""


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Be one resolved call to make: all that a node needs to know about its model."""

    role: str
    """Who is asked: `proposer`, `aggregator`, `moderator`, `analyst`, `rewriter` or `judge`."""
    name: str
    """The proposer's name, unique in its layer."""
    label: str
    """What was asked for, for the report: `provider:model`, or the model's own name."""
    model: Model
    takes_state: bool
    """Whether the model is a graph over `messages`."""
    context: Any
    """A graph's context."""
    one_call: bool
    """Whether asking it is exactly one model call: not so for a chain, a graph, or a model with retries around it."""
    provider: str | None
    """As LangChain's package is called; None for a chain or a graph."""
    endpoint: str | None
    """Where an OpenAI-compatible model sends its requests."""
    transport: Transport | None
    """How it is asked there."""
    server: str | None
    """The server that it was declared with as its own."""
    max_tokens: int | None
    """Tokens that it may answer with, None where nobody said."""
    tool_tokens: int
    """Tokens that the tools and formats bound to it take, at most."""
    window: int | None
    """Tokens that its prompt may have, None where that is not known."""
    limits: tuple[Limits, ...]
    prices: Prices
    system_prompt: str | None
    timeout: float | None
    max_answer_bytes: int
    """What its answer may have; more is no answer, or is cut off."""
    tags: tuple[str, ...]
    retriever: Any
    """What it declared as its own."""
    sees: tuple[str, ...] | None = None
    """The retrievers whose evidence it is shown; None is all."""
    reads: frozenset[int] | None = None
    """The positions in the layer before whose proposals are its references; None is all."""
    is_checked: bool = False
    """Whether whoever asks checks that its answer is the call, or the object, that was asked for."""
    blind: frozenset[MediaKind] = frozenset()
    """What its model cannot read beside text, as its profile says."""
    unreadable: Unreadable = "text"
    """Whether it is skipped where that is asked about, or given the text alone."""
    debates: bool = False
    carries: bool = False
    instead: tuple["Seat", ...] = ()
    """Who takes its place where it fails, in order."""
    position: int = 0
    sample: int = 1
    samples: int = 1
    shares: bool = False
    """Whether its samples may be asked for in one request, which is one node then."""
    slots: int | None = None
    """How many of them one request asks for at most, as was said; None finds out."""
    streams_reasoning: bool = False
    """Whether those who watch a run are shown what it thinks."""
    likelihood: Likelihood | None = None
    """What is asked for of the probabilities of its answer's tokens."""
    twin: int = 0
    """How many earlier proposers of its layer are the same model: their answers are samples, too."""

    wording: int = 0
    """In which of our words it is told what to do, so that samples differ; 0 is in none of them."""
    reads_thinking: bool = False
    """Whether it is shown what its references' authors thought."""
    tier: str | None = None
    """The tier of service that it is asked for, as it was declared; None is the usual one."""
    without: frozenset[LeftOut] = frozenset()
    """What was asked for and is not sent, for its model is known to take none."""

    @property
    def substitutes(self) -> list["Seat"]:
        """Return who takes its place, each shown what it is shown."""
        return [replace(other, sees=self.sees, reads=self.reads) for other in self.instead]

    @property
    def longest(self) -> int | None:
        """Return how many tokens an answer from it may have, whoever takes its place; None where nobody said."""
        limits = [seat.max_tokens for seat in (self, *self.instead)]
        return None if None in limits else max(limit or 0 for limit in limits)

    @property
    def place(self) -> Place:
        """Return which proposal of its layer is this one's."""
        return self.position, self.sample

    @property
    def title(self) -> str:
        """Return the name, with its number where the proposer is asked several times."""
        return f"{self.name}/{self.sample}" if self.samples > 1 else self.name

    @property
    def node(self) -> str:
        """Return what the node that asks it is called in its layer."""
        return self.name if self.shares else self.title

    def reads_from(self, position: int, title: str) -> bool:
        """Tell whether this proposal of the layer before is among its references; in a debate, its own is not."""
        return (self.reads is None or position in self.reads) and not (self.debates and title == self.title)


def with_substitutes(seats: Iterable[Seat]) -> list[Seat]:
    """Return seats, and after each who takes its place where it fails."""
    return [one for seat in seats for one in (seat, *seat.substitutes)]
