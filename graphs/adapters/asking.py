"""Ask a mixture as a tool: a question in, its answer out, with what it cost and what is missing from it."""

from collections.abc import Mapping
from typing import Annotated, Any

from langchain_core.messages import HumanMessage
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langgraph.errors import GraphBubbleUp
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.store.base import BaseStore
from langgraph.types import Checkpointer
from pydantic import Field
from typing_extensions import TypedDict

from ...core.errors import ConfigError, InputError, MoAError
from ...core.run.cited import Citation
from ...core.run.records import Report
from ...core.run.state import Graph
from ...core.text import one_line, redact
from ..plan import plan_of
from ..shown import drawn_here

_MOST_CHARACTERS = 2000
"""Of an error, which may tell of each proposer."""


class AskInput(TypedDict):
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


class AskState(AskInput, Answer):
    """Hold both."""


def as_answer(result: Mapping[str, Any]) -> Answer:
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


def as_no_answer(why: Exception) -> Answer:
    """Tell why there is no answer, in one sentence without secrets."""
    return {
        "answer": "",
        "missing": None,
        "error": sentence_of(why),
        "usd": None,
        "calls": None,
        "tokens": None,
        "seconds": None,
        "sources": [],
    }


def sentence_of(error: Exception) -> str:
    """Say what an error says to whoever called a tool: in one line, without secrets."""
    sentence = str(error) if isinstance(error, MoAError) else f"unexpected {type(error).__name__}: {error}"
    return one_line(redact(sentence), limit=_MOST_CHARACTERS)


def conversation(question: object) -> dict[str, Any]:
    """Return what a mixture is asked with: LangGraph checks no types, and a model that calls a tool may send anything.

    Raises:
        InputError: The question is not one text that says something.
    """
    if not isinstance(question, str) or not question.strip():
        what = "no question" if question is None else f"{question!r:.80} as the question"
        raise InputError(f"found {what}, expected a text that is not blank")
    return {"messages": [HumanMessage(question)]}


def check_asked(moa: Graph) -> None:
    """Refuse a mixture that waits for a person where nobody is shown what it waits for.

    Raises:
        ConfigError: It does, or the graph is no mixture.
    """
    if plan_of(moa).rules.review:
        raise ConfigError("found a review in a mixture that is asked as a tool, expected none; leave the review out")


def create_ask(
    mixture: Graph | MoAError,
    *,
    name: str = "ask",
    context_schema: type[Any] | None = None,
    checkpointer: Checkpointer = None,
    store: BaseStore | None = None,
) -> CompiledStateGraph[AskState, Any, AskInput, Answer]:
    """Create the graph that puts a question to a mixture, for callers that are no person: LangGraph's server makes a
    tool of it at `/mcp`, with the question as its only argument.

        graph = create_ask(create_moa(proposers=[...], aggregator=...))

    A run that fails, for whatever reason, is an answer with its `error`, for of a failed run that server tells the
    exception's name, and not what it says. Drawings, streams and Studio see the mixture inside the node `ask`.

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
    graph = StateGraph(AskState, context_schema=context_schema, input_schema=AskInput, output_schema=Answer)
    graph.add_node("ask", _answering(mixture))
    graph.add_edge(START, "ask")
    return drawn_here(graph.compile(checkpointer, store=store, name=name))


def _answering(mixture: Graph | MoAError) -> Runnable[Any, Any]:
    if isinstance(mixture, MoAError):
        return RunnableLambda(lambda _: as_no_answer(mixture), name="ask")
    check_asked(mixture)

    # LangGraph finds the graph inside a node where the node's own function holds it.
    def ask(given: Mapping[str, Any], config: RunnableConfig) -> Answer:
        try:
            return as_answer(mixture.invoke(conversation(given.get("question")), config))
        except GraphBubbleUp:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever happens, the caller gets a sentence
            return as_no_answer(exc)

    async def aask(given: Mapping[str, Any], config: RunnableConfig) -> Answer:
        try:
            return as_answer(await mixture.ainvoke(conversation(given.get("question")), config))
        except GraphBubbleUp:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever happens, the caller gets a sentence
            return as_no_answer(exc)

    return RunnableLambda(ask, aask, name="ask")
