"""Resolve a declaration into seats: checked once, when the graph is built, so that nothing is found out by paying."""

import re
from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from typing import NamedTuple, cast

from langchain_core.runnables import Runnable

from ..agreement.vote import Vote, check_vote
from ..checks import check_number
from ..errors import ConfigError, nearest
from ..models.capabilities import (
    Model,
    answer_limit_of,
    endpoint_of,
    is_chat_model,
    is_graph,
    is_one_call,
    map_chat_models,
    prompt_limit_of,
    provider_of,
    slots_of,
    takes_choices,
    tool_tokens_of,
    without_bound,
    without_streaming,
)
from ..models.connections import bare_url
from ..models.labels import model_label, short_name
from ..models.parts import NoContext
from ..models.resolve import resolve_model
from ..run.served import KNOWN_PROVIDERS
from .checks import OWN_OPTIONS, check_graph, check_limited, check_options, check_settings
from .declared import (
    UNSET,
    Aggregator,
    AggregatorLike,
    Aggregators,
    Defaults,
    ModelSettings,
    Proposer,
    ProposerLike,
    Proposers,
    Rank,
)
from .seats import AtOnce, Seat
from .stages import Stage

_NOT_IN_NAMES = re.compile(r"[^\w .+@-]")
"""LangGraph refuses ':' and '|' in the name of a node; Mermaid trips over brackets, quotes and '#'."""
STATE_FORMAT = 3
"""Raised when a run's state changes its meaning, so that an older run is not resumed as something else."""


class Seated(NamedTuple):
    """Hold who sits in a mixture."""

    panel: list[list[Seat]]
    """Each layer of proposers."""
    chain: list[Seat]
    """The aggregators, in the order in which they are tried."""
    vote: Vote | None = None
    """How votes are counted before that."""
    rank: Rank | None = None
    """How the aggregators choose, where they write nothing."""


def seat_layers(proposers: Proposers, aggregator: Aggregators | None, layers: int | None, defaults: Defaults) -> Seated:
    """Resolve a declaration into layers of seats and the aggregators' seats.

    Layers count as in the paper (arXiv 2406.04692): the aggregator is the last one.

    Args:
        proposers: One list, used in every layer but the last, or one list a layer.
        aggregator: The last layer's model, or several in the order in which they are tried; None only where a single
            proposer answers alone (`layers=1`).
        layers: How many layers, the aggregator's included; None is 2, or what the lists say.
        defaults: What a proposer or aggregator does not say for itself.

    Returns:
        The seats of each layer of proposers, in the order of declaration, and the aggregators'.

    Raises:
        ConfigError: Anything is missing, out of range, unknown, or said twice.
    """
    check_options(defaults)
    declared = _by_layer(proposers, layers)
    if layers == 1:
        alone = declared[0][0]
        if aggregator is not None:
            raise ConfigError("found layers=1 with an aggregator, expected one model alone; drop it or use layers=2")
        if (alone.samples or defaults.samples) > 1:
            raise ConfigError("found layers=1 with several samples, expected one model asked once; use layers=2")
        chain = _seats([alone], defaults, role="aggregator")
        check_limited(defaults.limits, chain)
        return Seated([], chain)
    if aggregator is None:
        raise ConfigError(
            "found no aggregator, expected the model that writes the answer; pass aggregator='provider:model'"
        )
    vote, rank, others = _chain(aggregator)
    chain = _seats(others, defaults, role="aggregator")
    seats = [_seats(layer, defaults, role="proposer") for layer in declared]
    before = [seats[0] if len(seats) == 1 and layers not in (None, 2) else [], *seats]
    seats = [_reading(*layer) for layer in zip(declared, seats, before, strict=False)]
    if len(seats) == 1 and layers is not None:
        seats *= layers - 1
    check_limited(defaults.limits, [*chain, *(seat for layer in seats for seat in layer)])
    if vote:
        check_vote(vote, [seat.name for seat in seats[-1]])
    return Seated(seats, chain, vote, rank)


