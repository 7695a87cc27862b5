"""What a mixture is made of when it is named on the command line or in a file."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import yaml
from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Checkpointer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..core.budget import Budget
from ..core.errors import ConfigError, nearest
from ..core.models import resolve_model
from ..core.panel import Aggregator, ModelSettings, Proposer
from ..core.presets import load_preset, presets
from ..core.prices import Price
from ..core.race import Quorum
from ..core.state import MoAInput, MoAState
from ..core.stop import EarlyStop, Then
from ..core.throttle import Limits
from ..core.vote import Vote
from ..graphs.moa import create_moa
from ..prompts import Placement

M = TypeVar("M", bound=ModelSettings)


class Table(BaseModel):
    """Be a table in a settings file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ModelTable(Table):
    """Describe one model, as `Aggregator(...)` does in Python."""

    model: str
    name: str | None = None
    system: str | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    context_tokens: int | None = None


class ProposerTable(ModelTable):
    """Describe one proposer, as `Proposer(...)` does in Python."""

    samples: int | None = None


class QuorumTable(Table):
    """Describe a quorum, as `Quorum(...)` does in Python."""

    k: int
    grace_s: float = 0.0


class EarlyStopTable(Table):
    """Describe an early stop, as `EarlyStop(...)` does in Python, with the measure `closed_answers()`."""

    quorum: float = 1.0
    min_responses: int = 3
    then: Then = "aggregate"
    shadow: bool = False
    as_completed: bool = False
    later_layers: bool = False


class BudgetTable(Table):
    """Describe a budget, as `Budget(...)` does in Python."""

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None
    seconds: float | None = None
    strict: bool = True


class LimitsTable(Table):
    """Describe a provider's limits, as `Limits(...)` does in Python."""

    provider: str
    concurrency: int | None = None
    per_second: float | None = None


class PriceTable(Table):
    """Describe a model's price, as `Price(...)` does in Python."""

    input: float = 0.0
    output: float = 0.0


VOTE = "vote"
"""How a count of votes is written where a model is expected."""
ProposerSpec = str | ProposerTable
AggregatorSpec = str | ModelTable
_TABLES: dict[str, type[Table]] = {
    "proposers": ProposerTable,
    "aggregator": ModelTable,
    "early_stop": EarlyStopTable,
    "quorum": QuorumTable,
    "budget": BudgetTable,
    "limits": LimitsTable,
    "prices": PriceTable,
}


_EXPECTED = {
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table of names and values",
    "model_type": "a table of names and values",
    "model_attributes_type": "a table of names and values",
}


