"""Ask a mixture as a tool: a question in, its answer out, with what it cost and what is missing from it."""

from collections.abc import Mapping
from typing import Annotated, Any, cast

from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer
from pydantic import Field
from typing_extensions import TypedDict

from ..core.citations import Citation
from ..core.errors import ConfigError, MoAError
from ..core.state import Report
from ..nodes.node import rules_of
from .adapters import Graph, as_node


class Question(TypedDict):
    """Take one question."""

    question: Annotated[str, Field(description="The question, with all that is needed to answer it.")]


class Answer(TypedDict):
    """Tell what a run came to, in as few words as whoever called a tool can use."""

    answer: str
    """Empty where there is none."""
    missing: str | None
    """What is missing from the answer; None for a full one."""
    error: str | None
    """Why there is no answer; None where there is one."""
    usd: float | None
    """None where the cost is unknown."""
    calls: int | None
    tokens: int | None
    seconds: float | None
    sources: list[Citation]
    """What the answer cites of the documents that it is from."""


class Asking(Question, Answer):
    """Hold both."""


def answered(result: Mapping[str, Any]) -> Answer:
    """Tell what a mixture's result comes to."""
    run: Report = result["run"]
    cut = "the rest: it was cut at the token limit of its author" if run["truncated"] else None
    return {
        "answer": result["messages"][-1].text,
        "missing": run["degraded"] or cut,
        "error": None,
        "usd": run["usd"],
        "calls": run["calls"],
        "tokens": run["usage"]["total_tokens"],
        "seconds": run["seconds"],
        "sources": result.get("citations") or [],
    }


def check_asked(moa: Graph) -> None:
    """Refuse a mixture that waits for a person where nobody is shown what it waits for.

    Raises:
        ConfigError: It does, or the graph is no mixture.
    """
    if rules_of(moa).review:
        raise ConfigError("found a review in a mixture that is asked as a tool, expected none; leave the review out")


def create_ask(
    mixture: Graph | MoAError,
    *,
    name: str = "ask",
    context_schema: type[Any] | None = None,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
) -> CompiledStateGraph[Asking, Any, Question, Answer]:
    """Create the graph that puts a question to a mixture, for callers that are no person: LangGraph's server makes a
    tool of it at `/mcp`, with the question as its only argument.

        graph = create_ask(create_moa(proposers=[...], aggregator=...))

    A run that fails is an answer with its `error`, for of a failed run that server tells the exception's name, and not
    what it says.

    Args:
        mixture: What `create_moa`, or another of this package, returned; or why there is none, which is then the
            `error` of every question.
        name: The graph's name.
        context_schema: The form of the mixture, where it is built of one.
        checkpointer: What keeps threads.
        store: The store that nodes may use.

    Raises:
        ConfigError: The graph is no mixture, or shows its proposals to a person.
    """
    graph = StateGraph(Asking, context_schema=context_schema, input_schema=Question, output_schema=Answer)
    failing = RunnableLambda(_unanswered)
    node = _answering(mixture).with_fallbacks([failing], exceptions_to_handle=(MoAError,), exception_key="why")
    graph.add_node("ask", node)
    graph.add_edge(START, "ask")
    return graph.compile(checkpointer, store=store, name=name)


def _answering(mixture: Graph | MoAError) -> Runnable[Any, Any]:
    if not isinstance(mixture, MoAError):
        check_asked(mixture)
        return as_node(mixture, read="question", write=lambda result: {**answered(result)})

    def refuse(_: Any) -> Any:
        raise mixture

    return RunnableLambda(refuse)


def _unanswered(given: Mapping[str, Any]) -> Answer:
    nothing = dict.fromkeys(Answer.__annotations__)
    return cast("Answer", {**nothing, "answer": "", "error": str(given["why"]), "sources": []})
