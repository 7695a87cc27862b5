"""Read what a client sends: the conversation, and what of its options a mixture can do."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages
from langchain_core.messages.tool import invalid_tool_call, tool_call
from pydantic import BaseModel, ValidationError

from ...core.text import one_line, plain_in
from .amounts import DEEPEST_BODY, count_parts, is_deep
from .bodies import BODY_FIELDS, AssistantMessage, ChatBody, NamedChoice, ToolResult
from .refusals import Refusal
from .schemas import check_amount, harmless

_PASSED_ON = (
    *("temperature", "top_p", "seed", "stop", "frequency_penalty", "presence_penalty", "reasoning_effort"),
    "parallel_tool_calls",
)
"""Options that are the aggregator's."""
_CANNOT: dict[str, tuple[Any, str]] = {
    "n": (1, "a mixture gives one answer; ask several times"),
    "logprobs": (False, "several models write one answer, whose probabilities are nobody's"),
    "top_logprobs": (0, "several models write one answer, whose probabilities are nobody's"),
    "audio": (None, "a mixture writes text only"),
    "functions": (None, "send them as tools"),
    "function_call": (None, "send it as tool_choice"),
    "web_search_options": (None, "give the mixture a retriever, or its proposers tools"),
}
"""What would change the answer and cannot be done: the only value that is taken, and what to do."""
_SAYS_NOTHING: tuple[Any, ...] = ([], {}, "none", "auto")
"""Values of such options that ask for nothing."""
_OF_KINDS = ("messages", "content")
"""Lists whose items are of several kinds."""
_OTHER_KINDS = ("string_type", "list_type")
"""What an error says whose branch is for another kind of value."""
_MOST_SHOWN = 20
_MOST_PARTS = 500_000
"""Names and values of a body, each of which takes a hundred bytes and more once it is read."""
_MOST_ARGUMENTS = 50_000
"""The same of all calls together, which are gone through many times."""
_MOST_FIELDS = 1_000


@dataclass(frozen=True, kw_only=True)
class ClientQuestion:
    """Be what one request asks for."""

    model: str
    messages: Sequence[BaseMessage]
    stream: bool
    include_usage: bool
    options: Mapping[str, Any]
    """What is the aggregator's."""
    tools: Sequence[dict[str, Any]]
    tool_choice: Any
    schema: dict[str, Any] | None
    """What the answer has to be; None where it is free text."""
    any_object: bool
    """Whether that is no more than some object: models are asked for it in words, for as a tool without arguments they
    would call it without any."""
    left_out: Sequence[str]
    """Fields that changed nothing."""


def read_client_question(raw: bytes) -> ClientQuestion:
    """Read the body of a request.

    Raises:
        Refusal: It is none, or asks for what a mixture cannot do.
    """
    if (count := count_parts(raw, _MOST_PARTS)) > _MOST_PARTS:
        raise Refusal(400, f"found a body of {count:,} names and values, expected {_MOST_PARTS:,} at most")
    try:
        sent = json.loads(raw.decode("utf-8-sig", "surrogatepass"), parse_constant=_no_number)
    except (ValueError, RecursionError) as exc:
        raise Refusal(400, f"found a body that is no JSON, expected an object: {one_line(str(exc))}") from exc
    if is_deep(sent):
        raise Refusal(400, f"found a body of more than {DEEPEST_BODY} levels, expected a flatter one")
    sent = plain_in(sent)
    if not isinstance(sent, dict):
        raise Refusal(400, f"found {type(sent).__name__} as the body, expected a JSON object")
    if len(sent) > _MOST_FIELDS:
        raise Refusal(400, f"found {len(sent):,} fields, expected {_MOST_FIELDS:,} at most")
    _check_possible(sent)
    try:
        body = ChatBody.model_validate(sent)
    except ValidationError as exc:
        raise _refusal_of_mistake(exc) from exc
    left_out = [str(name) for name, value in (body.model_extra or {}).items() if _says(name, value)]
    choice = body.tool_choice.function.name if isinstance(body.tool_choice, NamedChoice) else body.tool_choice
    schema, unread = _schema_of(body, checked=not body.tools or choice == "none")
    tools, unread_tools = _tools_of(body)
    _check_choice(tools, choice)
    options = _options_of(body, calls=bool(tools))
    if schema is not None and tools and choice != "none":
        # A call need not fit, so only the aggregator's server can hold the answer to it.
        schema, unread, options["response_format"] = None, ["response_format: check"], sent["response_format"]
    return ClientQuestion(
        model=body.model,
        messages=_conversation(body),
        stream=bool(body.stream),
        include_usage=bool(body.stream_options and body.stream_options.include_usage),
        options=options,
        tools=[] if schema is not None else tools,
        tool_choice=choice if tools and schema is None else None,
        schema=schema,
        any_object=bool(body.response_format and body.response_format.type == "json_object"),
        left_out=sorted([*(one_line(name, limit=60) for name in left_out), *unread, *unread_tools])[:_MOST_SHOWN],
    )


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON's")


