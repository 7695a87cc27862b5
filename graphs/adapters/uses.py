"""How often an agent has called a tool for one message of its user, as its own messages tell."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage

from ...core.errors import InputError
from ...core.run.conversation import last_of_person

if TYPE_CHECKING:
    from langgraph.prebuilt import ToolRuntime


def use_of(runtime: "ToolRuntime[Any, Any] | None", name: str) -> int:
    """Return which use of a tool a call is, from 1, since the last message of a person.

    Calls are counted in the order in which the agent made them, those of one message by their place in it: they run in
    parallel, and each comes to the same number in whatever process.

    Args:
        runtime: What LangChain tells a tool of the agent that calls it.
        name: The tool's.

    Raises:
        InputError: There is no agent, or none with messages: nothing could be counted.
    """
    state = runtime.state if runtime else None
    messages = state if isinstance(state, list) else _messages_in(state)
    if runtime is None or not messages:
        raise InputError(
            f"found a call of {name!r} without an agent's messages, expected them, for max_uses counts in them; call "
            "it from an agent, or leave max_uses out"
        )
    rest = messages[last_of_person(messages) + 1 :]
    made = [call for message in rest if isinstance(message, AIMessage) for call in message.tool_calls]
    ids = [call["id"] for call in made if call["name"] == name]
    return ids.index(runtime.tool_call_id) + 1 if runtime.tool_call_id in ids else len(ids) + 1


def _messages_in(state: Any) -> Any:
    return state.get("messages") if isinstance(state, Mapping) else getattr(state, "messages", None)
