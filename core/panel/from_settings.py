"""One declaration becomes a seat a sample: settings over defaults, and the model built."""

from collections.abc import Sequence
from dataclasses import replace
from inspect import signature
from typing import Any

from langchain_core.runnables import Runnable

from ..errors import ConfigError
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
    transport_of,
    unread_by,
    without_bound,
    without_streaming,
)
from ..models.effort import (
    NO_THINKING,
    effort_for,
    effort_in,
    refuses_temperature,
    temperature_in,
    with_effort,
    with_temperature,
)
from ..models.labels import model_label, short_name
from ..models.parts import NoContext
from ..models.resolve import resolve_model
from ..models.service_tiers import STANDARD, patience_at, sent_as, takes_tier, tier_in, with_tier
from ..run.left_out import LeftOut
from ..run.served import KNOWN_PROVIDERS
from ..wire.connections import bare_url
from .checks import OWN_OPTIONS, check_graph, check_settings
from .declared import UNSET, USUAL_TIMEOUT, Defaults, ModelSettings, Proposer, as_proposer
from .names import unique_names
from .seats import Seat

_APART = 1_000
"""More substitutes than a seat has."""


def seats_of(declared: Sequence[ModelSettings], defaults: Defaults, *, role: str) -> list[Seat]:
    """Resolve declarations into seats, in their order, the samples of one beside each other.

    Args:
        declared: Who is asked.
        defaults: What they do not say for themselves.
        role: What they are asked as.

    Raises:
        ConfigError: A model cannot be built, an option is out of range, or two have one name.
    """
    seats: list[Seat] = []
    what = "proposer of a layer" if any(isinstance(settings, Proposer) for settings in declared) else role
    names = unique_names([(settings.name, short_name(settings.model)) for settings in declared], what)
    for position, (settings, name) in enumerate(zip(declared, names, strict=True)):
        samples = _samples(settings, name, position, defaults, role)
        twins = sum(seat.label == samples[0].label and seat.sample == 1 for seat in seats)
        seats += [replace(seat, twin=twins) for seat in samples]
    return seats


def _samples(settings: ModelSettings, name: str, position: int, defaults: Defaults, role: str) -> list[Seat]:
    """Resolve one declaration, once, into a seat a sample."""
    check_settings(settings, name)
    own = settings if isinstance(settings, Proposer) else Proposer(settings.model)
    samples = (own.samples or defaults.samples) if role == "proposer" else 1
    model, without = _thinking(_resolved(settings, name, defaults), settings, name, defaults)
    model, tier = _tiered(model, settings, defaults)
    if tier is None and _over("tier", settings, defaults) not in (None, STANDARD, "auto"):
        without |= {"service_tier"}
    if role == "proposer" and not defaults.stream_proposals:
        model = without_streaming(model)
    # In a debate, each sample's prompt holds what it said itself; and each may be told in words of its own.
    may_share = samples > 1 and not defaults.stream_proposals and not own.debates and not defaults.vary
    context = NoContext() if settings.context in (None, {}) else settings.context
    check_graph(settings, model, name, context)
    provider, answer = _provider(settings.model, model), answer_limit_of(model)
    seat = Seat(
        role=role,
        name=name,
        label=model_label(settings.model),
        model=model,
        takes_state=is_graph(model),
        context=context,
        one_call=is_one_call(model),
        provider=provider,
        endpoint=endpoint_of(model),
        transport=transport_of(model),
        server=bare_url(settings.base_url) if settings.base_url else None,
        max_tokens=answer,
        tool_tokens=tool_tokens_of(model),
        window=_window(settings, defaults, model, answer, name),
        limits=tuple(limit for limit in defaults.limits if limit.provider == provider),
        prices=defaults.prices,
        system_prompt=settings.system_prompt,
        timeout=_patience(settings, defaults, tier, model),
        max_answer_bytes=defaults.max_answer_bytes,
        tags=settings.tags,
        retriever=own.retriever,
        blind=unread_by(model),
        unreadable=own.unreadable
        if isinstance(settings, Proposer)
        else "text",  # a proposer alone has a role of its own
        debates=own.debates,
        carries=own.carries,
        position=position,
        samples=samples,
        streams_reasoning=defaults.stream_reasoning,
        shares=may_share and takes_choices(model),
        slots=own.slots or slots_of(model),
        tier=tier,
        without=without,
    )
    others = [_samples(in_place(own, other, samples), name, position, defaults, role) for other in own.instead]
    # No cache takes a substitute's answer for that of a seat of the same model.
    others = [
        [replace(other, twin=_APART * (position + 1) + number) for other in seats]
        for number, seats in enumerate(others)
    ]
    return [
        replace(
            seat,
            sample=sample,
            model=_counted_on(model, settings.seed, sample),
            instead=tuple(seats[sample - 1] for seats in others),
        )
        for sample in range(1, samples + 1)
    ]


