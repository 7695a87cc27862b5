"""What may be written of a mixture: the keys of a settings file, each with its description."""

from collections.abc import Callable, Collection
from typing import Any

from pydantic import Field

from ...core.evidence.retrievers import OnWrong
from ...core.models.capabilities import Transport
from ...core.models.effort import Effort
from ...core.models.presets import presets
from ...core.models.service_tiers import Tier
from ...core.panel.declared import USUAL_TIMEOUT, Vary
from ...core.wire.sizes import MOST_BYTES
from ...graphs.systems import DebateIf
from ...nodes.prompting.prompt_writer import References
from ...prompts import Placement, load_template
from .systems import SystemName
from .tables import (
    BudgetTable,
    ConfidenceTable,
    Count,
    EarlyStopTable,
    Layers,
    LimitsTable,
    ModelTable,
    Nothing,
    Number,
    Positive,
    PriceTable,
    ProposerTable,
    QuorumTable,
    Samples,
    ScreenTable,
    Share,
    Table,
    WhenAgreed,
)

VOTE = "vote"
"""How a count of votes is written where a model is expected."""
ProposerSpec = str | ProposerTable
AggregatorSpec = str | ModelTable
Schema = dict[str, Any]


def edited_at(nodes: Collection[str]) -> Callable[[Schema], None]:
    """Mark a prompt for Studio's editing, at the nodes that are told it (its keys are LangSmith's)."""

    def mark(schema: Schema) -> None:
        schema |= {"default": load_template(None).text, "langgraph_type": "prompt", "langgraph_nodes": sorted(nodes)}

    return mark


def _known_presets(schema: Schema) -> None:
    schema["enum"] = list(presets())