def seat_of(declared: str | Model | Aggregator, defaults: Defaults, *, role: str) -> Seat:
    """Resolve one model that sits in no layer, given as an aggregator is.

    Raises:
        ConfigError: It cannot be built, or an option is out of range.
    """
    check_options(defaults)
    return _seats([_aggregator(declared)], defaults, role=role)[0]


def _aggregator(declared: str | Model | Aggregator) -> Aggregator:
    return declared if isinstance(declared, Aggregator) else Aggregator(declared)


def mixture_of(
    stages: Sequence[Stage],
    seated: Seated,
    *,
    may_answer: bool,
    moderators: Sequence[Seat] = (),
    before: Sequence[str] = (),
) -> str:
    """Write down who sits where, and in which format a run's state is kept: what a thread is checked against.

    Args:
        stages: Who is asked together.
        seated: Who sits in it.
        may_answer: Whether an agreed proposal can be the answer.
        moderators: Who keeps some of each layer's proposals.
        before: Who looks for evidence first.
    """
    steps = "".join((" | " if stage.wave == 1 else "; ") + _signatures(stage.seats) for stage in stages)
    first = ["an agreed proposal"] * may_answer + ["a vote"] * (seated.vote is not None)
    first += ["ranked by"] * (seated.rank is not None)
    last = ", ".join(filter(None, [*first, _signatures(seated.chain)]))
    last += f"; moderated by {_signatures(moderators)}" if moderators else ""
    search = f"{', '.join(before)} | " if before else ""
    return f"format {STATE_FORMAT}: {search}{f'{steps} | {last}'.removeprefix(' | ')}"


def _signatures(seats: Sequence[Seat]) -> str:
    return ", ".join(map(_signature, seats))


def _signature(seat: Seat) -> str:
    reads = "" if seat.reads is None else f"reads {', '.join(map(str, sorted(seat.reads))) or 'nobody'}"
    asked = seat.label if seat.label != seat.title else ""
    asked += f" at {seat.server}".removeprefix("" if asked else " ") if seat.server else ""
    more = [asked, reads, "debates" if seat.debates else ""]
    told = "; ".join(filter(None, more))
    return f"{seat.title} ({told})" if told else seat.title


def _by_layer(proposers: Proposers, layers: int | None) -> list[list[Proposer]]:
    """Return one list of proposers a declared layer; a flat list is one layer, however often it is used."""
    if isinstance(proposers, str) or not isinstance(proposers, Sequence):
        raise ConfigError(
            f"found {type(proposers).__name__} as proposers, expected a list of models, or one list of models a layer"
        )
    if not proposers:
        raise ConfigError("found no proposers, expected at least one model; pass proposers=['provider:model', ...]")
    if layers is not None:
        check_number("layers", layers, minimum=1)
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
        return [[_proposer(p) for p in layer] for layer in lists]
    if layers == 1 and len(models) > 1:
        raise ConfigError(
            f"found layers=1 with {len(models)} proposers, expected one: "
            "the last layer is the aggregator alone; use layers=2"
        )
    return [[_proposer(p) for p in models]]


def _proposer(declared: ProposerLike) -> Proposer:
    if isinstance(declared, Aggregator):
        raise ConfigError("found Aggregator(...), expected Proposer(...) or a model among the proposers")
    return declared if isinstance(declared, Proposer) else Proposer(declared)


