"""What a mixture is made of when it is named on the command line, in a file or in Studio's form."""

import os
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast, get_args

from langgraph.graph.state import CompiledStateGraph
from langgraph.types import Checkpointer
from pydantic import Field, create_model, model_validator

from ...core.agreement.vote import Vote
from ...core.bounds.budget import Budget
from ...core.bounds.early_stop import EarlyStop
from ...core.bounds.quorum import Quorum
from ...core.errors import ConfigError
from ...core.evidence.retrievers import OnWrong, Retriever
from ...core.models.connections import bare_url
from ...core.models.credentials import HEADER_VARIABLE
from ...core.models.limits import Limits
from ...core.models.presets import load_preset, presets
from ...core.models.prices import Price
from ...core.models.resolve import resolve_model
from ...core.models.servers import served_models, told_names
from ...core.offline.docs_retriever import DocsRetriever
from ...core.offline.library import Variant
from ...core.panel.checks import OF_A_SERVER
from ...core.panel.declared import Aggregator, ModelSettings, Proposer
from ...graphs.moa import create_moa
from ...graphs.rag import create_rag_moa
from ...prompts import Placement, load_template
from .systems import SystemName, check_system, create_system
from .tables import (
    EARLY_STOPS,
    BudgetTable,
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
    Table,
    WhenAgreed,
)

Graph = CompiledStateGraph[Any, Any, Any, Any]
M = TypeVar("M", bound=ModelSettings)
VOTE = "vote"
"""How a count of votes is written where a model is expected."""
ProposerSpec = str | ProposerTable
AggregatorSpec = str | ModelTable
Schema = dict[str, Any]
_AS_THEY_ARE = (
    "layers samples temperature max_tokens timeout min_proposals waves mark_answers context_tokens proposer_prompt "
    "aggregator_prompt placement stream_proposals review feedback hide_texts"
).split()
"""Settings that are `create_moa`'s options, by the same names."""


_OWN = {"window", "rounds", "moderator", "keep", "group"}
"""Settings that only some systems have."""


def _edited_at(nodes: Collection[str]) -> Callable[[Schema], None]:
    """Mark a prompt for Studio's editing, at the nodes that are told it (its keys are LangSmith's)."""

    def mark(schema: Schema) -> None:
        schema |= {"default": load_template(None).text, "langgraph_type": "prompt", "langgraph_nodes": sorted(nodes)}

    return mark


def _known_presets(schema: Schema) -> None:
    schema["enum"] = list(presets())


_NO_MODEL = (
    "; no language model is asked: set a key, or name a server (--base-url URL) or a file (--proposer gguf:PATH)"
)