class Settings(Table):
    """Hold the command line's options; a `--config` file has the same keys, and flags win over it."""

    preset: str | None = Field(default=None, description="A mixture by name: together, openai or offline.")
    proposers: list[ProposerSpec | list[ProposerSpec]] | None = Field(
        default=None, description="A model that answers in parallel with others, provider:model."
    )
    aggregator: AggregatorSpec | list[AggregatorSpec] | None = Field(
        default=None, description="The model that writes the answer, or several, tried in this order; or vote."
    )
    layers: int | None = Field(default=None, description="Layers, the aggregator's included; 2 where not given.")
    samples: int = Field(default=1, description="How often each proposer is asked; 1 where not given.")
    temperature: float | None = Field(default=None, description="Sampling temperature of all models.")
    max_tokens: int | None = Field(default=None, description="Limit of tokens of each answer.")
    timeout: float = Field(default=180.0, description="Seconds that one call may take; 180 where not given.")
    min_proposals: int = Field(default=1, description="Usable proposals that a layer needs.")
    early_stop: EarlyStopTable | bool = Field(
        default=True, description="What happens when all proposals agree: aggregate, answer, shadow or off."
    )
    waves: list[int] = Field(default_factory=list, description="Proposers asked first; the rest if those disagree.")
    mark_answers: bool = Field(default=True, description="Ask proposers to mark a short final answer.")
    quorum: QuorumTable | None = Field(default=None, description="Proposals that are enough to cut the rest off.")
    budget: BudgetTable | None = Field(default=None, description="Bounds of calls, tokens, usd and seconds.")
    limits: list[LimitsTable] = Field(default_factory=list, description="Bounds for calls to one provider.")
    prices: dict[str, PriceTable] = Field(default_factory=dict, description="Your own prices, by model.")
    context_tokens: int | None = Field(default=None, description="Tokens that every model's window holds.")
    placement: Placement = Field(default="last", description="Where references go: last or system.")
    base_url: str | None = Field(
        default=None, description="An OpenAI-compatible server, such as Ollama's or vLLM's; http://host:port/v1."
    )
    docs: list[str] = Field(default_factory=list, description="A file or folder that the offline models quote.")

    def choose(self) -> "tuple[Settings, str]":
        """Fill in who sits in the mixture, and say in one line who it is and why.

        Raises:
            ConfigError: The preset is unknown, or the options do not go together.
        """
        if self.proposers is not None:
            chosen, why = self, f"models: as given, {_count(self.proposers)}"
            specs = _flat(self.proposers)
            if self.aggregator is None and self.layers != 1 and specs:
                chosen = self.model_copy(update={"aggregator": specs[0]})
                why = f"models: as given; {specs[0]} aggregates (name another with --aggregator)"
        elif self.base_url and not self.preset:
            raise ConfigError(f"found the server {_bare(self.base_url)} but no models, expected --proposer MODEL")
        else:
            name, reason = (self.preset, "as asked") if self.preset else self._default()
            preset = load_preset(name)
            found = {"proposers": list(preset["proposers"]), "aggregator": self.aggregator or preset["aggregator"]}
            chosen, why = self.model_copy(update=found), f"models: preset {name!r}, {reason}"
        chosen._check_used()
        return chosen, why

    def _aggregators(self) -> list[AggregatorSpec]:
        given = self.aggregator
        return given if isinstance(given, list) else [] if given is None else [given]

    def _check_used(self) -> None:
        specs = [*_flat(self.proposers or []), *_flat(self._aggregators())]
        offline = [spec.startswith("offline:") for spec in specs]
        if self.docs and not any(offline):
            raise ConfigError("found docs with models that do not read them, expected an 'offline:' model among them")
        if self.base_url and all(offline):
            raise ConfigError(
                f"found the server {_bare(self.base_url)} with offline models only, expected one of its models"
            )

    def _default(self) -> tuple[str, str]:
        if self.docs:
            return "offline", "because --docs are for the offline models"
        for name, preset in presets().items():
            if (needs := preset.get("needs")) and os.environ.get(needs):
                return name, f"because {needs} is set"
        return "offline", f"because no key is set ({', '.join(p['needs'] for p in presets().values() if 'needs' in p)})"

    def build(self, checkpointer: Checkpointer = None) -> CompiledStateGraph[MoAState, None, MoAInput, MoAState]:
        """Build the graph of settings that are complete, as `choose` returns them.

        Args:
            checkpointer: Keeps its threads.

        Raises:
            ConfigError: What `create_moa` refuses.
        """
        declared = [
            [_seat(Proposer, p) for p in group] if isinstance(group, list) else _seat(Proposer, group)
            for group in self.proposers or []
        ]
        chain = [Vote() if spec == VOTE else _seat(Aggregator, spec) for spec in self._aggregators()]
        return create_moa(
            proposers=declared,
            aggregator=chain if isinstance(self.aggregator, list) else chain[0] if chain else None,
            layers=self.layers,
            samples=self.samples,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            timeout=self.timeout,
            min_proposals=self.min_proposals,
            early_stop=self._early_stop(),
            waves=self.waves,
            mark_answers=self.mark_answers,
            quorum=Quorum(**self.quorum.model_dump()) if self.quorum else None,
            budget=Budget(**self.budget.model_dump()) if self.budget else None,
            limits=[Limits(**limit.model_dump()) for limit in self.limits],
            prices={model: Price(**price.model_dump()) for model, price in self.prices.items()},
            context_tokens=self.context_tokens,
            checkpointer=checkpointer,
            placement=self.placement,
            resolve=partial(resolve_model, base_url=self.base_url, docs=self.docs),
        )

    def _early_stop(self) -> EarlyStop | None:
        if isinstance(self.early_stop, bool):
            return EarlyStop() if self.early_stop else None
        return EarlyStop(**self.early_stop.model_dump())

    def record(self) -> dict[str, Any]:
        """Return what rebuilds this mixture elsewhere: only what was said, paths made absolute, and no credentials."""
        written = self.model_dump(exclude_defaults=True, exclude_unset=True, exclude={"preset"})
        if self.base_url:
            written["base_url"] = _bare(self.base_url)
        if self.docs:
            written["docs"] = [str(Path(path).absolute()) for path in self.docs]
        return written


