"""The shapes of what a run carries: plain JSON, so that checkpoints, reports and traces can hold it."""

from typing import Literal, NotRequired

from langchain_core.messages.ai import UsageMetadata
from typing_extensions import TypedDict

from .cadence import PanelUse
from .cited import Found
from .conversation import Line
from .instead import Missed
from .left_out import LeftOut
from .picking import Picking
from .screening import Screening

Status = Literal[
    "ok",
    "truncated",
    "empty",
    "degenerate",
    "refused",
    "invalid",
    "rate_limited",
    "timeout",
    "error",
    "cancelled",
    "skipped",
    "dropped",
]
"""How a call ended. `truncated` is usable but cut, at its token limit or otherwise; `degenerate` is one piece over and
over; `invalid` has not the form that was asked for, calls what was not offered, or repeats its prompt; `timeout` ran
out of its own time or the run's; `cancelled` was no longer needed, by a quorum or an agreement; `skipped` was never
made, for want of budget or because its prompt does not fit the window; `dropped` was taken out by a reviewer."""

USABLE: frozenset[Status] = frozenset({"ok", "truncated"})
"""The only statuses whose text another model, or the user, is ever shown."""

Reviewed = Literal["edited", "dropped", "sent_back"]

REWRITING, RETRIEVAL = -1, 0
"""The layers before the first: rewriting the question, and retrievers, which propose evidence."""

Place = tuple[int, int]
"""A proposer's position in its layer and the number of its sample: what tells a layer's proposals apart."""


class Cost(TypedDict):
    """Count what calls cost, or cost at most; None is not known, and cannot be bounded."""

    calls: int | None
    tokens: int | None
    usd: float | None


class Spared(Cost):
    """Count what a cached answer cost when it was asked for, and how long that took."""

    seconds: float


Why = Literal["too_long", "loading", "unreachable", "address", "key", "unknown_model", "media"]
"""Why a server did not answer: the prompt was `too_long`, it was still `loading`, nobody could reach it, its `address`
is that of something else, it wants another `key`, does not know the model, or its model reads no such `media`: no
picture, file or sound. Of a call that was `skipped` for that, the model's profile says so."""


class Obstacle(TypedDict):
    """Say why a server did not answer, and what it said of its window."""

    why: Why
    window: int | None
    """Tokens that the model's window holds."""
    tokens: int | None
    """Tokens of the prompt, as the server counted them."""


Cut = Literal["quorum", "agreed", "deadline"]
"""What cut a call short: a `quorum` was there without it, the others `agreed`, or the run's `deadline` was over."""


class Call(TypedDict):
    """Say what came of one model call; plain JSON, so that checkpoints and reports can hold it."""

    status: Status
    model: str
    """The model that was asked for."""
    served_model: str | None
    """The model that the server says answered."""
    endpoint: str | None
    """Where an OpenAI-compatible model was asked: what tells two servers apart that call their models the same."""
    transport: Literal["lean", "openai"] | None
    """How it was asked there: by this package itself, or by LangChain's packages on the openai package."""
    cut: Cut | None
    finish_reason: str | None
    """Why it ended as its server says, each reason once; several are joined by `+`."""
    reasoning: str | None
    """What was thought before the answer, where that was told; never in a prompt, a vote or `messages`."""
    usage: UsageMetadata | None
    at_most: Cost | None
    """What a call that nobody counted, because it broke off or was cut, may have cost; None where `usage` is known."""
    calls: int
    """Model calls behind this one: 1, more where the proposer is itself a graph, 0 where none was made."""
    retries: int | None
    """Requests that the client sent again; None where the model was not built from a string."""
    cached: bool
    """Whether the answer came from the cache, and cost nothing."""
    spared: NotRequired[Spared]
    """What it would have cost without the cache."""
    tier: NotRequired[str | None]
    """The tier of service that answered, `batch` in a provider's batch; None where one was asked for, and its server
    does not say which answered. Not there where neither is another than the usual one."""
    probability: NotRequired[float]
    """How likely its tokens were, their mean or the least likely one, where that was asked for and told."""
    left_out: list[LeftOut]
    """What its request went without, for its server refuses it."""
    instead_of: NotRequired[list[Missed]]
    """In whose place it was asked, the first one who was declared; what they cost is in the sums."""
    no_room: NotRequired[bool]
    """Whether the limit of tokens was reached while it thought, or soon after: there is no answer, or not all of it."""
    more_room: NotRequired[int]
    """The limit with which it was asked once more for that."""
    windows: int
    """In how many parts its references were read, one call each; more than 1 where they did not fit."""
    references_cut: int
    """References and passages that had to be shortened, or left out, to fit the model's window."""
    carried: bool
    """Whether the text is that of the layer before, or of windows before the last, for the last call gave none."""
    unread: bool
    """Whether its author was not shown all of its references, for a window of them failed."""
    usd: float | None
    """None where the price is not known; 0.0 means free."""
    started: float
    """Unix time in seconds."""
    waited: float
    """Seconds in line for a provider's limits; of one that the run's deadline cut, since its layer began."""
    seconds: float
    tried_s: float
    """Seconds that other attempts at it took; what those cost is in the sums, and in `at_most` where nobody counted."""
    obstacle: Obstacle | None
    """Why its server did not answer, where that is known."""
    error: str | None
    """One line for people. It never enters a prompt."""


