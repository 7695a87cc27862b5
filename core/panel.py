"""Who sits in a mixture: what the user declares, checked and resolved once, when the graph is built."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, cast

from .errors import ConfigError
from .models import (
    Model,
    endpoint_of,
    is_chat_model,
    is_graph,
    model_label,
    resolve_model,
    without_streaming,
)

_NOT_IN_NAMES = re.compile(r"[^\w .+@-]")
"""LangGraph refuses ':' and '|' in the name of a node; Mermaid trips over brackets, quotes and '#'."""


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
    system: str | None = None
    """A system prompt of its own, placed after the conversation's."""
    temperature: float | None = None
    """None takes the graph's, which takes the model's own."""
    max_tokens: int | None = None
    """Limit of answer tokens; None takes the graph's, which takes the model's own."""
    timeout: float | Unset | None = UNSET
    """Seconds for the whole call, retries included; None is no limit, not given is the graph's."""
    tags: tuple[str, ...] = ()
    """Tags for its traced runs."""


@dataclass(frozen=True, kw_only=True)
class Aggregator(ModelSettings):
    """Add settings to the aggregator.

    Aggregator("openai:gpt-6-sol", max_tokens=4000)
    Aggregator(my_model, system="Answer in one paragraph.", timeout=60)
    """


@dataclass(frozen=True, kw_only=True)
class Proposer(ModelSettings):
    """Add settings to one proposer.

    Proposer("openai:gpt-6-luna")
    Proposer(my_model, name="sceptic", system="Look for what is wrong with the obvious answer.")
    Proposer("together:openai/gpt-oss-120b", temperature=0.7, samples=3)    # asked three times
    Proposer(my_agent_graph, timeout=None)                                  # may take as long as it likes
    """

    samples: int | None = None
    """How many times it is asked in its layer; None takes the graph's."""


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """Carry the options of `create_moa` that every proposer and the aggregator start from."""

    temperature: float | None = None
    max_tokens: int | None = None
    timeout: float | None = None
    samples: int = 1
    stream_proposals: bool = False
    resolve: Callable[..., Model] = resolve_model


@dataclass(frozen=True, kw_only=True)
class Seat:
    """Be one resolved call to make: all that a node needs to know about its model."""

    role: str
    name: str
    label: str
    model: Model
    takes_state: bool
    """Whether the model is a graph over `messages`."""
    endpoint: str | None
    """Where an OpenAI-compatible model sends its requests."""
    system: str | None
    timeout: float | None
    tags: tuple[str, ...]
    position: int = 0
    sample: int = 1
    samples: int = 1

    @property
    def title(self) -> str:
        """Name this seat within its layer; samples are numbered."""
        return f"{self.name}/{self.sample}" if self.samples > 1 else self.name


ProposerLike = str | Model | Proposer
AggregatorLike = str | Model | Aggregator
Proposers = Sequence[ProposerLike | Sequence[ProposerLike]]
"""One list, used in every layer but the last, or one list a layer."""


def seat_layers(
    proposers: Proposers,
    aggregator: AggregatorLike | None,
    layers: int | None,
    defaults: Defaults,
) -> tuple[list[list[Seat]], Seat]:
    """Resolve a declaration into layers of seats and the aggregator's seat.

    Layers count as in the paper (arXiv 2406.04692): the aggregator is the last one.

    Args:
        proposers: One list, used in every layer but the last, or one list a layer.
        aggregator: The last layer's model; None only where a single proposer answers alone (`layers=1`).
        layers: How many layers, the aggregator's included; None is 2, or what the lists say.
        defaults: What a proposer or aggregator does not say for itself.

    Raises:
        ConfigError: Anything is missing, out of range, unknown, or said twice.
    """
    _check_options(defaults)
    declared = _by_layer(proposers, layers)
    if not declared:
        alone = _settings(cast("ProposerLike", proposers[0]), Proposer)
        if aggregator is not None or (getattr(alone, "samples", None) or defaults.samples) > 1:
            raise ConfigError(
                "found layers=1 with an aggregator or several samples, expected one model asked once; use layers=2"
            )
        return [], next(_seats([alone], defaults, role="aggregator"))
    if aggregator is None:
        raise ConfigError(
            "found no aggregator, expected the model that writes the answer; pass aggregator='provider:model'"
        )
    seats = [list(_seats([_settings(p, Proposer) for p in layer], defaults, role="proposer")) for layer in declared]
    return seats, next(_seats([_settings(aggregator, Aggregator)], defaults, role="aggregator"))


