"""The body of a request, as OpenAI's API has it: who has to be there, and what may be said of it."""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_MOST_TOKENS = 100_000_000
_T = TypeVar("_T")
_Many = Annotated[list[_T], Field(max_length=10_000, fail_fast=True)]
"""A list of which the first wrong item is told: an error of each takes a hundred times the room of what was sent."""
_Some = Annotated[list[_T], Field(max_length=1_000, fail_fast=True)]
_NULL_IS_EMPTY = BeforeValidator(lambda value: "" if value is None else value)


class Sent(BaseModel):
    """Be a part of a body; what it holds beside its fields is nobody's business here."""

    model_config = ConfigDict(extra="ignore")


class _Text(Sent):
    type: Literal["text"]
    text: str


class _Refused(Sent):
    type: Literal["refusal"]
    refusal: str


class _Url(Sent):
    url: str
    detail: str | None = None


class _Image(Sent):
    type: Literal["image_url"]
    image_url: _Url


class _Sound(Sent):
    data: str
    format: str


class _Audio(Sent):
    type: Literal["input_audio"]
    input_audio: _Sound


class _FileData(Sent):
    file_data: str
    filename: str | None = None


class _File(Sent):
    type: Literal["file"]
    file: _FileData


class _Function(Sent):
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class _Tool(Sent):
    type: Literal["function"]
    function: _Function


class _Called(Sent):
    name: str
    arguments: Annotated[str, _NULL_IS_EMPTY]


class _Call(Sent):
    id: str
    type: Literal["function"] = "function"
    function: _Called


_Texts = str | _Many[_Text]


class _System(Sent):
    role: Literal["system", "developer"]
    content: _Texts
    name: str | None = None


class _User(Sent):
    role: Literal["user"]
    content: str | _Many[Annotated[_Text | _Image | _Audio | _File, Field(discriminator="type")]]
    name: str | None = None


class AssistantMessage(Sent):
    """Be an earlier answer."""

    role: Literal["assistant"]
    content: str | _Many[Annotated[_Text | _Refused, Field(discriminator="type")]] | None = None
    tool_calls: _Some[_Call] | None = None
    name: str | None = None


class ToolResult(Sent):
    """Be what a tool returned."""

    role: Literal["tool"]
    content: Annotated[_Texts, _NULL_IS_EMPTY]
    tool_call_id: str


class _StreamOptions(Sent):
    include_usage: bool | None = None


class _Named(Sent):
    name: str


class NamedChoice(Sent):
    """Be the one tool that is to be called."""

    type: Literal["function"]
    function: _Named


class _Schema(Sent):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)
    name: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    given: dict[str, Any] | None = Field(default=None, alias="schema")


class _Format(Sent):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: _Schema | None = None


class _Reasoning(Sent):
    effort: Annotated[str, Field(max_length=40)] | None = None


class ChatBody(BaseModel):
    """Be the body of POST /v1/chat/completions; its extra fields are those that are left out."""

    model_config = ConfigDict(extra="allow")
    model: str
    messages: Annotated[
        _Many[Annotated[_System | _User | AssistantMessage | ToolResult, Field(discriminator="role")]],
        Field(min_length=1),
    ]
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=_MOST_TOKENS)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1, le=_MOST_TOKENS)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] | None = None
    stop: str | Annotated[list[str], Field(max_length=4, fail_fast=True)] | None = None
    reasoning_effort: Annotated[str, Field(max_length=40)] | None = None
    reasoning: _Reasoning | None = None
    tools: _Some[_Tool] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: _Format | None = None


_PARTS: list[type[BaseModel]] = [ChatBody, *Sent.__subclasses__()]
BODY_FIELDS = {name for kind in _PARTS for name in kind.model_fields} | {"schema"}
"""The names that may stand in a place that is told as wrong."""
