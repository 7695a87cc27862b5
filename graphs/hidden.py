"""Keep texts out of traces: what is traced of a mixture keeps its structure and its usage."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from contextlib import aclosing, closing, contextmanager, suppress
from itertools import islice
from typing import Any, Self, cast

from langchain_core.callbacks import (
    AsyncCallbackManager,
    BaseCallbackHandler,
    BaseCallbackManager,
    CallbackManager,
    Callbacks,
)
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs, var_child_runnable_config
from langchain_core.tracers.langchain import LangChainTracer
from langsmith import tracing_context

from ..core.run.state import Graph
from .hiding_tracer import HidingTracer
from .shown import ShownGraph


def hide(moa: Graph) -> Graph:
    """Return a copy of a graph whose runs are traced without texts.

    What a model traces by itself, past LangChain's callbacks, is that model's; and a parent's own run is the parent's.
    """
    return _Hidden(**vars(moa))


def hides(moa: object) -> bool:
    """Tell whether a graph's texts are kept out of traces."""
    return isinstance(moa, _Hidden)


class _Hidden(ShownGraph):
    """Swap every LangSmith tracer for one that hides texts, on the way in: all of a graph's APIs come through here."""

    def copy(self, update: dict[str, Any] | None = None) -> Self:
        update = dict(update or {})
        if "config" in update:
            update["config"] = {**update["config"], "callbacks": _hiding(update["config"].get("callbacks"))}
        return super().copy(update)

    def bulk_update_state(self, config: RunnableConfig, *args: Any, **options: Any) -> RunnableConfig:
        with tracing_context(enabled=False):  # an edit of the state would be traced with all of its words
            return super().bulk_update_state(config, *args, **options)

    async def abulk_update_state(self, config: RunnableConfig, *args: Any, **options: Any) -> RunnableConfig:
        with tracing_context(enabled=False):
            return await super().abulk_update_state(config, *args, **options)

    def stream(self, input: Any, config: RunnableConfig | None = None, **options: Any) -> Iterator[Any]:
        hidden = _hidden_config(config, CallbackManager)
        with closing(cast("Generator[Any]", super().stream(input, hidden, **options))) as parts:
            with _no_callbacks_around():
                first = list(islice(parts, 1))
            yield from first
            yield from parts

    async def astream(self, input: Any, config: RunnableConfig | None = None, **options: Any) -> AsyncIterator[Any]:
        hidden = _hidden_config(config, AsyncCallbackManager)
        async with aclosing(cast("AsyncGenerator[Any]", super().astream(input, hidden, **options))) as parts:
            first = []
            with _no_callbacks_around(), suppress(StopAsyncIteration):
                first = [await anext(parts)]
            for part in first:
                yield part
            async for part in parts:
                yield part


def _hidden_config(
    config: RunnableConfig | None, manager: type[CallbackManager] | type[AsyncCallbackManager]
) -> RunnableConfig:
    """Return a config with all the callbacks there are, around the run and given to it, each tracer's hiding twin."""
    callbacks = merge_configs(var_child_runnable_config.get(), config).get("callbacks")
    configured = manager.configure(inheritable_callbacks=callbacks)  # adds LangSmith's tracer, where it is asked for
    return {**(config or {}), "callbacks": _hiding(configured)}


@contextmanager
def _no_callbacks_around() -> Iterator[None]:
    """Take the surrounding run's callbacks away while a graph reads its config: it has their twins."""
    around = var_child_runnable_config.get()
    token = var_child_runnable_config.set({**around, "callbacks": None} if around else around)
    try:
        yield
    finally:
        var_child_runnable_config.reset(token)


def _hiding(callbacks: Callbacks) -> Callbacks:
    if isinstance(callbacks, BaseCallbackManager):
        hiding = callbacks.copy()
        hiding.handlers = [_twin(handler) for handler in callbacks.handlers]
        hiding.inheritable_handlers = [_twin(handler) for handler in callbacks.inheritable_handlers]
        return hiding
    return [_twin(handler) for handler in callbacks] if callbacks else callbacks


def _twin(handler: BaseCallbackHandler) -> BaseCallbackHandler:
    if isinstance(handler, LangChainTracer) and not isinstance(handler, HidingTracer):
        return HidingTracer(handler)
    return handler
