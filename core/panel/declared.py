"""Who sits in a mixture: what the user declares, and what becomes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ..agreement.vote import Vote
from ..models.capabilities import Model
from ..models.limits import Limits
from ..models.prices import Prices
from ..models.resolve import resolve_model
from ..run.state import Place


class Unset(Enum):
    """Mark an option that was not given, where None already means something."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True, kw_only=True)
class ModelSettings:
    """Hold what can be said about one model; write `Proposer(...)` or `Aggregator(...)`."""

    model: "str | Model" = field(kw_only=False)
    name: str | None = None
    """Shown in the drawing, the events and the report; taken from the model where not given."""
    system_prompt: str | None = None
    """One of its own, placed after the conversation's."""
    temperature: float | None = None
    """None takes the graph's, which takes the model's own."""
    max_tokens: int | None = None
    """Limit of answer tokens; None takes the graph's, which takes the model's own."""
    top_p: float | None = None
    """Share of the likeliest tokens to sample from; None takes the model's own."""
    seed: int | None = None
    """What sampling starts from, for servers that go along; further samples count on from it."""
    stop: str | Sequence[str] | None = None
    """Texts that end its answer."""
    base_url: str | None = None
    """An OpenAI-compatible server to ask instead of the provider's, for a model that is named by a string."""
    api_key_env: str | None = None
    """The name of the environment variable that holds this server's key; None is LANGGRAPH_MOA_API_KEY, or the
    provider's where there is no `base_url`."""
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    """What is sent along with each request; `$NAME`, or `Bearer $NAME`, is taken from the environment."""
    extra_body: Mapping[str, Any] | None = None
    """Fields of each request that only its server knows, such as `{"top_k": 20}`."""
    timeout: float | Unset | None = UNSET
    """Seconds for the whole call, retries included; None is no limit, not given is the graph's."""
    context_tokens: int | None = None
    """Tokens that the model's window holds, prompt and answer together; None takes the graph's, else its profile's."""
    tags: tuple[str, ...] = ()
    """Tags for its traced runs."""
    context: Any = None
    """A graph's context; None is its schema's defaults. That of a graph around the mixture is never passed on."""


@dataclass(frozen=True, kw_only=True)
class Aggregator(ModelSettings):
    """Add settings to the aggregator.

    Aggregator("openai:gpt-6-sol", max_tokens=4000)
    Aggregator(my_model, system_prompt="Answer in one paragraph.", timeout=60)
    aggregator=[Aggregator("openai:gpt-6-sol", timeout=60), "together:moonshotai/Kimi-K3"]     # tried in this order
    """


Chooser = str | Model | Aggregator
"""Who chooses among proposals, as an aggregator is given."""


@dataclass(frozen=True)
class Rank:
    """Be an aggregator that writes nothing: a model names the best proposal, which is the answer word for word.

    create_moa(..., aggregator=Rank("openai:gpt-6-sol"))
    create_moa(..., aggregator=Rank(["openai:gpt-6-sol", "together:moonshotai/Kimi-K3"]))   # in this order

    It is the baseline of Wang et al. 2024 (arXiv 2406.04692), who found synthesis to be better by far. Where one names
    no proposal, the next one is asked, and at last the first usable proposal is taken, which the report tells.
    """

    models: Chooser | Sequence[Chooser]
    seed: int = 0
    """What decides the order in which proposals are shown, together with their texts."""

    @property
    def rankers(self) -> list[Chooser]:
        """Return those who rank, in the order in which they are tried."""
        if isinstance(self.models, Sequence) and not isinstance(self.models, str):
            return list(self.models)
        return [self.models]


@dataclass(frozen=True)
class Moderator:
    """Let a model keep the best proposals of each layer, and end the layers when they need no more.

    create_moa(..., layers=4, moderator=Moderator("openai:gpt-6-luna", keep=3))

    After SMoA (Li et al. 2024, arXiv 2411.03284). Where it fails, or names no proposal, all are kept, and the report
    says so.
    """

    model: Chooser
    keep: int = 3
    """How many proposals of a layer go on."""
    stops: bool = True
    """Whether it may end the layers."""
    seed: int = 0
    """What decides the order in which proposals are shown, together with their texts."""