def _chain(aggregator: Aggregators) -> tuple[Vote | None, Rank | None, list[Aggregator]]:
    several = isinstance(aggregator, Sequence) and not isinstance(aggregator, str)
    declared = list(cast("Sequence[AggregatorLike]", aggregator)) if several else [cast("AggregatorLike", aggregator)]
    if not declared:
        raise ConfigError("found an empty list of aggregators, expected at least one model")
    vote = declared[0] if isinstance(declared[0], Vote) else None
    chain = [model for model in declared if model is not vote]
    if any(isinstance(model, Vote) for model in chain):
        raise ConfigError("found Vote(...) after another aggregator, expected it first: it goes before all models")
    if any(isinstance(model, Proposer) for model in chain):
        raise ConfigError("found Proposer(...), expected Aggregator(...) or a model as the aggregator")
    rank = chain[0] if chain and isinstance(chain[0], Rank) else None
    if any(isinstance(model, Rank) for model in chain) and (rank is None or len(chain) > 1):
        raise ConfigError("found Rank(...) beside models, expected it alone, or after Vote(); name its models in it")
    models = rank.rankers if rank else cast("list[str | Model | Aggregator]", chain)
    return vote, rank, [_aggregator(model) for model in models]


def named(proposers: Sequence[ProposerLike]) -> list[Proposer]:
    """Return proposers with the names that they get, so that others can refer to them.

    Raises:
        ConfigError: They are no list, or a name is another's too.
    """
    declared = _by_layer(proposers, None)
    if len(declared) > 1:
        raise ConfigError("found proposers by layer, expected one list of them")
    names = unique_names([(p.name, short_name(p.model)) for p in declared[0]], "proposer of a layer")
    return [replace(proposer, name=name) for proposer, name in zip(declared[0], names, strict=True)]


def _seats(declared: Sequence[ModelSettings], defaults: Defaults, *, role: str) -> list[Seat]:
    seats: list[Seat] = []
    names = unique_names([(s.name, short_name(s.model)) for s in declared], "proposer of a layer")
    for position, (settings, name) in enumerate(zip(declared, names, strict=True)):
        asked = _samples(settings, name, position, defaults, role)
        twins = sum(seat.label == asked[0].label and seat.sample == 1 for seat in seats)
        seats += [replace(seat, twin=twins) for seat in asked]
    return seats


def _reading(declared: Sequence[Proposer], seats: Sequence[Seat], before: Sequence[Seat]) -> list[Seat]:
    """Find whom of the layer before each proposer reads."""
    positions = {seat.name: seat.position for seat in before}
    found: list[frozenset[int] | None] = []
    for settings in declared:
        unknown = [name for name in settings.reads or () if name not in positions]
        if unknown:
            hint = nearest(unknown[0], list(positions)) if positions else "expected no such proposer; leave it out"
            raise ConfigError(f"found {unknown[0]!r} among reads, no proposer of the layer before; {hint}")
        found.append(None if settings.reads is None else frozenset(positions[name] for name in settings.reads))
    return [replace(seat, reads=found[seat.position]) for seat in seats]


def _samples(settings: ModelSettings, name: str, position: int, defaults: Defaults, role: str) -> list[Seat]:
    """Resolve one declaration, once, into a seat a sample."""
    check_settings(settings, name)
    asked = (settings.samples or defaults.samples) if role == "proposer" and isinstance(settings, Proposer) else 1
    model = _resolved(settings, name, defaults)
    if role == "proposer" and not defaults.stream_proposals:
        model = without_streaming(model)
    # In a debate, each sample's prompt holds what it said itself.
    may_share = (
        asked > 1 and not defaults.stream_proposals and not (isinstance(settings, Proposer) and settings.debates)
    )
    slots = (settings.slots if isinstance(settings, Proposer) else None) or slots_of(model)
    at_once = AtOnce(works=slots != 1, most=slots) if may_share and takes_choices(model) else None
    context = NoContext() if settings.context in (None, {}) else settings.context
    check_graph(settings, model, name, context)
    provider = _provider(settings.model, model)
    answer = answer_limit_of(model)
    return [
        Seat(
            role=role,
            name=name,
            label=model_label(settings.model),
            model=_counted_on(model, settings.seed, sample),
            takes_state=is_graph(model),
            context=context,
            one_call=is_one_call(model),
            provider=provider,
            endpoint=endpoint_of(model),
            server=bare_url(settings.base_url) if settings.base_url else None,
            max_tokens=answer,
            tool_tokens=tool_tokens_of(model),
            window=_window(settings, defaults, model, answer, name),
            limits=tuple(limit for limit in defaults.limits if limit.provider == provider),
            prices=defaults.prices,
            system_prompt=settings.system_prompt,
            timeout=defaults.timeout if settings.timeout is UNSET else settings.timeout,
            tags=settings.tags,
            retriever=settings.retriever if isinstance(settings, Proposer) else None,
            debates=isinstance(settings, Proposer) and settings.debates,
            carries=isinstance(settings, Proposer) and settings.carries,
            position=position,
            sample=sample,
            samples=asked,
            at_once=at_once,
        )
        for sample in range(1, asked + 1)
    ]


