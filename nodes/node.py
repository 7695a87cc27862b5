"""The shape of every node here, and how it tells the world what it is doing."""

from collections.abc import Awaitable
from typing import Any, Protocol

from langchain_core.runnables import Runnable, RunnableConfig
from langgraph.config import get_stream_writer

from ..core.portal import run_sync
from ..core.state import MoAState

Update = dict[str, Any]


class Step(Protocol):
    """Take the state and return what changes in it."""

    def __call__(self, state: MoAState, config: RunnableConfig) -> Awaitable[Update]:
        """Run the step."""


class Node(Runnable[MoAState, Update]):
    """Serve one coroutine to both of LangGraph's APIs, without a traced run of its own between node and model."""

    def __init__(self, step: Step) -> None:
        self._step = step

    def invoke(self, input: MoAState, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Run the step on the portal's event loop and wait for it."""
        return run_sync(self.ainvoke(input, config))

    async def ainvoke(self, input: MoAState, config: RunnableConfig | None = None, **kwargs: Any) -> Update:
        """Run the step on the running event loop."""
        return await self._step(input, config or {})


def emit(event: str, **fields: Any) -> None:
    """Send a `custom` stream event, `{"moa": event, ...}`.

    The events are `layer` (started), `proposal` (done; with all of it), `verdict` and `aggregating`.
    """
    get_stream_writer()({"moa": event, **fields})