class Settings(Table):
    """What makes a mixture: the keys of a settings file, and of the form in Studio; flags win over a file."""

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
    moderator: str | Nothing = Field(default=None, description="Who moderates smoa; the aggregator where not given.")
    keep: Count | Nothing = Field(default=None, description="Proposals of a layer that smoa keeps; 3 where not given.")
    group: Count | Nothing = Field(default=None, description="Answers in a prompt of grouped; 6 where not given.")
    layers: Layers | Nothing = Field(default=None, description="Layers, the aggregator's included; 2 where not given.")
    samples: Samples = Field(default=1, description="How often each proposer is asked; 1 where not given.")
    temperature: Number | Nothing = Field(default=None, description="Sampling temperature of all models.")
    max_tokens: Count | Nothing = Field(default=None, description="Limit of tokens of each answer.")
    timeout: Positive = Field(default=180.0, description="Seconds that one call may take; 180 where not given.")
    min_proposals: Count = Field(default=1, description="Usable proposals that a layer needs.")
    early_stop: WhenAgreed | EarlyStopTable = Field(
        default="aggregate", description="What happens when all proposals agree: aggregate, answer, shadow or off."
    )
    waves: list[Count] = Field(default_factory=list, description="Proposers asked first; the rest if those disagree.")
    mark_answers: bool = Field(default=True, description="Ask proposers to mark a short final answer.")
    quorum: QuorumTable | Nothing = Field(default=None, description="Proposals that are enough to cut the rest off.")
    budget: BudgetTable | Nothing = Field(default=None, description="Bounds of calls, tokens, usd and seconds.")
    limits: list[LimitsTable] = Field(default_factory=list, description="Bounds for calls to one provider.")
    prices: dict[str, PriceTable] = Field(default_factory=dict, description="Your own prices, by model.")
    context_tokens: Count | Nothing = Field(default=None, description="Tokens that every model's window holds.")
    proposer_prompt: str | Nothing = Field(
        default=None,
        description="How proposers of later layers are told of $references.",
        json_schema_extra=_edited_at(()),
    )
    aggregator_prompt: str | Nothing = Field(
        default=None,
        description="How the aggregator is told of $references.",
        json_schema_extra=_edited_at(["aggregate"]),
    )
    placement: Placement = Field(default="last", description="Where references go: last or system_prompt.")
    stream_proposals: bool = Field(default=False, description="Stream the proposers' tokens too.")
    review: bool = Field(default=False, description="Show the proposals to a person before the aggregator gets them.")
    feedback: bool = Field(default=False, description="Send agreement and losses to LangSmith as feedback.")
    hide_texts: bool = Field(default=False, description="Keep what was asked and answered out of traces.")
    base_url: str | Nothing = Field(
        default=None, description="An OpenAI-compatible server, such as Ollama's or vLLM's; http://host:port/v1."
    )
    docs: list[str] = Field(default_factory=list, description="A file or folder to answer from, with citations.")
    passages: Count | Nothing = Field(default=None, description="Passages of docs that are shown; 8 where not given.")
    wrong_citations: OnWrong | Nothing = Field(
        default=None, description="What becomes of a wrong citation: report or remove; report where not given."
    )
    rewriter: str | Nothing = Field(default=None, description="A model that turns the conversation into searches.")

    def choose(self) -> "tuple[Settings, str]":
        """Fill in who sits in the mixture, and say in one line who it is and why.

        Raises:
            ConfigError: The preset is unknown, or the options do not go together.
        """
        if self.proposers is not None:
            chosen, why = self, f"models: as given, {_count(self.proposers)}"
            specs, seats = _flat(self.proposers), _seats(self.proposers)
            if self.aggregator is None and self.layers != 1 and specs:
                chosen = self.model_copy(update={"aggregator": _aggregating(seats[0])})
                why = f"models: as given; {specs[0]} aggregates (name another with --aggregator)"
        elif self.base_url and not self.preset:
            model = self._only_model(self.base_url)
            found = {"proposers": [model], "aggregator": self.aggregator or model}
            chosen = self.model_copy(update=found)
            why = f"models: {model}, the only one of {bare_url(self.base_url)}"
        else:
            name, reason = (self.preset, "as asked") if self.preset else self._default()
            preset = load_preset(name)
            found = {"proposers": list(preset["proposers"]), "aggregator": self.aggregator or preset["aggregator"]}
            chosen, why = self.model_copy(update=found | {"preset": name}), f"models: preset {name!r}, {reason}"
        chosen._check_used()
        return chosen, why

    def _only_model(self, url: str) -> str:
        """Ask a server which models it has, where none was named; it blocks, for some seconds at most.

        Raises:
            ConfigError: It has not exactly one, or does not say.
        """
        unnamed = f"found the server {bare_url(url)!r} but no models, expected --proposer MODEL"
        try:
            names = [served.name for served in served_models(resolve_model("openai:unnamed", base_url=url))]
        except ConfigError as exc:
            raise ConfigError(f"{unnamed}; {exc}") from exc
        if len(names) == 1:
            return names[0]
        raise ConfigError(f"{unnamed}; it serves: {told_names(names) or 'none that answers a chat'}")

    def _aggregators(self) -> list[AggregatorSpec]:
        given = self.aggregator
        return given if isinstance(given, list) else [] if given is None else [given]

    def _check_used(self) -> None:
        specs = [*_flat(self.proposers or []), *_flat(self._aggregators())]
        offline = [spec.startswith("offline:") for spec in specs]
        if "docs" in self.model_fields_set and not self.docs:
            raise ConfigError("found an empty list of docs, expected documents to answer from; name some, or drop it")
        for key in ("passages", "wrong_citations", "rewriter"):
            if getattr(self, key) is not None and not self.docs:
                raise ConfigError(f"found {key} without docs, expected documents to answer from; add docs, or drop it")
        check_system(self.system, self.model_dump(include=_OWN | {"layers"}), docs=bool(self.docs))
        if self.base_url and all(offline):
            raise ConfigError(
                f"found the server {bare_url(self.base_url)!r} with offline models only, expected one of its models"
            )

    def _default(self) -> tuple[str, str]:
        for name, preset in presets().items():
            if (needs := preset.get("needs")) and os.environ.get(needs):
                return name, f"because {needs} is set"
        keys = ", ".join(p["needs"] for p in presets().values() if "needs" in p)
        return "offline", f"because no key is set ({keys}){_NO_MODEL}"

    def build(self, checkpointer: Checkpointer = None) -> Graph:
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
        create, evidence = (create_rag_moa, self._evidence()) if self.docs else (create_moa, {})
        options: dict[str, Any] = {
            "early_stop": self._early_stop(),
            "quorum": Quorum(**self.quorum.model_dump()) if self.quorum else None,
            "budget": Budget(**self.budget.model_dump()) if self.budget else None,
            "limits": [Limits(**limit.model_dump()) for limit in self.limits],
            "prices": {model: Price(**price.model_dump()) for model, price in self.prices.items()},
            **{option: getattr(self, option) for option in _AS_THEY_ARE},
        }
        given = {key: value for key, value in options.items() if key in self.model_fields_set and value is not None}
        moa = create_system(
            self.system,
            create,
            proposers=declared,
            chain=chain,
            own={key: getattr(self, key) for key in _OWN if getattr(self, key) is not None},
            options={
                **given,
                **({"early_stop": None} if self.early_stop == "off" else {}),
                "checkpointer": checkpointer,
                "resolve": partial(resolve_model, base_url=self.base_url),
                **evidence,
            },
        )
        tags = list(filter(None, [self.preset, self.system]))
        return cast("Graph", moa.with_config(tags=tags) if tags else moa)

    def _evidence(self) -> dict[str, Any]:
        """Search the documents in every way there is: where the ways agree, fusing them ranks highest."""
        ways = get_args(Variant)
        given = {key: getattr(self, key) for key in ("passages", "wrong_citations", "rewriter")}
        return {
            "retrievers": [Retriever(DocsRetriever(variant=way, docs=self.docs), name=way) for way in ways],
            **{key: value for key, value in given.items() if value is not None},
        }

    def _early_stop(self) -> EarlyStop | None:
        given = self.early_stop
        options = EARLY_STOPS.get(given) if isinstance(given, str) else given.model_dump()
        return None if options is None else EarlyStop(**options)

    def record(self) -> dict[str, Any]:
        """Return what rebuilds this mixture elsewhere: only what was said, paths made absolute, and no credentials.

        A preset is written down by its models, which the name may not stand for any more, and by its name.
        """
        written = self.model_dump(exclude_defaults=True, exclude_unset=True)
        if self.base_url:
            written["base_url"] = bare_url(self.base_url)
        for key in ("proposers", "aggregator"):
            if key in written:
                written[key] = _without_secrets(written[key])
        if self.docs:
            written["docs"] = [str(Path(path).absolute()) for path in self.docs]
        return written