def _resolved(settings: ModelSettings, name: str, defaults: Defaults) -> Model:
    """Build the model of one declaration."""
    resolve = defaults.resolve if isinstance(settings.model, str) else resolve_model
    given = {option: getattr(settings, option) for option in OWN_OPTIONS}
    own = {option: value for option, value in given.items() if value is not None}
    try:
        signature(resolve).bind(settings.model, temperature=None, max_tokens=None, **own)
    except TypeError as exc:
        raise ConfigError(
            f"found {', '.join(own) or 'a model'} for {name!r} with a resolve function that does not take it: {exc}; "
            "let it take what resolve_model takes"
        ) from exc
    except ValueError:  # a function that cannot be looked into
        pass
    model = resolve(
        settings.model,
        temperature=defaults.temperature if settings.temperature is None else settings.temperature,
        max_tokens=defaults.max_tokens if settings.max_tokens is None else settings.max_tokens,
        **own,
    )
    if not isinstance(model, Runnable):
        raise ConfigError(f"found {type(model).__name__} from resolve({settings.model!r}), expected a model")
    return model


def _counted_on(model: Model, seed: int | None, sample: int) -> Model:
    """Return the model as a sample asks it: from one seed, all samples would be one."""
    if seed is None or sample == 1 or not is_chat_model(model):
        return model
    return map_chat_models(without_bound(model, {"seed"}), lambda chat: chat.bind(seed=seed + sample - 1))


def _provider(spec: str | Model, model: Model) -> str | None:
    """Return the provider as it is written in `provider:model`, else as the model's package is called."""
    provider = provider_of(model)
    written = spec.partition(":")[0] if isinstance(spec, str) else ""
    return written if provider and written in KNOWN_PROVIDERS else provider


def _window(settings: ModelSettings, defaults: Defaults, model: Model, answer: int | None, name: str) -> int | None:
    given = defaults.context_tokens if settings.context_tokens is None else settings.context_tokens
    if given is None:
        return prompt_limit_of(model)
    if answer is not None and answer >= given:
        raise ConfigError(
            f"found context_tokens={given} for {name!r}, expected more than its answer's limit, max_tokens={answer}"
        )
    return given - (answer or 0)


def unique_names(declared: Sequence[tuple[str | None, str]], what: str) -> list[str]:
    """Give each of several a name of its own that a node can bear.

    Args:
        declared: The name that was given, or None, and what it is called otherwise.
        what: What is named, for the message.

    Raises:
        ConfigError: A given name is another's too, or cannot be borne.
    """
    given = [name for name, _ in declared if name is not None]
    for name in given:
        if not isinstance(name, str) or _NOT_IN_NAMES.search(name) or not name.strip() or given.count(name) > 1:
            raise ConfigError(
                f"found the name {name!r}, expected one of its own for each {what}, "
                "made of letters, digits, spaces and any of _ - . + @"
            )
    names: list[str] = []
    for own, called in declared:
        base = own or _NOT_IN_NAMES.sub("-", called)
        name, count = base, 1
        while name in names or (own is None and name in given):
            count += 1
            name = f"{base}-{count}"
        names.append(name)
    return names
