"""Refuse what a user declares of models where it could not mean anything, before any is called."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from langchain_core.runnables import Runnable
from langgraph.pregel import Pregel
from pydantic import ValidationError
from typing_extensions import is_typeddict

from ..checks import MOST_SAMPLES, check_number
from ..errors import ConfigError, nearest
from ..models.capabilities import Model, is_chat_model, unwrapped
from ..models.credentials import check_key_variable, headers_from
from ..models.effort import check_effort
from ..models.limits import Limits
from ..models.parts import may_write, tools_of
from ..models.prices import FREE_PROVIDERS, check_prices
from ..models.resolve import check_transport
from ..models.service_tiers import check_tier
from ..text import one_line
from .declared import UNSET, Analyst, Defaults, ModelSettings, Moderator, Proposer, Rank
from .seats import Seat
from .sight import check_unreadable

OF_A_SERVER = ("base_url", "api_key_env", "headers", "extra_body", "transport")
"""What is said of the server of a model that is named by a string; a model that was built has all of this."""
OF_SAMPLING = ("top_p", "seed", "stop")


OWN_OPTIONS = (*OF_A_SERVER, *OF_SAMPLING)
"""What only a model says for itself, and not its mixture."""


_WITHOUT_SERVER = tuple(f"{provider}:" for provider in FREE_PROVIDERS)
"""Models that are asked nowhere else."""


def check_options(defaults: Defaults) -> None:
    """Refuse what all models of a mixture start from where it is out of range.

    Raises:
        ConfigError: It is.
    """
    check_number("samples", defaults.samples, minimum=1, whole=True, most=MOST_SAMPLES)
    _check_ranges(defaults.temperature, defaults.max_tokens, defaults.timeout, defaults.context_tokens, where="")
    check_effort(defaults.reasoning_effort)
    check_tier(defaults.tier)
    if not isinstance(defaults.more_room, bool):
        raise ConfigError(f"found more_room={defaults.more_room!r:.60}, expected True or False")
    if defaults.vary not in (None, "wording"):
        raise ConfigError(f"found vary={defaults.vary!r:.60}, expected 'wording', or None for samples that are alike")
    check_number("max_answer_bytes", defaults.max_answer_bytes, minimum=1, whole=True)
    check_prices(defaults.prices)
    if not isinstance(defaults.limits, Sequence):
        raise ConfigError(f"found {type(defaults.limits).__name__} as limits, expected a list of Limits(...)")
    for limit in defaults.limits:
        _check_limit(limit)
    if not callable(defaults.resolve):
        raise ConfigError(f"found resolve={defaults.resolve!r}, expected a function like resolve_model")


def check_settings(settings: ModelSettings, name: str) -> None:
    """Refuse what was said about one model where it is out of range, or cannot be done for such a model.

    Raises:
        ConfigError: It is.
    """
    where = f" for {name!r}"
    timeout = None if settings.timeout is UNSET else settings.timeout
    _check_ranges(settings.temperature, settings.max_tokens, timeout, settings.context_tokens, where=where)
    if isinstance(settings, Proposer) and settings.samples is not None:
        check_number("samples", settings.samples, minimum=1, where=where, whole=True, most=MOST_SAMPLES)
    if isinstance(settings, Proposer) and settings.slots is not None:
        check_number("slots", settings.slots, minimum=1, where=where, whole=True)
    check_effort(settings.reasoning_effort, where)
    check_tier(settings.tier, where)
    _check_sampling(settings, where)
    _check_server(settings, where)
    if isinstance(settings, Proposer):
        _check_reading(settings, where)
        check_unreadable(settings.unreadable, where)
        _check_instead(settings, where)
    if not isinstance(settings.system_prompt, str | None):
        raise ConfigError(f"found {type(settings.system_prompt).__name__} as the system prompt{where}, expected text")
    if not isinstance(settings.tags, list | tuple) or not all(isinstance(tag, str) for tag in settings.tags):
        raise ConfigError(f"found tags={settings.tags!r}{where}, expected a tuple of strings")
    plain = isinstance(settings.model, str) or is_chat_model(settings.model)
    of_chat_models = ("temperature", "max_tokens", "reasoning_effort", "tier", *OF_SAMPLING)
    given = [option for option in of_chat_models if getattr(settings, option) is not None]
    if given and not plain:
        raise ConfigError(f"found {given[0]}{where}, expected none: a chain or graph sets those on its own models")


def _check_sampling(settings: ModelSettings, where: str) -> None:
    if settings.top_p is not None:
        check_number("top_p", settings.top_p, above=0, most=1, where=where)
    if settings.seed is not None:
        check_number("seed", settings.seed, minimum=0, most=2**63 - 1, where=where, whole=True)
    stop = settings.stop
    if stop is not None and not isinstance(stop, str):
        listed = isinstance(stop, list | tuple) and stop and all(isinstance(text, str) and text for text in stop)
        if not listed:
            raise ConfigError(
                f"found stop={stop!r:.80}{where}, expected a text, or a list of texts, that end an answer"
            )
    if stop == "":
        raise ConfigError(
            f"found an empty text as stop{where}, expected one that ends an answer; leave it out for none"
        )


def _check_server(settings: ModelSettings, where: str) -> None:
    """Refuse what is said of a server where there is none; values are not shown, for they may be secrets."""
    given = [option for option in OF_A_SERVER if getattr(settings, option) is not None]
    if not given:
        return
    if not isinstance(settings.model, str):
        raise ConfigError(
            f"found {given[0]}{where}, a model that was built, expected it for one named by a string; build it with it"
        )
    if settings.model.startswith(_WITHOUT_SERVER) and given != ["extra_body"]:
        raise ConfigError(f"found {given[0]}{where}, expected none: {settings.model} is asked in this process; drop it")
    if settings.base_url is not None and not isinstance(settings.base_url, str):
        raise ConfigError(f"found {type(settings.base_url).__name__} as base_url{where}, expected an address")
    if settings.base_url == "":
        raise ConfigError(f"found an empty base_url{where}, expected an address, such as http://localhost:8080/v1")
    check_transport(settings.transport, where)
    if settings.api_key_env is not None:
        check_key_variable(settings.api_key_env)
    for option, value in (("headers", settings.headers), ("extra_body", settings.extra_body)):
        if value is not None and not (isinstance(value, Mapping) and all(isinstance(name, str) for name in value)):
            raise ConfigError(f"found {type(value).__name__} as {option}{where}, expected values by name")
    headers_from(settings.headers or {})


def _check_reading(settings: Proposer, where: str) -> None:
    reads = settings.reads
    named = isinstance(reads, list | tuple) and all(isinstance(name, str) for name in reads)
    if reads is not None and not named:
        raise ConfigError(f"found reads={reads!r}{where}, expected a tuple of proposers' names; () is nobody")
    if reads is not None and not reads and settings.debates is True:
        raise ConfigError(
            f"found debates=True with reads=(){where}, expected somebody to debate with; drop one of them"
        )
    if not isinstance(settings.debates, bool):
        raise ConfigError(f"found debates={settings.debates!r}{where}, expected True or False")


_OF_THE_SEAT = ("name", "samples", "reads", "retriever", "instead")
"""What is said of a seat, whoever sits in it."""


def _check_instead(settings: Proposer, where: str) -> None:
    others = settings.instead
    kinds = (str, Runnable, Proposer)
    if not isinstance(others, list | tuple) or not all(isinstance(other, kinds) for other in others):
        raise ConfigError(f"found instead={others!r:.80}{where}, expected a list of models, or of Proposer(...)")
    for other in others:
        given = [n for n in _OF_THE_SEAT if isinstance(other, Proposer) and getattr(other, n) not in (None, ())]
        if given:
            raise ConfigError(
                f"found {given[0]} of a proposer that takes the place of another{where}, expected it of the other; "
                "leave it out"
            )


def check_graph(settings: ModelSettings, model: Model, name: str, context: object) -> None:
    """Refuse a graph that cannot run with its context, and tools that may write where nobody said so.

    Raises:
        ConfigError: There is one, or a context was given for something else.
    """
    graph = unwrapped(model)
    if isinstance(graph, Pregel):
        _check_context(getattr(graph, "context_schema", None), context, name)
    elif settings.context is not None:
        raise ConfigError(f"found a context for {name!r}, expected it for a graph only; leave it out")
    writing = [tool.name for tool in tools_of(model) if may_write(tool)]
    if writing and isinstance(settings, Proposer) and not settings.may_write:
        raise ConfigError(
            f"found the tool {writing[0]!r} of {name!r}, not marked read-only: each proposer that has it would use it; "
            "set its metadata to {'readOnlyHint': True}, or allow it with Proposer(..., may_write=True)"
        )


def _check_context(schema: Any, context: object, name: str) -> None:
    """Make the context as LangGraph will, so that what is wrong with it is told before anybody is asked."""
    if not isinstance(context, dict) or schema is None:
        return
    why = None
    if is_typeddict(schema):
        missing = sorted(schema.__required_keys__ - context.keys())
        why = f"{missing[0]!r} is missing" if missing else None
    else:
        try:
            schema(**context)
        except ValidationError as exc:
            error = exc.errors()[0]
            why = f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
        except (TypeError, ValueError) as exc:
            why = one_line(str(exc))
    if why:
        raise ConfigError(f"found {name!r} without the context it needs, expected Proposer(..., context=...): {why}")


def check_limited(limits: Sequence[Limits], seats: Sequence[Seat]) -> None:
    """Refuse a limit whose provider is nearly, but not quite, that of a model here: it would limit nothing.

    One for a provider that is not asked here is fine: several mixtures may share a list.

    Raises:
        ConfigError: There is one.
    """
    providers = sorted({seat.provider for seat in seats if seat.provider})
    for limit in limits:
        if limit.provider not in providers and get_close_matches(limit.provider, providers):
            raise ConfigError(f"found Limits for {limit.provider!r}; {nearest(limit.provider, providers)}")


def _check_limit(limit: object) -> None:
    if not isinstance(limit, Limits):
        raise ConfigError(
            f"found {limit!r} among limits, expected Limits(provider=..., concurrency=..., per_second=...)"
        )
    if not isinstance(limit.provider, str) or not limit.provider:
        raise ConfigError(f"found provider={limit.provider!r} for Limits(...), expected a provider's name")
    where = f" for {limit.provider!r}"
    if limit.concurrency is None and limit.per_second is None:
        raise ConfigError(f"found Limits{where} without a limit, expected concurrency or per_second")
    if limit.concurrency is not None:
        check_number("concurrency", limit.concurrency, minimum=1, where=where, whole=True)
    if limit.per_second is not None:
        check_number("per_second", limit.per_second, above=0, where=where)


def _check_ranges(
    temperature: object, max_tokens: object, timeout: object, context_tokens: object, *, where: str
) -> None:
    if temperature is not None:
        check_number("temperature", temperature, minimum=0, where=where)
    if max_tokens is not None:
        check_number("max_tokens", max_tokens, minimum=1, where=where, whole=True)
    if timeout is not None:
        check_number("timeout", timeout, above=0, where=where)
    if context_tokens is not None:
        check_number("context_tokens", context_tokens, minimum=1, where=where, whole=True)


def check_choice(rank: object, moderator: object, layers: int) -> None:
    """Refuse a ranking or a moderation that could not mean anything.

    Args:
        rank: What was given as one, or None.
        moderator: What was given as one, or None.
        layers: Layers of proposers.

    Raises:
        ConfigError: One of them is such.
    """
    if isinstance(rank, Rank):
        _check_seed(rank.seed, "Rank")
        if not rank.rankers:
            raise ConfigError("found Rank([]) as the aggregator, expected at least one model that ranks")
    if moderator is None:
        return
    if not isinstance(moderator, Moderator):
        raise ConfigError(f"found {moderator!r:.80} as the moderator, expected Moderator(model, keep=...)")
    check_number("keep", moderator.keep, minimum=1, where=" for the moderator", whole=True)
    _check_seed(moderator.seed, "Moderator")
    if not isinstance(moderator.stops, bool):
        raise ConfigError(f"found stops={moderator.stops!r} for the moderator, expected True or False")
    if not layers:
        raise ConfigError("found a moderator with layers=1, expected proposals to moderate; use layers=2, or drop it")


def check_analyst(analyst: object, layers: int) -> None:
    """Refuse an analyst who could compare nothing.

    Args:
        analyst: What was given as one, or None.
        layers: Layers of proposers.

    Raises:
        ConfigError: It is one.
    """
    if analyst is None:
        return
    if not isinstance(analyst, Analyst):
        raise ConfigError(f"found {analyst!r:.80} as the analyst, expected Analyst(model)")
    _check_seed(analyst.seed, "Analyst")
    if not layers:
        raise ConfigError("found an analyst with layers=1, expected proposals to compare; use layers=2, or drop it")


def _check_seed(seed: object, what: str) -> None:
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise ConfigError(f"found seed={seed!r} for {what}(...), expected a whole number")
