"""Choose a tool by the words that it shares with a question, and call it with what stands there."""

import json
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any

from langchain_core.messages import ToolCall
from langchain_core.messages.tool import tool_call

from .arguments import ArgumentForm
from .arithmetic import work_out
from .tools import OfferedTool


def fitting_tool(question: str, tools: Sequence[OfferedTool]) -> OfferedTool | None:
    """Return the tool that shares most words with a question; one word is too few where it is plain arithmetic."""
    best = max(tools, key=lambda tool: tool.shared_with(question), default=None)
    least = 2 if work_out(question) else 1
    return best if best and best.shared_with(question) >= least else None


def decide(question: str, bound: Sequence[Mapping[str, Any]], choice: Any, *, used: Collection[str]) -> ToolCall | None:
    """Return the call that answers a question, None where it is better answered in words.

    Args:
        question: What the user asked.
        bound: The tools, as OpenAI's API describes them; what only a provider could run is left out.
        choice: OpenAI's `tool_choice`, in any spelling that LangChain knows.
        used: Tools that were called for this question already: none is called twice, and others only where forced.
    """
    name, forced = _choice_of(choice)
    functions = [tool["function"] for tool in bound if "function" in tool]
    tools = [OfferedTool(f["name"], f.get("description") or "", f.get("parameters") or {}) for f in functions]
    tools = [tool for tool in tools if tool.name not in used]
    if choice == "none" or name in used or (used and not forced):
        return None
    best = max(tools, key=lambda tool: (tool.name == name, tool.shared_with(question)), default=None)
    tool = best if forced else fitting_tool(question, tools)
    if tool is None:
        return None
    try:
        args = ArgumentForm(question, tool, forced=forced).fill(tool.schema)
    except LookupError:
        return None
    identity = json.dumps([tool.name, args, question], sort_keys=True)
    return tool_call(name=tool.name, args=args, id=f"call_{sha256(identity.encode()).hexdigest()[:12]}")


def _choice_of(choice: Any) -> tuple[str | None, bool]:
    if isinstance(choice, Mapping):
        choice = choice.get("function", choice).get("name") or choice.get("type")
    if choice in (None, False, "auto", "none"):
        return None, False
    return (None if choice in (True, "any", "required") else str(choice)), True
