"""The options that every graph of this package takes, for those that pass them on; `create_moa` says what each is."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

from langgraph.cache.base import BaseCache
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer

from ..core.anatomy import Model
from ..core.budget import Budget
from ..core.prices import Prices
from ..core.race import Quorum
from ..core.stop import EarlyStop
from ..core.throttle import Limits
from ..prompts import Placement


class MoAOptions(TypedDict, total=False):
    """Be what `create_moa` can be told beside who sits in it; a test holds the two together."""

    layers: int | None
    samples: int
    temperature: float | None
    max_tokens: int | None
    timeout: float | None
    min_proposals: int
    early_stop: EarlyStop | None
    waves: Sequence[int]
    mark_answers: bool
    quorum: Quorum | None
    budget: Budget | None
    limits: Sequence[Limits]
    prices: Prices | None
    context_tokens: int | None
    proposer_prompt: str | Path | None
    aggregator_prompt: str | Path | None
    placement: Placement
    stream_proposals: bool
    review: bool
    feedback: bool
    hide_texts: bool
    resolve: Callable[..., Model]
    cache: BaseCache[Any] | None
    checkpointer: Checkpointer
    store: BaseStore | None
    name: str
