"""What LangGraph Studio opens; without any configuration, mixtures of the offline models.

Start it from the project's root with `make studio`.
"""

import asyncio
from collections.abc import Mapping
from functools import cache
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph_moa import ConfigError, MoAError, Proposer, create_ask, create_moa
from langgraph_moa.apps.garbage import freeze_what_stays
from langgraph_moa.apps.settings.files import form_settings
from langgraph_moa.apps.settings.form import form_of, without_empty
from langgraph_moa.core.models.presets import load_preset
from langgraph_moa.core.offline.documents import BUNDLED_DOCS
from langgraph_moa.core.run.state import Graph
from langgraph_sdk.runtime import ServerRuntime


async def moa(config: RunnableConfig, runtime: ServerRuntime[Any]) -> Graph:
    """Build what the assistant's form describes, so that each assistant has its own drawing.

    The server calls this for every drawing and every run, on its event loop. A run's form is in its context; for all
    else the form's values come in `configurable`, to which a thread adds those of assistants that used it before.
    """
    return await _built(config, runtime, {})


async def evidence(config: RunnableConfig, runtime: ServerRuntime[Any]) -> Graph:
    """Build the same, answering from this project's own documents where the form names no others."""
    return await _built(config, runtime, {"docs": [str(BUNDLED_DOCS)]})


async def ask(config: RunnableConfig, runtime: ServerRuntime[Any]) -> Graph:
    """Build a tool of what the form describes: a question in, an answer out; a wrong form is told in the answer."""
    try:
        mixture = await _built(config, runtime, {})
        return create_ask(mixture, context_schema=mixture.context_schema)
    except MoAError as exc:
        if runtime.execution_runtime is None:
            raise
        return create_ask(exc)


async def _built(config: RunnableConfig, runtime: ServerRuntime[Any], defaults: Mapping[str, Any]) -> Graph:
    running = runtime.execution_runtime
    filled = config.get("configurable", {}) if running is None else running.context or {}
    try:
        return await asyncio.to_thread(build, {**defaults, **without_empty(filled)})
    except ConfigError:
        if runtime.access_context not in ("threads.read", "threads.update"):
            raise
        return await asyncio.to_thread(build, defaults)  # a thread can be looked at, whatever its assistants are by now


def build(filled: Mapping[str, Any]) -> Graph:
    """Build what a form describes; the form of the result knows at which of its nodes a prompt is told."""
    chosen, _ = form_settings(filled).choose()
    graph = chosen.build()
    _freeze_once()
    form: dict[str, Any] = {"context_schema": form_of(graph)}
    return graph.copy(form)


@cache
def _freeze_once() -> None:
    """Leave what the server and the first mixture are made of out of garbage collections; a run's own is not in it."""
    freeze_what_stays()


async def nested() -> Graph:
    """Build a mixture that has a mixture among its proposers."""
    return await asyncio.to_thread(build_nested)


def build_nested() -> Graph:
    """Build it, off the event loop: the offline models read their documents."""
    offline = load_preset("offline")
    inner = create_moa(proposers=offline["proposers"], aggregator=offline["aggregator"], name="panel")
    return create_moa(proposers=["offline:words", Proposer(inner, name="panel")], aggregator=offline["aggregator"])