def _check_possible(sent: Mapping[str, Any]) -> None:
    for name, (only, advice) in _CANNOT.items():
        if sent.get(name) not in (None, only, *_SAYS_NOTHING):
            raise Refusal(
                400, f"found {name}, which cannot be done: {advice}", code="unsupported_parameter", param=name
            )
    modalities = sent.get("modalities")
    if modalities is not None and modalities != ["text"]:
        why = "found other modalities than text, which cannot be done: a mixture writes text only"
        raise Refusal(400, why, code="unsupported_parameter", param="modalities")


def _says(name: str, value: Any) -> bool:
    """Tell a field that says something from one that only repeats what is so anyway."""
    return value is not None and value not in _SAYS_NOTHING[:2] and not (name in _CANNOT or name == "modalities")


def _options_of(body: ChatBody, *, calls: bool) -> dict[str, Any]:
    options = {name: value for name in _PASSED_ON if (value := getattr(body, name)) is not None}
    if not calls:
        options.pop("parallel_tool_calls", None)
    if body.reasoning and body.reasoning.effort and "reasoning_effort" not in options:
        options["reasoning_effort"] = body.reasoning.effort
    limit = body.max_completion_tokens or body.max_tokens
    return {**options, **({"max_tokens": limit} if limit else {})}


def _schema_of(body: ChatBody, *, checked: bool) -> tuple[dict[str, Any] | None, list[str]]:
    form = body.response_format
    if form is None or form.type == "text":
        return None, []
    if form.type == "json_object":
        return {"title": "answer", "type": "object", "additionalProperties": True, "properties": {}}, []
    if form.json_schema is None:
        raise Refusal(400, "found no json_schema, expected a name and a schema", param="response_format.json_schema")
    param = "response_format.json_schema.schema"
    given = form.json_schema.given or {"type": "object"}
    if checked:
        check_amount([given], param)
    schema, lost = harmless(given, param, checked=checked)
    about = {"description": form.json_schema.description} if form.json_schema.description else {}
    return {**about, **schema, "title": form.json_schema.name}, [f"response_format: {key}" for key in lost]


def _tools_of(body: ChatBody) -> tuple[list[dict[str, Any]], list[str]]:
    choice = body.tool_choice.function.name if isinstance(body.tool_choice, NamedChoice) else body.tool_choice
    tools = [tool.model_dump(exclude_none=True) for tool in body.tools or []]
    functions, lost = [tool["function"] for tool in tools], set[str]()
    for function in functions:
        function.setdefault("parameters", {"type": "object", "properties": {}})
    forced = [choice in ("required", function["name"]) for function in functions]
    check_amount(
        [function["parameters"] for function, checked in zip(functions, forced, strict=True) if checked], "tools"
    )
    for number, (function, checked) in enumerate(zip(functions, forced, strict=True)):
        param = f"tools[{number}].function.parameters"
        function["parameters"], keys = harmless(function["parameters"], param, checked=checked)
        lost.update(keys)
    return tools, [f"tools: {key}" for key in sorted(lost)]