@dataclass(frozen=True, kw_only=True)
class Proposer(ModelSettings):
    """Add settings to one proposer.

    Proposer("openai:gpt-6-luna")
    Proposer(my_model, name="sceptic", system_prompt="Look for what is wrong with the obvious answer.")
    Proposer("together:openai/gpt-oss-120b", temperature=0.7, samples=3)    # asked three times
    Proposer(my_agent_graph, timeout=None)                                  # may take as long as it likes
    Proposer(my_agent_graph, may_write=True)                                # its tools may change the world
    Proposer("openai:gpt-6-luna", retriever=wiki)                           # its own evidence, in create_rag_moa
    Proposer("openai:gpt-6-luna", reads=("a", "b"))                         # some of the layer before, () for none
    Proposer("openai:gpt-6-luna", debates=True)                             # remembers what it said in layers before
    Proposer("qwen3:8b", base_url="http://localhost:11434/v1")              # a server of its own
    """

    samples: int | None = None
    """How many times it is asked in its layer; None takes the graph's."""
    slots: int | None = None
    """How many samples one request asks for at most, as many as its server has slots; None finds out."""
    retriever: Any = None
    """Its own source of evidence, in `create_rag_moa`: a retriever or `Retriever(...)`; None is what all share."""
    reads: tuple[str, ...] | None = None
    """Whose proposals of the layer before are its references, by name; None is all, () is nobody's."""
    debates: bool = False
    """Whether its own earlier proposals are put to it as what it said itself, and only the others' as references, as in
    Du et al. 2023 (arXiv 2305.14325)."""
    carries: bool = False
    """Whether, where it gives no answer, one that it read stands for it, its own name's first; no quorum cuts it."""
    may_write: bool = False
    """Whether a graph may have tools that are not marked read-only: each of several proposers would use them."""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """Carry the options of `create_moa` that every proposer and the aggregator start from."""

    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    samples: int = 1
    context_tokens: int | None = None
    limits: Sequence[Limits] = ()
    prices: Prices = field(default_factory=dict)
    stream_proposals: bool = False
    resolve: Callable[..., Model] = resolve_model


@dataclass
class AtOnce:
    """Ask for all samples in one request, whose prompt is paid for once, for as long as the server goes along."""

    works: bool = True
    most: int | None = None
    """How many samples one request asks for, as was said, or as its server told; None is all."""


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Be one resolved call to make: all that a node needs to know about its model."""

    role: str
    """`proposer` or `aggregator`."""
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
    tags: tuple[str, ...]
    retriever: Any
    """What it declared as its own."""
    sees: tuple[str, ...] | None = None
    """The retrievers whose evidence it is shown; None is all."""
    reads: frozenset[int] | None = None
    """The positions in the layer before whose proposals are its references; None is all."""
    debates: bool = False
    carries: bool = False
    position: int = 0
    sample: int = 1
    samples: int = 1
    at_once: AtOnce | None = None
    """Shared by the samples of one proposer that may be asked for in one request."""
    twin: int = 0
    """How many earlier proposers of its layer are the same model: their answers are samples, too."""

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
        return self.name if self.at_once else self.title

    def reads_from(self, position: int, title: str) -> bool:
        """Tell whether this proposal of the layer before is among its references; in a debate, its own is not."""
        return (self.reads is None or position in self.reads) and not (self.debates and title == self.title)


ProposerLike = str | Model | Proposer
AggregatorLike = str | Model | Aggregator | Vote | Rank
Aggregators = AggregatorLike | Sequence[AggregatorLike]
"""One, or several in the order in which they are tried."""
Proposers = Sequence[ProposerLike | Sequence[ProposerLike]]
"""One list, used in every layer but the last, or one list a layer."""
