"""Who sits in a mixture: what the user declares, and what becomes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any, Final, Literal

from ..agreement.vote import Vote
from ..models.capabilities import Model, Transport
from ..models.effort import Effort
from ..models.limits import Limits
from ..models.prices import Prices
from ..models.resolve import resolve_model
from ..models.service_tiers import Tier
from ..wire.sizes import MOST_BYTES
from .pick import Pick
from .seats import Unreadable

Vary = Literal["wording"]
"""How samples are made to differ: by the words of their task."""


USUAL_TIMEOUT = 180.0
"""Seconds that one call may take where nobody says."""


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
    reasoning_effort: Effort | None = None
    """How much it thinks before it answers; None takes the graph's, which takes the model's own."""
    tier: Tier | None = None
    """The tier of service that it is asked for, such as `flex`, at half the price; None takes the graph's."""
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
    transport: Transport | None = None
    """How its server is asked: `lean`, by this package itself, or `openai`, on the openai package."""
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


@dataclass(frozen=True)
class Analyst:
    """Let a model compare the proposals that go on to the aggregator: it says what they differ on, and answers nothing.

    create_moa(..., analyst=Analyst("openai:gpt-6-luna"))
    create_fusion(proposers=..., analyst="openai:gpt-6-luna", aggregator=...)

    What it found is the state's `disagreement`, which the aggregator is shown. Where it fails, or twice does not say it
    in the form that it is asked for, the aggregator goes without, and the report says so. Where the gate has put all
    proposals into groups by their short answers, those are taken, and nobody is asked.
    """

    model: Chooser
    seed: int = 0
    """What decides the order in which proposals are shown, together with their texts."""


@dataclass(frozen=True, kw_only=True)
class Proposer(ModelSettings):
    """Add settings to one proposer.

    Proposer("openai:gpt-6-luna")
    Proposer(my_model, name="sceptic", system_prompt="Look for what is wrong with the obvious answer.")
    Proposer("openai:gpt-6-luna", instead=["together:openai/gpt-oss-120b"]) # where it fails, the other takes its place
    Proposer("together:openai/gpt-oss-120b", temperature=0.7, samples=3)    # asked three times
    Proposer("openai:gpt-6-luna", reasoning_effort="low")                   # thinks less than it does by itself
    Proposer(my_agent_graph, timeout=None)                                  # may take as long as it likes
    Proposer(my_agent_graph, may_write=True)                                # its tools may change the world
    Proposer("openai:gpt-6-luna", retriever=wiki)                           # its own evidence, in create_rag_moa
    Proposer("openai:gpt-6-luna", reads=("a", "b"))                         # some of the layer before, () for none
    Proposer("openai:gpt-6-luna", debates=True)                             # remembers what it said in layers before
    Proposer("together:deepseek-ai/DeepSeek-V4-Pro", unreadable="text")     # of a question with a picture, the text
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
    unreadable: Unreadable = "skip"
    """What becomes of it where a picture, a file or sound is asked about that its model cannot read: `skip`, which
    costs nothing, or `text`, which gives it the text alone, with a note in the other's place."""
    instead: Sequence["str | Model | Proposer"] = ()
    """Who takes its place where it fails, is refused or says nothing, in this order; each may have settings of its own,
    and has this one's name, samples, system prompt, limits and timeout where it does not say otherwise."""
    carries: bool = False
    """Whether, where it gives no answer, one that it read stands for it, its own name's first; no quorum cuts it."""
    may_write: bool = False
    """Whether a graph may have tools that are not marked read-only: each of several proposers would use them."""


@dataclass(frozen=True)
class Defaults:
    """Carry the options of `create_moa` that every proposer and the aggregator start from."""

    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    max_answer_bytes: int = MOST_BYTES
    samples: int = 1
    context_tokens: int | None = None
    limits: Sequence[Limits] = ()
    prices: Prices = field(default_factory=dict)
    stream_proposals: bool = False
    stream_reasoning: bool = False
    resolve: Callable[..., Model] = resolve_model
    reasoning_effort: Effort | None = None
    more_room: bool = False
    vary: Vary | None = None
    tier: Tier | None = None


ProposerLike = str | Model | Proposer
AggregatorLike = str | Model | Aggregator | Vote | Pick | Rank
Aggregators = AggregatorLike | Sequence[AggregatorLike]
"""One, or several in the order in which they are tried."""
Proposers = Sequence[ProposerLike | Sequence[ProposerLike]]
"""One list, used in every layer but the last, or one list a layer."""


def as_proposer(model: ProposerLike) -> Proposer:
    """Return a proposer's declaration, whole."""
    return model if isinstance(model, Proposer) else Proposer(model)


def as_aggregator(model: ProposerLike) -> Aggregator:
    """Let a proposer's model aggregate, with the same settings; its name stays the proposer's."""
    proposer = as_proposer(model)
    settings = [setting.name for setting in fields(Aggregator) if setting.name != "name"]
    return Aggregator(**{name: getattr(proposer, name) for name in settings})


def proposing(model: Chooser) -> Proposer:
    """Let an aggregator's model answer in a layer before, with the same settings."""
    if not isinstance(model, Aggregator):
        return Proposer(model)
    return Proposer(**{setting.name: getattr(model, setting.name) for setting in fields(Aggregator)})