def _check_choice(tools: Sequence[Mapping[str, Any]], choice: Any) -> None:
    names = [tool["function"]["name"] for tool in tools]
    if choice not in (None, "none", "auto") and (not names or (choice != "required" and choice not in names)):
        raise Refusal(
            400, f"found tool_choice {choice!r:.80} without such a tool, expected it in tools", param="tool_choice"
        )


def _conversation(body: ChatBody) -> list[BaseMessage]:
    open_calls: set[str] = set()
    calls = [
        call for message in body.messages if isinstance(message, AssistantMessage) for call in message.tool_calls or []
    ]
    if (
        count := sum(
            count_parts(call.function.arguments.encode("utf-8", "surrogatepass"), _MOST_ARGUMENTS) for call in calls
        )
    ) > _MOST_ARGUMENTS:
        why = f"found {count:,} names and values in calls' arguments, expected {_MOST_ARGUMENTS:,} at most"
        raise Refusal(400, why, param="messages")
    for number, message in enumerate(body.messages):
        if isinstance(message, AssistantMessage):
            open_calls = {call.id for call in message.tool_calls or []}
            message.content = message.content or ""
        elif isinstance(message, ToolResult) and message.tool_call_id not in open_calls:
            raise Refusal(
                400,
                "found a tool's result without the call that it answers, expected tool_calls in a message before it",
                param=f"messages[{number}].tool_call_id",
            )
    return [_read_message(message) for message in body.messages]


def _read_message(message: BaseModel) -> BaseMessage:
    if not isinstance(message, AssistantMessage):
        return convert_to_messages([message.model_dump(exclude_none=True)])[0]
    dumped = message.model_dump(exclude_none=True, include={"content", "name"})
    made, unread = [], []
    for call in message.tool_calls or []:
        try:
            args = json.loads(call.function.arguments or "{}")
        except (ValueError, RecursionError):
            args = None
        if isinstance(args, dict) and not is_deep(args):
            made.append(tool_call(name=call.function.name, args=args, id=call.id))
        else:
            unread.append(
                invalid_tool_call(
                    name=call.function.name,
                    args=call.function.arguments,
                    id=call.id,
                    error="no JSON object that can be read",
                )
            )
    return AIMessage(**dumped, tool_calls=made, invalid_tool_calls=unread)


def _refusal_of_mistake(exc: ValidationError) -> Refusal:
    # What may be of several kinds has the errors of each: the one that is further inside counts, or of its own kind.
    errors = exc.errors(include_url=False)
    error = max(
        errors, key=lambda e: (len([*filter(BODY_FIELDS.__contains__, e["loc"])]), e["type"] not in _OTHER_KINDS)
    )
    param = _place(error["loc"])
    message = f"found {_shown(error['input'])} for {param or 'the body'}: {one_line(error['msg'])}"
    if error["type"] == "missing":
        message = f"found no {param}, expected it"
    return Refusal(400, message, param=param or None)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return f"a list of {len(value):,}"
    return "an object" if isinstance(value, dict) else one_line(repr(value), limit=80)


def _place(loc: Sequence[int | str]) -> str:
    """Return where something is, as OpenAI writes it; pydantic also names what an item of a list was taken for."""
    place, before = "", ""
    for number, part in enumerate(loc):
        if isinstance(part, int):
            place += f"[{part}]"
        elif part in BODY_FIELDS and not (before in _OF_KINDS and number and isinstance(loc[number - 1], int)):
            place += f".{part}" if place else part
            before = part
        elif isinstance(loc[number - 1], int):
            before = ""
    return place