def _by_layer(proposers: Proposers, layers: int | None) -> list[list[ProposerLike]]:
    if isinstance(proposers, str) or not isinstance(proposers, Sequence):
        raise ConfigError(f"found proposers={proposers!r}, expected a list of models, or one list a layer")
    if not proposers:
        raise ConfigError("found no proposers, expected at least one model; pass proposers=['provider:model', ...]")
    lists = [p for p in proposers if isinstance(p, Sequence) and not isinstance(p, str)]
    models = [p for p in proposers if isinstance(p, str) or not isinstance(p, Sequence)]
    if lists:
        if models or not all(lists):
            raise ConfigError(
                "found proposers that mix models with lists, or an empty list; "
                "expected only models, or one list of models a layer"
            )
        if layers not in (None, len(lists) + 1):
            raise ConfigError(
                f"found layers={layers} with {len(lists)} lists of proposers, expected {len(lists) + 1}: "
                "one a list and the aggregator's"
            )
        return [list(layer) for layer in lists]
    layers = 2 if layers is None else layers
    if not isinstance(layers, int) or layers < 1:
        raise ConfigError(f"found layers={layers!r}, expected a whole number from 1; 2 is proposers and an aggregator")
    if layers == 1 and len(proposers) > 1:
        raise ConfigError(
            f"found layers=1 with {len(proposers)} proposers, expected one: "
            "the last layer is the aggregator alone; use layers=2"
        )
    return [models] * (layers - 1)


def _settings(declared: "ProposerLike | AggregatorLike", kind: type[ModelSettings]) -> ModelSettings:
    if isinstance(declared, ModelSettings):
        if not isinstance(declared, kind):
            raise ConfigError(
                f"found {type(declared).__name__}(...), expected {kind.__name__}(...) or a model in this place"
            )
        return declared
    return kind(declared)


def _seats(declared: Sequence[ModelSettings], defaults: Defaults, *, role: str) -> Iterator[Seat]:
    """Resolve one layer; each distinct declaration is built once, however often it is sampled."""
    for position, (settings, name) in enumerate(zip(declared, _unique_names(declared), strict=True)):
        samples = getattr(settings, "samples", None) or defaults.samples if role == "proposer" else 1
        _check_settings(settings, name)
        model = defaults.resolve(
            settings.model,
            temperature=defaults.temperature if settings.temperature is None else settings.temperature,
            max_tokens=defaults.max_tokens if settings.max_tokens is None else settings.max_tokens,
        )
        for sample in range(1, samples + 1):
            yield Seat(
                role=role,
                name=name,
                label=model_label(settings.model),
                model=model if role == "aggregator" or defaults.stream_proposals else without_streaming(model),
                takes_state=is_graph(model),
                endpoint=endpoint_of(model),
                system=settings.system,
                timeout=defaults.timeout if settings.timeout is UNSET else settings.timeout,
                tags=settings.tags,
                position=position,
                sample=sample,
                samples=samples,
            )


def _unique_names(declared: Sequence[ModelSettings]) -> list[str]:
    given = [s.name for s in declared if s.name is not None]
    for name in given:
        if _NOT_IN_NAMES.search(name) or not name.strip() or given.count(name) > 1:
            raise ConfigError(
                f"found the name {name!r}, expected one of its own for each proposer of a layer, "
                "made of letters, digits, spaces and any of _ - . + @"
            )
    names: list[str] = []
    for settings in declared:
        base = settings.name or _short_name(settings.model)
        name, count = base, 1
        while name in names or (settings.name is None and name in given):
            count += 1
            name = f"{base}-{count}"
        names.append(name)
    return names


def _short_name(model: "str | Model") -> str:
    label = model_label(model)
    bare = label.partition(":")[2] if isinstance(model, str) and ":" in label else label
    return _NOT_IN_NAMES.sub("-", bare.rpartition("/")[2]) or "model"


def _check_options(defaults: Defaults) -> None:
    _check_number("temperature", defaults.temperature, minimum=0)
    _check_number("max_tokens", defaults.max_tokens, minimum=1)
    _check_number("timeout", defaults.timeout, above=0)
    _check_number("samples", defaults.samples, minimum=1)


def _check_settings(settings: ModelSettings, name: str) -> None:
    where = f" for {name!r}"
    _check_number("temperature", settings.temperature, minimum=0, where=where)
    _check_number("max_tokens", settings.max_tokens, minimum=1, where=where)
    _check_number("timeout", None if settings.timeout is UNSET else settings.timeout, above=0, where=where)
    _check_number("samples", getattr(settings, "samples", None), minimum=1, where=where)
    plain = isinstance(settings.model, str) or is_chat_model(settings.model)
    if not plain and (settings.temperature is not None or settings.max_tokens is not None):
        raise ConfigError(
            f"found temperature or max_tokens{where}, expected neither: a chain or graph sets those on its own models"
        )


def _check_number(
    option: str, value: object, *, minimum: float | None = None, above: float | None = None, where: str = ""
) -> None:
    if value is None:
        return
    whole = option in ("samples", "max_tokens")
    ok = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    if not ok or (minimum is not None and not value >= minimum) or (above is not None and not value > above):  # type: ignore[operator]
        bound = f"from {minimum}" if minimum is not None else f"above {above}"
        raise ConfigError(f"found {option}={value!r}{where}, expected a {'whole ' if whole else ''}number {bound}")
