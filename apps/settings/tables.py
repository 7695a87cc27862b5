"""What can be said about a mixture in a settings file, in Studio's form, or with flags: one schema for all three."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from ...core.bounds.early_stop import Then
from ...core.checks import MOST_LAYERS, MOST_SAMPLES
from ...core.models.capabilities import Transport
from ...core.models.credentials import KEY_VARIABLE
from ...core.models.effort import Effort
from ...core.models.service_tiers import Tier
from ...core.panel.seats import Likelihood, Unreadable

Nothing = SkipJsonSchema[None]
"""None, which a form need not offer: what is left out is not given."""
Layers = Annotated[int, Field(ge=1, le=MOST_LAYERS)]
Samples = Annotated[int, Field(ge=1, le=MOST_SAMPLES)]
Count = Annotated[int, Field(ge=1)]
Number = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
KeyVariable = Annotated[str, Field(pattern=f"^{KEY_VARIABLE.pattern}$")]
Share = Annotated[float, Field(gt=0, le=1)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Table(BaseModel):
    """Be a table of settings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ModelTable(Table):
    """One model, as `Aggregator(...)` describes it in Python."""

    model: str = Field(description="provider:model.")
    name: str | Nothing = Field(default=None, description="What drawings and the report call it.")
    system_prompt: str | Nothing = Field(default=None, description="A system prompt of its own.")
    temperature: Number | Nothing = Field(default=None, description="Its sampling temperature.")
    max_tokens: Count | Nothing = Field(default=None, description="Limit of tokens of its answer.")
    reasoning_effort: Effort | Nothing = Field(default=None, description="How much it thinks: low, high, off ...")
    tier: Tier | Nothing = Field(default=None, description="Its tier of service: flex, flex-or-default, priority ...")
    top_p: Share | Nothing = Field(default=None, description="Share of the likeliest tokens that it samples from.")
    seed: Seed | Nothing = Field(default=None, description="What its sampling starts from.")
    stop: str | list[str] | Nothing = Field(default=None, description="Texts that end its answer.")
    base_url: str | Nothing = Field(default=None, description="An OpenAI-compatible server of its own.")
    api_key_env: KeyVariable | Nothing = Field(
        default=None, description="Name of the environment variable with its server's key; never the key itself."
    )
    headers: dict[str, str] | Nothing = Field(
        default=None, repr=False, description="Headers that are sent along; $NAME is taken from the environment."
    )
    extra_body: dict[str, Any] | Nothing = Field(
        default=None, description="Fields of a request that only its server knows, such as top_k."
    )
    transport: Transport | Nothing = Field(default=None, description="How its server is asked: lean or openai.")
    timeout: Positive | Nothing = Field(default=None, description="Seconds that one call of it may take.")
    context_tokens: Count | Nothing = Field(default=None, description="Tokens that its window holds.")


class ProposerTable(ModelTable):
    """One proposer, as `Proposer(...)` describes it in Python."""

    samples: Samples | Nothing = Field(default=None, description="How often it is asked in a layer.")
    slots: Count | Nothing = Field(default=None, description="Samples that one request asks for, at most.")
    instead: list[str] | Nothing = Field(
        default=None, description="Who takes its place where it fails, provider:model, in this order."
    )
    unreadable: Unreadable | Nothing = Field(
        default=None, description="Where it cannot read a picture or file that is asked about: skip, or text alone."
    )


class QuorumTable(Table):
    """A quorum, as `Quorum(...)` in Python."""

    k: Count = Field(description="Usable proposals that end a layer.")
    grace_s: Number = Field(default=0.0, description="Seconds that the rest is given then.")


class EarlyStopTable(Table):
    """An early stop, as `EarlyStop(...)` in Python, with the measure `closed_answers()`."""

    quorum: Share = Field(default=1.0, description="Share of the proposers that must agree.")
    min_responses: Count = Field(default=3, description="Different models that must agree.")
    then: Then = Field(default="aggregate", description="What comes then: the aggregator, or the agreed answer.")
    shadow: bool = Field(default=False, description="Stop nothing, and say what would have been.")
    as_completed: bool = Field(default=False, description="Do not wait for the rest once those who answered decide it.")
    later_layers: bool = Field(default=False, description="Stop at later layers too.")


class ConfidenceTable(Table):
    """A confidence, as `Confident(...)` in Python, but for functions."""

    threshold: Share = Field(description="Probability from which on the first model is sure.")
    model: str | Nothing = Field(default=None, description="Who says so, provider:model; itself where not given.")
    logprobs: Likelihood | Nothing = Field(
        default=None, description="By its tokens' probabilities: mean or least of them."
    )


class ScreenTable(Table):
    """A screen, as `Screen(...)` in Python, with the measure `closed_answers()`."""

    most: Count | Nothing = Field(
        default=None, description="Proposals of a layer that are taken out at most; fewer than half where not given."
    )


class BudgetTable(Table):
    """A budget, as `Budget(...)` in Python."""

    calls: Count | Nothing = Field(default=None, description="Model calls.")
    tokens: Count | Nothing = Field(default=None, description="Tokens read and written.")
    usd: Positive | Nothing = Field(default=None, description="US dollars.")
    seconds: Positive | Nothing = Field(default=None, description="Seconds of work.")
    strict: bool = Field(default=True, description="Refuse what cannot be bounded.")


class LimitsTable(Table):
    """A provider's limits, as `Limits(...)` in Python."""

    provider: str = Field(description="As in provider:model.")
    concurrency: Count | Nothing = Field(default=None, description="Calls under way at once.")
    per_second: Positive | Nothing = Field(default=None, description="Calls started in a second.")


class PriceTable(Table):
    """A model's price, as `Price(...)` in Python."""

    input: Number = Field(default=0.0, description="US dollars for a million tokens read.")
    output: Number = Field(default=0.0, description="US dollars for a million tokens written.")
    batch: Fraction | Nothing = Field(
        default=None, description="Share of that which a provider's batch costs, such as 0.5."
    )
    flex: Fraction | Nothing = Field(default=None, description="Share of that which the tier flex costs, such as 0.5.")
    priority: Number | Nothing = Field(default=None, description="Times that which the tier priority costs, such as 2.")


WhenAgreed = Literal["aggregate", "answer", "shadow", "off"]
EARLY_STOPS: dict[str, dict[str, Any]] = {
    "aggregate": {"then": "aggregate", "shadow": False},
    "answer": {"then": "answer", "shadow": False},
    "shadow": {"shadow": True},
}
"""What the words for an early stop mean; `off` is none."""
