"""The options that every graph of this package takes, for those that pass them on; `create_moa` says what each is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any, TypedDict

from langgraph.cache.base import BaseCache
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

from ..core.bounds.budget import Budget
from ..core.bounds.confident import Confident
from ..core.bounds.early_stop import EarlyStop
from ..core.bounds.quorum import Quorum
from ..core.bounds.screen import Screen
from ..core.checks import check_number
from ..core.errors import ConfigError, nearest
from ..core.models.capabilities import Model
from ..core.models.effort import Effort
from ..core.models.limits import Limits
from ..core.models.prices import Prices
from ..core.models.service_tiers import Tier
from ..core.panel.declared import Analyst, Moderator, Proposer, ProposerLike, Vary
from ..nodes.prompting.prompt_writer import Overflow, References
from ..prompts import Placement


class CommonOptions(TypedDict, total=False):
    """Be what each graph can be told beside who sits in it, and how often; `create_moa` says what each option is."""

    temperature: float | None
    max_tokens: int | None
    reasoning_effort: Effort | None
    more_room: bool
    vary: Vary | None
    tier: Tier | None
    timeout: float | None
    max_answer_bytes: int
    min_proposals: int
    early_stop: EarlyStop | None
    screen: Screen | None
    waves: Sequence[int]
    escalate: Sequence[ProposerLike]
    confidence: Confident | None
    mark_answers: bool
    quorum: Quorum | None
    budget: Budget | None
    limits: Sequence[Limits]
    prices: Prices | None
    context_tokens: int | None
    overflow: Overflow
    proposer_prompt: str | Path | None
    aggregator_prompt: str | Path | None
    placement: Placement
    references: References
    stream_proposals: bool
    stream_reasoning: bool
    review: bool
    feedback: bool
    draft: bool
    hide_texts: bool
    resolve: Callable[..., Model]
    cache: BaseCache[Any] | None
    checkpointer: Checkpointer
    store: BaseStore | None
    name: str


class SystemOptions(CommonOptions, total=False):
    """Be what every system can be told but a fusion, which has an analyst anyway."""

    analyst: Analyst | None


class MoAOptions(SystemOptions, total=False):
    """Be what `create_moa` can be told beside who sits in it; a test holds the two together."""

    layers: int | None
    samples: int
    window: int | None
    moderator: Moderator | None


def decided(
    create: Callable[..., Any], options: Mapping[str, Any], *, may: type = SystemOptions, **own: Any
) -> dict[str, Any]:
    """Return what a system passes on to `create_moa`: what it decides itself, and the options that it was given.

    Args:
        create: The system's function, for the message.
        options: What it was given.
        may: What it may be given.
        own: What it decides.

    Raises:
        ConfigError: An option is unknown, or one that the system decides.
    """
    allowed = may.__annotations__.keys() - own.keys()
    for name in options.keys() - allowed:
        if name in own or name in MoAOptions.__annotations__:
            raise ConfigError(
                f"found {name} in {create.__name__}, which decides it itself; leave it out, or use create_moa"
            )
        listed = [p for p in signature(create).parameters if p != "options"]
        raise ConfigError(f"unknown option {name!r} of {create.__name__}; {nearest(name, [*listed, *sorted(allowed)])}")
    return {**options, **own}


@dataclass(frozen=True)
class Prompting:
    """Hold what models are told, and where it stands; `create_moa` says what each of these is."""

    proposer_prompt: str | Path | None
    aggregator_prompt: str | Path | None
    placement: Placement
    overflow: Overflow
    window: int | None
    mark_answers: bool
    references: References

    def check(self, proposers: object) -> None:
        """Refuse what does not exist, or does not go together.

        Raises:
            ConfigError: There is such a thing.
        """
        if self.placement not in ("last", "system_prompt"):
            raise ConfigError(f"found placement={self.placement!r}, expected 'last' or 'system_prompt'")
        if self.references not in ("answers", "reasoning"):
            raise ConfigError(f"found references={self.references!r:.60}, expected 'answers' or 'reasoning'")
        if self.overflow not in ("fold", "cut"):
            raise ConfigError(f"found overflow={self.overflow!r}, expected 'fold' or 'cut'")
        if self.window is not None:
            check_number("window", self.window, minimum=2, whole=True)
        listed = proposers if isinstance(proposers, list | tuple) else []
        declared = [p for layer in listed for p in (layer if isinstance(layer, list | tuple) else [layer])]
        if self.placement == "system_prompt" and any(isinstance(p, Proposer) and p.debates for p in declared):
            raise ConfigError(
                "found placement='system_prompt' in a debate, expected 'last': each round is a message of its own"
            )


@dataclass(frozen=True)
class Stopping:
    """Hold what a layer needs, and what ends the layers or the run; `create_moa` says what each of these is."""

    min_proposals: int
    early_stop: EarlyStop | None
    screen: Screen | None
    waves: Sequence[int]
    escalate: Sequence[ProposerLike]
    confidence: Confident | None
    moderator: Moderator | None
    analyst: Analyst | None
    quorum: Quorum | None
    budget: Budget | None


@dataclass(frozen=True)
class Watching:
    """Hold who looks on, and what they are shown; `create_moa` says what each of these is."""

    review: bool
    feedback: bool
    draft: bool
    hide_texts: bool
