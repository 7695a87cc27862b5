"""What the caller of one answer asks of its author: tools to call, a form to keep to, options of the call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage
from langgraph.runtime import get_runtime
from pydantic import ValidationError

from ...core.models.capabilities import (
    Model,
    answer_limit_of,
    map_chat_models,
    tool_tokens_of,
    transport_of,
    without_bound,
)
from ...core.panel.seats import Seat
from ...core.run.cadence import EarlierPanel, PanelUse
from ...core.text import one_line, plain
from ...core.wire.structured import Method
from .forced import Tool, as_schema, calls_in, fits, forced_of, with_call

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

_TOOLS = ("tools", "tool_choice", "parallel_tool_calls")


@dataclass(frozen=True, kw_only=True)
class Form:
    """Say what the answer must be, where it is no free text."""

    tool: Tool
    """The form as a tool whose arguments are the answer."""
    method: Method
    parse: Callable[[AIMessage], Any] = field(repr=False, compare=False)
    """Read an answer; what it raises says what is wrong with it."""

    @property
    def name(self) -> str:
        """Return what it is called."""
        return str(self.tool["function"]["name"])

    @property
    def schema(self) -> dict[str, Any]:
        """Return its JSON Schema."""
        return dict(self.tool["function"].get("parameters", {}))

    @property
    def response_format(self) -> dict[str, Any]:
        """Return the form as OpenAI's API calls it, which many servers know."""
        strict = {key: value for key, value in self.tool["function"].items() if key == "strict"}
        return {"type": "json_schema", "json_schema": {"name": self.name, "schema": self.schema, **strict}}


@dataclass(frozen=True, kw_only=True)
class Request:
    """Travel with one run, as its context: it is asked of this mixture, and of none that a proposer may be."""

    of: object
    """What tells the mixture from others: its rules."""
    tools: Sequence[Tool] = ()
    tool_choice: Any = None
    form: Form | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """What else is passed on to the aggregator's model, as `stop` or `temperature`."""
    panel: PanelUse | None = None
    """How a chat model's call came by its proposals; None where nobody asks for that."""
    again: EarlierPanel | None = None
    """What a panel proposed in an earlier call of the turn: only the aggregator is asked then."""
    carries: bool = False
    """Whether an answer takes its proposals along, for the next call of the turn."""

    @property
    def calls_tools(self) -> bool:
        """Tell whether the answer may be a call: what proposals say is advice then, and never the answer."""
        return bool(self.tools) and self.tool_choice != "none"

    @property
    def forced(self) -> Sequence[Tool]:
        """Return the tools of which the answer has to call one; none where it may be words."""
        if self.form:
            return [self.form.tool] if self.form.method == "function_calling" else []
        return forced_of(self.tools, self.tool_choice)

    @property
    def by_schema(self) -> "Request":
        """Return the same request for a server that does not force calls, but holds an answer to a schema."""
        if self.form:
            return replace(self, form=replace(self.form, method="json_schema"))
        name = function_of(self.forced[0])[0] if len(self.forced) == 1 else "call"
        form = {"type": "json_schema", "json_schema": {"name": name, "schema": as_schema(self.forced)}}
        options = {key: value for key, value in self.options.items() if key not in _TOOLS}
        return replace(self, tools=(), tool_choice=None, options={**options, "response_format": form})

    @property
    def needs_author(self) -> bool:
        """Tell whether only a model that is asked can answer: no proposal calls a tool, or keeps to a form."""
        return bool(self.tools or self.form)


def function_of(tool: Tool) -> tuple[str, str]:
    """Return a tool's name and description; what a provider runs itself has only a type."""
    function = tool.get("function", tool)
    name = function.get("name") or tool.get("type") or next(iter(tool), "tool")
    return str(name), str(function.get("description") or "")


def problem_with(form: Form, answer: AIMessage) -> str | None:
    """Say in a line what is wrong with an answer's form; None where nothing is."""
    try:
        form.parse(answer)
    except Exception as exc:  # noqa: BLE001 - a schema's own validators may raise whatever they like
        return said_of(exc)
    return None


def told_as_text(answer: AIMessage) -> bool:
    """Tell an answer without any call, readable or not."""
    return not answer.tool_calls and not answer.invalid_tool_calls


def with_forced_call(answer: AIMessage, request: Request) -> AIMessage:
    """Return an answer whose text is nothing but the call that was forced as that call; others as they are."""
    if not (offered := request.forced) or not told_as_text(answer):
        return answer
    for call in calls_in(answer.text, offered):
        made = with_call(answer, call)
        if problem_with(request.form, made) is None if request.form else fits(call, offered):
            return made
    return answer


def problem_of(answer: AIMessage, request: Request) -> str | None:
    """Say in a line what an answer lacks that its caller asks for; None where nothing is."""
    if request.form:
        return problem_with(request.form, answer)
    if request.forced and told_as_text(answer):
        names = " or ".join(repr(function_of(tool)[0]) for tool in request.forced)
        return f"found no call of {names}, expected one, as tool_choice says"
    return None


def held_to(answer: AIMessage, request: Request) -> tuple[AIMessage, str | None]:
    """Return an answer, with a call that it gave as text made, and what it lacks; in a thread, for it may take long.

    Args:
        answer: What came back.
        request: What its caller asks for.
    """
    made = with_forced_call(answer, request)
    return made, problem_of(made, request)


def said_of(exc: Exception) -> str:
    """Say in a line what is wrong with an object, without what pydantic adds for developers."""
    if isinstance(exc, ValidationError):
        wrong = [f"{'.'.join(map(str, e['loc'])) or 'it'}: {e['msg']} (found {e['input']!r:.80})" for e in exc.errors()]
        return one_line(plain("; ".join(wrong)), limit=600)
    return one_line(plain(str(exc)), limit=600)


def request_for(mixture: object) -> Request | None:
    """Return what the caller of the run under way asks of a mixture; None where that is just an answer."""
    context = get_runtime().context
    return context if isinstance(context, Request) and context.of is mixture else None


def equipped(seat: Seat, request: Request | None) -> Seat:
    """Return an aggregator with the tools, the form and the options that are asked for."""
    if request is None:
        return seat
    names = {
        *request.options,
        *(_TOOLS if request.tools else ()),
        *((*_TOOLS, "response_format") if request.form else ()),
    }
    model = map_chat_models(without_bound(seat.model, names), lambda chat: _equipped(chat, request))
    return replace(
        seat,
        model=model,
        tool_tokens=tool_tokens_of(model),
        max_tokens=answer_limit_of(model),
        transport=transport_of(model),
        is_checked=bool(request.forced),
    )


def _equipped(chat: "BaseChatModel", request: Request) -> Model:
    options, tools, choice = dict(request.options), list(request.tools), request.tool_choice
    form = request.form
    if form and form.method == "json_schema":
        options["response_format"] = form.response_format
    elif form and form.method == "function_calling":
        tools, choice = [form.tool], form.name
    model: Model = chat
    if tools:
        model = chat.bind_tools(tools, **({} if choice is None else {"tool_choice": choice}))
    return model.bind(**options) if options else model
