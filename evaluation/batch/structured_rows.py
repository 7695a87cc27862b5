"""Rows whose answer is an object that fits a schema: how it is asked for, read, and bounded."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, convert_to_messages
from pydantic import BaseModel

from ...core.errors import ConfigError, MoAError
from ...core.run.costs import total
from ...core.run.records import Cost
from ...core.run.state import Graph
from ...graphs.adapters.structured import UnfitAnswer, best_form, parsed
from ...graphs.plan import plan_of
from ...nodes.node import Node
from ...nodes.prompting.request import Form, Request, problem_with
from .questions import Question, Questions, Row
from .reading import questions_in

_MORE = 600
"""Tokens of what is said to whoever is asked again, beside the schema and the answer before."""


class NoObject(MoAError, ValueError):
    """Tell that an answer is no object that fits, and why."""


class Formed:
    """Go through questions, each with the form that its answer must have."""

    def __init__(self, questions: Questions, form: Form) -> None:
        """Take what `questions_in` reads, and the form."""
        self._questions, self._form = questions, form

    def __iter__(self) -> Iterator[Question]:
        for question in questions_in(self._questions):
            yield replace(question, form=self._form)


def form_of_schema(moa: Graph, schema: Mapping[str, Any] | type) -> Form:
    """Return how a mixture is asked for an object: by a call where its aggregators can, else in words.

    Args:
        moa: The mixture.
        schema: A JSON Schema, a pydantic class or a TypedDict.

    Raises:
        ConfigError: It is none, or the mixture writes no answers.
    """
    titled: Any = {"title": "Row", **schema} if isinstance(schema, Mapping) else schema
    return best_form(moa, titled)


def request_of(moa: Graph, question: Question) -> Request | None:
    """Return what a run is asked for beside an answer; None where that is nothing."""
    return Request(of=plan_of(moa).rules, form=question.form) if question.form else None


def object_in(form: Form, answer: AIMessage) -> Any:
    """Return the object that an answer holds, as JSON.

    Raises:
        NoObject: It holds none that fits.
    """
    try:
        value = parsed(form, answer)
    except UnfitAnswer as exc:
        raise NoObject(str(exc)) from exc
    return value.model_dump(mode="json") if isinstance(value, BaseModel) else value


def check_row_object(row: Row, where: str, form: Form) -> None:
    """Refuse a row of before without an object that fits.

    Args:
        row: The row.
        where: Where it stands.
        form: What its answer must be.

    Raises:
        ConfigError: It has none.
    """
    value: Any = row.get("object")
    args = value if isinstance(value, dict) else {}
    held = AIMessage("", tool_calls=[{"name": form.name, "args": args, "id": "1", "type": "tool_call"}])
    problem = problem_with(form, held) if "object" in row and isinstance(value, dict) else "it has none"
    if row["error"] is None and problem:
        raise ConfigError(
            f"found a row whose object does not fit the schema {where} ({problem}), expected one of a batch with the "
            "same schema; write to another file, or take the row out"
        )


def bound_of_object(moa: Graph, conversation: Sequence[Mapping[str, Any]], form: Form) -> Cost:
    """Bound what it costs that aggregators are told a schema, and asked once more where an answer does not fit.

    Args:
        moa: The mixture.
        conversation: What they answer.
        form: The form.
    """
    messages: list[AnyMessage] = convert_to_messages([dict(message) for message in conversation])  # type: ignore[assignment]
    node = moa.builder.nodes["aggregate"].runnable
    costs = [*node.at_most(messages).values()] if isinstance(node, Node) else []
    longest = max((seat.max_tokens or 0 for seat in plan_of(moa).rules.chain), default=0)
    more = 2 * len(json.dumps(form.schema).encode()) + _MORE + longest
    return total(_with_tokens(cost, more) for cost in costs)


def _with_tokens(cost: Cost, more: int) -> Cost:
    tokens, usd = cost["tokens"], cost["usd"]
    a_token = usd / tokens if usd is not None and tokens else 0.0  # of prompts and answers: more than a prompt's
    return Cost(
        calls=cost["calls"],
        tokens=None if tokens is None else tokens + more,
        usd=None if usd is None else usd + more * a_token,
    )
