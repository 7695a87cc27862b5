"""The shape of every node here, and how it tells the world what it is doing."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from langchain_core.messages import AnyMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.config import get_stream_writer
from langgraph.pregel import Pregel
from langgraph.types import Command

from ..core.errors import AllProposersFailed
from ..core.models.capabilities import Model, unwrapped
from ..core.portal import run_sync
from ..core.run.records import Cost
from ..core.run.state import MoAState
from .calls.cache import keeping_responses
from .rules import Rules
from .trace import record, record_failure

Update = dict[str, Any]
Bound = Callable[[Sequence[AnyMessage]], dict[str, Cost]]
"""Say what a node's calls cost at most for a conversation, by the name of the model."""
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Step(Protocol[T_co]):
    """Take the state; return what changes in it, or for an edge, where to go."""

    def __call__(self, state: MoAState, config: RunnableConfig) -> Awaitable[T_co]:
        """Run the step."""


class Node(Runnable[MoAState, T], Generic[T]):
    """Serve one coroutine to both of LangGraph's APIs, without a traced run of its own between node and model.

    LangGraph would run a plain function in a thread when the graph is async, and refuse a coroutine when it is sync.
    """

    def __init__(
        self,
        step: Step[T],
        *,
        name: str | None = None,
        at_most: Bound = lambda conversation: {},
        asks: Sequence[Model] = (),
        rules: Rules | None = None,
    ) -> None:
        self._step = step
        self.name = name
        self.at_most = at_most
        self.asks = asks
        """Whom it asks."""
        self.rules = rules
        """What its mixture keeps to; edges have none."""
        inner = unwrapped(asks[0]) if len(asks) == 1 else None
        self.graph = inner if isinstance(inner, Pregel) else None
        """The graph that it asks, and nobody else, for drawings that look inside."""

    def invoke(self, input: MoAState, config: RunnableConfig | None = None, **kwargs: Any) -> T:
        """Run the step on the portal's event loop and wait for it."""
        return run_sync(self.ainvoke(input, config))

    async def ainvoke(self, input: MoAState, config: RunnableConfig | None = None, **kwargs: Any) -> T:
        """Run the step on the running event loop."""
        config = config or {}
        try:
            with keeping_responses(self.rules.cache if self.rules else None):
                update = await self._step(input, config)
        except AllProposersFailed:
            record_failure(input, config, self.rules)
            raise
        record(update.update if isinstance(update, Command) else update, input, config, self.rules)
        return update


def emit(event: str, **fields: Any) -> None:
    """Send a `custom` stream event, `{"moa": event, ...}`.

    The events are `layer` (started), `draft`, `proposal` (done; with all of it), `verdict`, `aggregating`, `abandoned`.
    """
    get_stream_writer()({"moa": event, **fields})