def form_of(moa: Graph) -> type[Settings]:
    """Return the settings as the form of one mixture, whose proposer prompt is edited at the nodes that are told it."""
    marks = {name: node.metadata or {} for name, node in moa.builder.nodes.items()}
    told = [name for name, mark in marks.items() if mark.get("moa_role") == "proposer" and mark["moa_layer"] > 1]
    field = Settings.model_fields["proposer_prompt"]
    marked = Field(default=None, description=field.description, json_schema_extra=_edited_at(told))
    prompt: Any = (str | Nothing, marked)
    checks: Any = {"left_empty": model_validator(mode="before")(without_empty)}
    doc = Settings.__doc__
    return create_model("Settings", __base__=Settings, __doc__=doc, __validators__=checks, proposer_prompt=prompt)


def without_empty(filled: Any) -> Any:
    """Return what was filled into a form; what was left or made empty is not given."""
    return {k: v for k, v in filled.items() if v not in (None, "", [], {})} if isinstance(filled, dict) else filled


def _seat(kind: type[M], spec: str | ModelTable) -> str | M:
    return spec if isinstance(spec, str) else kind(**spec.model_dump(exclude_unset=True))


def _seats(groups: "Sequence[str | ModelTable | list[ProposerSpec]]") -> list[str | ModelTable]:
    return [spec for group in groups for spec in (group if isinstance(group, list) else [group])]


def _flat(groups: "Sequence[str | ModelTable | list[ProposerSpec]]") -> list[str]:
    return [spec if isinstance(spec, str) else spec.model for spec in _seats(groups)]


def _aggregating(seat: str | ModelTable) -> str | ModelTable:
    """Return a proposer's model as an aggregator: where it is asked, and nothing else that was said of the proposer."""
    if isinstance(seat, str):
        return seat
    where = {option: value for option in OF_A_SERVER if (value := getattr(seat, option)) is not None}
    return ModelTable(model=seat.model, **where) if where else seat.model


def _count(proposers: list[Any]) -> str:
    if any(isinstance(group, list) for group in proposers):
        return f"{len(proposers)} layers of proposers"
    return "1 proposer" if len(proposers) == 1 else f"{len(proposers)} proposers"


def _without_secrets(written: Any) -> Any:
    """Return what was written of models without what may be a secret: of a header that is not taken from the
    environment, its name is left.
    """
    if isinstance(written, list):
        return [_without_secrets(part) for part in written]
    if not isinstance(written, dict):
        return written
    kept = dict(written)
    if url := kept.get("base_url"):
        kept["base_url"] = bare_url(url)
    if headers := kept.get("headers"):
        kept["headers"] = {name: v if HEADER_VARIABLE.fullmatch(v) else "" for name, v in headers.items()}
    return kept
