"""Run a mixture inside a chat model's run: its conversation copied, its callbacks and traces below."""

from collections.abc import Sequence
from typing import Any, cast
from uuid import uuid4

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForChainRun,
    AsyncCallbackManagerForLLMRun,
    CallbackManager,
    CallbackManagerForChainRun,
    CallbackManagerForLLMRun,
)
from langchain_core.messages import AnyMessage, BaseMessage
from langchain_core.runnables import RunnableConfig

_MANAGER = ("run_id", "handlers", "inheritable_handlers", "parent_run_id", "tags", "inheritable_tags", "metadata")
"""What a run's manager is made of."""


def copied(messages: Sequence[BaseMessage]) -> dict[str, list[AnyMessage]]:
    """Copy a conversation, each message under an id of its own: a state keeps one message an id, and writes ids."""
    seen: set[str] = set()
    copies: list[BaseMessage] = []
    for message in messages:
        is_unique = message.id is not None and message.id not in seen
        copies.append(message.model_copy(update={"id": message.id if is_unique else str(uuid4())}))
        seen.add(cast("str", copies[-1].id))
    return {"messages": cast("list[AnyMessage]", copies)}


def nested(run: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None) -> RunnableConfig:
    """Return a config whose runs are children of a chat model's run, which LangChain foresees for chains only."""
    if run is None:
        return {}
    about = {key: value for key, value in run.inheritable_metadata.items() if not key.startswith("ls_")}
    manager: dict[str, Any] = {key: getattr(run, key) for key in _MANAGER} | {"inheritable_metadata": about}
    kind = (
        AsyncCallbackManagerForChainRun
        if isinstance(run, AsyncCallbackManagerForLLMRun)
        else CallbackManagerForChainRun
    )
    return {"callbacks": kind(**manager).get_child()}


def known_run(
    config: RunnableConfig, manager: CallbackManager | AsyncCallbackManager
) -> tuple[RunnableConfig, dict[str, Any]]:
    """Decide on a run's id before it starts: `stream` tells `_stream` nothing of the run that it belongs to.

    Returns:
        The config to stream with, and what its run will be.
    """
    run_id = config.get("run_id") or uuid4()
    tags = [*manager.inheritable_tags, *(config.get("tags") or [])]
    metadata = {**manager.inheritable_metadata, **(config.get("metadata") or {})}
    handlers = {"handlers": manager.handlers, "inheritable_handlers": manager.inheritable_handlers}
    about = {"inheritable_tags": tags, "inheritable_metadata": metadata, "tags": tags, "metadata": metadata}
    return {**config, "callbacks": manager, "run_id": run_id}, {"run_id": run_id, **handlers, **about}