class Proposal(Call):
    """Hold one proposer's answer, or why there is none."""

    turn: str
    """The digest of the conversation being answered: what keeps one turn's proposals out of the next."""
    layer: int
    name: str
    """The proposer's, as declared."""
    proposer: str
    """The same, with the sample's number where it was asked several times."""
    position: int
    """The proposer's place in its layer, as declared."""
    sample: int
    text: str
    reviewed: Reviewed | None
    """What a person decided about it: `edited` (the text is theirs), `dropped`, or `sent_back` to be asked again."""


class Retrieved(Proposal):
    """Hold what one retriever found: layer 0; `text` says from where, `passed_over` what of its files holds none."""

    found: list[Found]
    passed_over: list[str]


class Aggregation(Call):
    """Hold one aggregator's call, and what it was told."""

    prompt: list[Line]


class Agreed(TypedDict):
    """Say who of a layer's proposers agree, by their names."""

    measure: str
    groups: list[list[str]]
    """The largest group first; who said nothing that can be compared is in none."""
    score: float
    """The largest group's share of all who were asked."""
    answer: str | None
    """What the largest group says, in one line, where the measure knows."""
    representative: str | None
    """Whose proposal stands for the largest group."""
    abstained: str | None
    """Why nothing can be said; None where something can."""
    models: int
    """How many different models the largest group is, by what was asked for and by what servers say answered."""
    reached: bool
    """Whether they are as many as the early stop asks for."""
    seconds: float
    """How long judging took."""
    call: Call | None
    """The model call that it took, where a judge was asked."""


class Consultation(TypedDict):
    """Say what came of asking about a layer: an analyst, where neither field has anything, had nothing to compare."""

    skipped: str | None
    """Why nobody was asked; None where somebody was."""
    call: Call | None


class Moderation(Consultation):
    """Say what a moderator made of a layer."""

    kept: list[str]
    """Whose proposals go on, by their names, in the order of declaration."""
    stop: bool
    """Whether it said that no more are needed."""


class Confidence(TypedDict):
    """Say how sure the one model of a first stage is of its answer; `unknown` says why nobody knows."""

    measure: str
    """`self-check`, `check`, `logprobs`, or the name of a function."""
    proposer: str
    probability: float | None
    threshold: float
    unknown: str | None
    reached: bool
    """Whether it is sure enough for nobody else to be asked."""
    seconds: float
    """How long that took, beside its call."""
    call: Call | None


class Verdict(TypedDict):
    """Say what a gate concluded about its layer."""

    turn: str
    layer: int
    wave: int
    """Which part of the layer it follows, from 1; a layer that is asked at once has one."""
    asked: int
    usable: int
    source: int
    """The layer whose proposals the next step gets as references."""
    next: str
    """`layer_<n>`, `wave_<n>` (the rest of this layer), `aggregate` or `answer`."""
    agreement: Agreed | None
    """Who agrees; None where nobody looked."""
    confidence: NotRequired[Confidence | None]
    """How sure the only one that was asked is; None where nobody looked."""
    escalated: NotRequired[list[str]]
    """Whom the next step asks instead of more of the same."""
    moderation: Moderation | None
    """Who goes on; None where no moderator looked, and all do."""
    screening: Screening | None
    """Whose claims stand alone, and who is shown to nobody for it; None where no screen looked."""
    analysis: NotRequired[Consultation]
    """The analyst's call; not there where none was asked to compare what this gate passed on."""
    saved: int
    """Calls that agreement, one's confidence, or a moderator, made needless: never made, or cut."""
    reason: str
    budget: str | None
    """Which limit kept the next layer from being asked, with both numbers; None where none did."""


class Report(TypedDict):
    """Tell the caller the truth about a run; it is the state's `run`."""

    turn: str
    mixture: str
    """Who sits where, and the state's format: what a thread is checked against before it is resumed."""
    stopped: str
    """`running`, `completed`, `agreed` (steps were left out, for proposals agreed), `confident` (for one was sure),
    `moderated`, `budget` (a step did not fit, or its time was over) or `fell_back` (on what came before a failure)."""
    layers: int
    """Layers run so far, the aggregator's included."""
    calls: int
    saved: int
    """Calls that agreement made needless."""
    usage: UsageMetadata
    usd: float | None
    seconds: float
    degraded: str | None
    """None for a full answer, else what is missing from it."""
    truncated: bool
    """Whether the answer was cut at its author's token limit."""
    notes: list[str]
    """What is worth knowing and no loss: another model served, references were shortened, the cache answered."""
    spared: NotRequired[Spared]
    """What a cache spared, where it answered: calls, tokens, dollars and seconds that are in none of the sums."""
    picking: NotRequired[Picking]
    """What a function gave the proposals, where one picks."""
    panel: NotRequired[PanelUse]
    """Of a chat model: whether the panel was asked in this call, or earlier in the user's turn."""
    aggregators: list[Aggregation]
    """The aggregators that were tried, in order; the last one wrote the answer, unless `degraded` says otherwise."""


def place_of(proposal: Proposal) -> Place:
    """Return which proposal of its layer this is."""
    return proposal["position"], proposal["sample"]
