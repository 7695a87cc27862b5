"""Put a mixture where something else is expected: a tool, or a node of a graph with other keys."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import AnyMessage, MessageLikeRepresentation
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.tools import BaseTool, StructuredTool

from ...core.checks import check_number
from ...core.errors import ConfigError
from ...core.models.parts import may_write, tools_of
from ...core.run.state import Graph
from ..plan import plan_of
from .uses import use_of

State = Mapping[str, Any]
Wording = str | Sequence[MessageLikeRepresentation]
WHEN_TO_ASK = (
    "Ask several models the same question at once, and get one answer made of theirs. Use it for questions that are "
    "hard, or where being wrong is costly. The question must say all that is needed to answer it."
)
"""Tells a model what a mixture as a tool is for."""


def as_tool(
    moa: Graph, *, name: str | None = None, description: str = WHEN_TO_ASK, max_uses: int | None = None
) -> BaseTool:
    """Return a mixture as a tool that takes a question and gives its answer.

    LangChain's own `moa.as_tool()` takes messages, and gives the agent the whole state to read: every proposal, and the
    report. Here those are the tool message's `artifact`, which no model reads.

        agent = create_agent("openai:gpt-6-luna", tools=[as_tool(moa, name="panel")])

    Args:
        moa: What `create_moa`, or another of this package, returned.
        name: The tool's name; None is the graph's, in letters that providers take.
        description: When an agent should use it.
        max_uses: How often an agent may use it for one message of its user, which the description tells it too; after
            that the tool says so, and asks nobody. Counted in the agent's messages, so that a resumed run counts on.

    Raises:
        ConfigError: The graph is no mixture, or an option is wrong.
        InputError: (when run) There is nothing to count uses in: no agent calls it.
    """
    plan_of(moa)
    if max_uses is not None:
        check_number("max_uses", max_uses, minimum=1, whole=True)
    if name is not None and not (isinstance(name, str) and re.fullmatch(r"[a-zA-Z0-9_-]+", name)):
        raise ConfigError(f"found name={name!r:.80}, expected letters, digits, - and _, which is what providers take")

    called = name or re.sub(r"[^\w-]", "_", moa.name, flags=re.ASCII)
    ask, aask = _asking(moa) if max_uses is None else _counting(moa, called, max_uses)
    bound = f" At most {max_uses} {'use' if max_uses == 1 else 'uses'} for one message of the user."
    return StructuredTool.from_function(
        ask,
        aask,
        name=called,
        description=description if max_uses is None else description.rstrip() + bound,
        response_format="content_and_artifact",
        metadata={"readOnlyHint": not any(map(may_write, tools_of(moa)))},
    )


def _asking(moa: Graph) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return what a tool does, for both of LangChain's APIs."""

    def ask(question: str, config: RunnableConfig) -> tuple[str, dict[str, Any]]:
        return _told(moa.invoke(_conversation(question), config))

    async def aask(question: str, config: RunnableConfig) -> tuple[str, dict[str, Any]]:
        return _told(await moa.ainvoke(_conversation(question), config))

    return ask, aask


def _counting(moa: Graph, name: str, most: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the same for a tool that may be used so often: LangChain tells it of the agent as its `runtime`."""
    from langgraph.prebuilt import ToolRuntime

    ask_once, aask_once = _asking(moa)
    nobody = cast("ToolRuntime[Any, Any]", None)

    def spent(runtime: ToolRuntime[Any, Any]) -> tuple[str, dict[str, Any]] | None:
        use = use_of(runtime, name)
        if use <= most:
            return None
        times = "once" if most == 1 else f"{most} times"
        why = f"Nobody was asked: {name} was used {times} for this message of the user, which is all there is."
        return f"{why} Go on with what you know.", {"use": use, "max_uses": most}

    def ask(question: str, config: RunnableConfig, runtime: ToolRuntime[Any, Any] = nobody) -> Any:
        return spent(runtime) or ask_once(question, config)

    async def aask(question: str, config: RunnableConfig, runtime: ToolRuntime[Any, Any] = nobody) -> Any:
        return spent(runtime) or await aask_once(question, config)

    return ask, aask


def as_node(
    moa: Graph, *, read: str | Callable[[Any], Wording], write: str | Callable[[dict[str, Any]], dict[str, Any]]
) -> Runnable[Any, dict[str, Any]]:
    """Return a mixture as a node of a graph that has other keys than `messages`.

        parent.add_node("answer", as_node(moa, read="question", write="answer"))
        parent.add_node("check", as_node(moa, read=lambda state: f"Is this right? {state['draft']}",
                                         write=lambda result: {"review": result["messages"][-1].text}))

    Where all proposers fail, the node raises `AllProposersFailed`. A `RuntimeError`, it is none of the errors that
    LangGraph's `RetryPolicy()` retries by itself; name it where the parent is to ask again, which asks everybody anew:

        parent.add_node("answer", as_node(moa, read="question", write="answer"),
                        retry_policy=RetryPolicy(retry_on=AllProposersFailed))

    Args:
        moa: What `create_moa`, or another of this package, returned.
        read: The key of the parent's state that holds the question or the conversation, or a function from that state
            to either.
        write: The key that gets the answer's text, or a function from the mixture's result to the parent's update.

    Raises:
        ConfigError: The graph is no mixture, or (when run) there is no question to read.
    """
    plan_of(moa)
    for option, given in (("read", read), ("write", write)):
        if not isinstance(given, str) and not callable(given):
            raise ConfigError(f"found {option}={given!r:.80}, expected the name of a key, or a function")

    def question(state: Any) -> dict[str, list[AnyMessage]]:
        if callable(read):
            return _conversation(read(state))
        try:
            return _conversation(state[read] if isinstance(state, Mapping) else getattr(state, read))
        except (KeyError, AttributeError):
            raise ConfigError(
                f"found no {read!r} in the state, expected a question there; name another key, or pass a function"
            ) from None

    def answered(result: dict[str, Any]) -> dict[str, Any]:
        return write(result) if callable(write) else {write: result["messages"][-1].text}

    def node(state: Any, config: RunnableConfig) -> dict[str, Any]:
        return answered(moa.invoke(question(state), config))

    async def anode(state: Any, config: RunnableConfig) -> dict[str, Any]:
        return answered(await moa.ainvoke(question(state), config))

    return RunnableLambda(node, anode, name=moa.name)


def _conversation(question: Any) -> dict[str, Any]:
    if not isinstance(question, Sequence) or isinstance(question, bytes) or not question:
        raise ConfigError(f"found {question!r:.80} as the question, expected text or a list of messages")
    return {"messages": [("user", question)] if isinstance(question, str) else list(question)}


def _told(result: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    answer = result["messages"][-1].text
    return answer, {key: value for key, value in result.items() if key != "messages"}