def load_settings(file: Path | None, flags: Mapping[str, Any]) -> Settings:
    """Merge a settings file and the flags that were given; the flags win.

    Args:
        file: TOML or YAML, told by its ending.
        flags: Options by their key; None and empty lists count as not given.

    Raises:
        ConfigError: The file cannot be read, a key is unknown or a value is wrong.
    """
    given = {key: value for key, value in flags.items() if value not in (None, [])}
    return merged_settings(_read(file) if file else {}, given, file=file)


def merged_settings(before: Mapping[str, Any], given: Mapping[str, Any], *, file: Path | None = None) -> Settings:
    """Return settings with others put over them, key by key, in the tables of bounds too.

    Args:
        before: What was written.
        given: What wins.
        file: Where it was written, for the messages.

    Raises:
        ConfigError: A key is unknown or a value is wrong.
    """
    written = dict(before)
    for one, other in (("preset", "proposers"), ("proposers", "preset")):
        if one in given:
            written.pop(other, None)
    merged = {**written, **given}
    for bounds in ("early_stop", "quorum", "budget"):
        if isinstance(written.get(bounds), dict) and isinstance(given.get(bounds), dict):
            merged[bounds] = {**written[bounds], **given[bounds]}
    if merged.get("preset") is not None and merged.get("proposers") is not None:
        raise ConfigError(f"found the preset {merged['preset']!r} and proposers, expected one of them; leave one out")
    try:
        return Settings.model_validate(merged)
    except ValidationError as exc:
        raise ConfigError(_what_is_wrong(exc, file)) from exc


def _what_is_wrong(exc: ValidationError, file: Path | None) -> str:
    """Tell the most telling of pydantic's errors: an unknown key, else the deepest."""
    error = max(exc.errors(), key=lambda e: (e["type"] == "extra_forbidden", len(e["loc"])))
    where = f" in {file}" if file else ""
    if error["type"] == "extra_forbidden":
        nested = len(error["loc"]) > 1
        known = list((_TABLES[str(error["loc"][0])] if nested else Settings).model_fields)
        return f"unknown key {error['loc'][-1]!r}{where}; {nearest(str(error['loc'][-1]), known)}"
    tables: list[type[Table]] = [Settings, *_TABLES.values()]
    fields = {name for table in tables for name in table.model_fields}
    place = ".".join(str(part) for part in error["loc"] if isinstance(part, int) or part in fields)
    if error["type"] == "missing":
        name = str(error["loc"][-1])
        return f"found {place.removesuffix(name).rstrip('.')} without {name}{where}, expected it as well"
    expected = _EXPECTED.get(error["type"], error["msg"].removeprefix("Input should be ").lower())
    return f"found {error['input']!r} for {place}{where}, expected {expected}"


def _read(file: Path) -> dict[str, Any]:
    if file.suffix not in (".toml", ".yaml", ".yml"):
        raise ConfigError(f"found the settings file {file}, expected one ending in .toml, .yaml or .yml")
    try:
        text = file.read_text(encoding="utf-8")
        found = tomllib.loads(text) if file.suffix == ".toml" else yaml.safe_load(text) or {}
    except (OSError, ValueError, yaml.YAMLError) as exc:
        raise ConfigError(f"the settings file {file} cannot be read: {' '.join(str(exc).split())}") from exc
    if not isinstance(found, dict):
        raise ConfigError(f"found {type(found).__name__} in {file}, expected keys and values")
    named = {str(key).replace("-", "_"): value for key, value in found.items()}
    if "proposer" in named:
        if "proposers" in named:
            raise ConfigError(f"found proposer and proposers in {file}, expected one of them; leave one out")
        named["proposers"] = named.pop("proposer")
    if isinstance(named.get("docs"), str):
        named["docs"] = [named["docs"]]
    return named


def _seat(kind: type[M], spec: str | ModelTable) -> str | M:
    return spec if isinstance(spec, str) else kind(**spec.model_dump(exclude_unset=True))


def _flat(groups: "Sequence[str | ModelTable | list[ProposerSpec]]") -> list[str]:
    specs = [spec for group in groups for spec in (group if isinstance(group, list) else [group])]
    return [spec if isinstance(spec, str) else spec.model for spec in specs]


def _count(proposers: list[Any]) -> str:
    if any(isinstance(group, list) for group in proposers):
        return f"{len(proposers)} layers of proposers"
    return "1 proposer" if len(proposers) == 1 else f"{len(proposers)} proposers"


def _bare(url: str) -> str:
    """Return an address without what may be a secret: user and password, query and fragment."""
    scheme, _, rest = url.partition("?")[0].partition("#")[0].rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if scheme else rest.rpartition("@")[2]