def in_place(settings: Proposer, other: "str | Model | Proposer", samples: int) -> Proposer:
    """Return who takes a proposer's place, with what is said of the seat, and not of its model."""
    declared = as_proposer(other)
    is_chat = isinstance(declared.model, str) or is_chat_model(declared.model)
    shared = ("system_prompt", *(("temperature", "max_tokens", "stop") if is_chat else ()))
    given = {name: getattr(settings, name) for name in shared if getattr(declared, name) is None}
    if declared.timeout is UNSET:
        given["timeout"] = settings.timeout
    own = {name: getattr(settings, name) for name in ("retriever", "debates", "carries")}
    return replace(declared, samples=samples, **given, **own)


def _over(option: str, settings: ModelSettings, defaults: Defaults) -> Any:
    """Return an option as a model says it for itself, else as its mixture does."""
    own = getattr(settings, option)
    absent = UNSET if option == "timeout" else None  # None is no limit there
    return getattr(defaults, option) if own is absent else own


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
    merged = {option: _over(option, settings, defaults) for option in ("temperature", "max_tokens")}
    model = resolve(settings.model, **merged, **own)
    if not isinstance(model, Runnable):
        raise ConfigError(f"found {type(model).__name__} from resolve({settings.model!r}), expected a model")
    return model


def _thinking(model: Model, settings: ModelSettings, name: str, defaults: Defaults) -> tuple[Model, frozenset[LeftOut]]:
    """Let a model think as much as it is told to, at the temperature that it takes then; say what it takes none of."""
    if not is_chat_model(model):
        return model, frozenset()
    level, temperature = (_over(option, settings, defaults) for option in ("reasoning_effort", "temperature"))
    without = set[LeftOut]()
    if level is not None:
        effort = effort_for(model, level, name, is_own=settings.reasoning_effort is not None)
        without |= {"reasoning_effort"} if effort is None and level not in ("off", "none") else set()
        model = with_effort(model, effort) if effort else model
    if temperature is None:
        return model, frozenset(without)
    if refuses_temperature(model):
        return with_temperature(model, None), frozenset(without | {"temperature"})
    # One that does not think takes the temperature that was kept from it while nobody knew.
    is_missing = effort_in(model) == NO_THINKING and temperature_in(model) is None
    return with_temperature(model, temperature) if is_missing else model, frozenset(without)


def _tiered(model: Model, settings: ModelSettings, defaults: Defaults) -> tuple[Model, str | None]:
    """Let a model be asked for a tier of service where its server may take it, and return which one it is asked for."""
    tier = _over("tier", settings, defaults)
    if tier is None or not is_chat_model(model):
        return model, tier_in(model) if is_chat_model(model) else None
    if not takes_tier(model, tier, _provider(settings.model, model)):
        return with_tier(model, None), None
    return with_tier(model, sent_as(tier)), tier


def _patience(settings: ModelSettings, defaults: Defaults, tier: str | None, model: Model) -> float | None:
    """Return how long one call may take: longer at a tier that waits, where nobody says how long."""
    seconds: float | None = _over("timeout", settings, defaults)
    is_usual = settings.timeout is UNSET and seconds == USUAL_TIMEOUT
    return max(USUAL_TIMEOUT, patience_at(tier, endpoint_of(model))) if is_usual else seconds


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
    given: int | None = _over("context_tokens", settings, defaults)
    if given is None:
        return prompt_limit_of(model)
    if answer is not None and answer >= given:
        raise ConfigError(
            f"found context_tokens={given} for {name!r}, expected more than its answer's limit, max_tokens={answer}"
        )
    return given - (answer or 0)