class Fields(Table):
    """Hold what was written, and nothing of what becomes of it."""

    system: SystemName | Nothing = Field(
        default=None, description="What is built of the models, such as self-moa or debate; see docs/systems.md."
    )
    preset: str | Nothing = Field(
        default=None,
        description="A mixture by name: together, openai or offline.",
        json_schema_extra=_known_presets,
    )
    proposers: list[ProposerSpec | list[ProposerSpec]] | Nothing = Field(
        default=None,
        description="A model that answers in parallel with others, provider:model.",
        examples=[["offline:words", "offline:stems", "offline:phrases"]],
    )
    aggregator: AggregatorSpec | list[AggregatorSpec] | Nothing = Field(
        default=None,
        description="The model that writes the answer, or several, tried in this order; or vote.",
        examples=["offline:words", VOTE],
    )
    window: Count | Nothing = Field(default=None, description="References in a prompt; 6 in self-moa-seq, else all.")
    rounds: Count | Nothing = Field(default=None, description="Rounds of a debate; 2 where not given.")
    debate_if: DebateIf | Nothing = Field(
        default=None, description="When a debate goes on: they differ (where not given), or always."
    )
    moderator: str | Nothing = Field(default=None, description="Who moderates smoa; the aggregator where not given.")
    keep: Count | Nothing = Field(default=None, description="Proposals of a layer that smoa keeps; 3 where not given.")
    group: Count | Nothing = Field(default=None, description="Answers in a prompt of grouped; 6 where not given.")
    layers: Layers | Nothing = Field(default=None, description="Layers, the aggregator's included; 2 where not given.")
    samples: Samples = Field(default=1, description="How often each proposer is asked; 1 where not given.")
    temperature: Number | Nothing = Field(default=None, description="Sampling temperature of all models.")
    max_tokens: Count | Nothing = Field(default=None, description="Limit of tokens of each answer.")
    reasoning_effort: Effort | Nothing = Field(
        default=None, description="How much models that think do so: low, medium, high ..., or off."
    )
    more_room: bool = Field(
        default=False, description="Ask once more, with more tokens, whose thinking left no room for an answer."
    )
    tier: Tier | Nothing = Field(
        default=None,
        description="Tier of service where one is sold: flex (half the price, later), flex-or-default, priority.",
    )
    vary: Vary | Nothing = Field(
        default=None, description="How samples of a model are made to differ: wording, or not at all."
    )
    timeout: Positive = Field(
        default=USUAL_TIMEOUT, description="Seconds that one call may take; 180 where not given, 900 at flex."
    )
    max_answer_bytes: Count = Field(
        default=MOST_BYTES, description="Bytes that one answer may have, unpacked; 8 MB where not given."
    )
    min_proposals: Count = Field(default=1, description="Usable proposals that a layer needs.")
    early_stop: WhenAgreed | EarlyStopTable = Field(
        default="aggregate", description="What happens when all proposals agree: aggregate, answer, shadow or off."
    )
    screen: bool | ScreenTable = Field(
        default=False, description="Keep from later models what one proposer says and the others do not."
    )
    waves: list[Count] = Field(default_factory=list, description="Proposers asked first; the rest if those disagree.")
    escalate: list[ProposerSpec] = Field(
        default_factory=list, description="A model that is asked only if the others disagree, or are unsure."
    )
    confidence: Share | ConfidenceTable | Nothing = Field(
        default=None, description="Probability from which on a first model is sure, and nobody else is asked."
    )
    mark_answers: bool = Field(default=True, description="Ask proposers to mark a short final answer.")
    analyst: str | Nothing = Field(
        default=None,
        description="Who compares the proposals before the aggregator reads them; in fusion, else the aggregator.",
    )
    quorum: QuorumTable | Nothing = Field(default=None, description="Proposals that are enough to cut the rest off.")
    budget: BudgetTable | Nothing = Field(default=None, description="Bounds of calls, tokens, usd and seconds.")
    limits: list[LimitsTable] = Field(default_factory=list, description="Bounds for calls to one provider.")
    prices: dict[str, PriceTable] = Field(default_factory=dict, description="Your own prices, by model.")
    context_tokens: Count | Nothing = Field(default=None, description="Tokens that every model's window holds.")
    proposer_prompt: str | Nothing = Field(
        default=None,
        description="How proposers of later layers are told of $references.",
        json_schema_extra=edited_at(()),
    )
    aggregator_prompt: str | Nothing = Field(
        default=None,
        description="How the aggregator is told of $references.",
        json_schema_extra=edited_at(["aggregate"]),
    )
    placement: Placement = Field(default="last", description="Where references go: last or system_prompt.")
    references: References = Field(
        default="answers", description="What the aggregator is shown of proposals: answers, or their reasoning, too."
    )
    stream_proposals: bool = Field(default=False, description="Stream the proposers' tokens too.")
    stream_reasoning: bool = Field(default=False, description="Stream what models think, beside their text.")
    review: bool = Field(default=False, description="Show the proposals to a person before the aggregator gets them.")
    feedback: bool = Field(default=False, description="Send agreement and losses to LangSmith as feedback.")
    draft: bool = Field(default=False, description="Show the best proposal so far until the answer comes.")
    hide_texts: bool = Field(default=False, description="Keep what was asked and answered out of traces.")
    base_url: str | Nothing = Field(
        default=None, description="An OpenAI-compatible server, such as Ollama's or vLLM's; http://host:port/v1."
    )
    transport: Transport | Nothing = Field(
        default=None, description="How OpenAI-compatible servers are asked: lean or openai; see docs/models.md."
    )
    cache: str | Nothing = Field(
        default=None,
        description="Where whole answers are kept for whoever asks exactly the same: a file, redis://HOST:PORT/0, or "
        "$NAME, a variable that holds one.",
    )
    docs: list[str] = Field(default_factory=list, description="A file or folder to answer from, with citations.")
    passages: Count | Nothing = Field(default=None, description="Passages of docs that are shown; 8 where not given.")
    wrong_citations: OnWrong | Nothing = Field(
        default=None, description="What becomes of a wrong citation: report or remove; report where not given."
    )
    rewriter: str | Nothing = Field(default=None, description="A model that turns the conversation into searches.")
