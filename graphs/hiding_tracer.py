"""A tracer that keeps the structure and the usage of what it traces, and none of its words."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, Generation, LLMResult
from langchain_core.tracers.langchain import LangChainTracer
from langchain_core.tracers.schemas import Run

_OURS = (
    {"turn", "layer"},
    {"turn", "mixture"},
    {"measure", "groups"},
    {"kept", "stop"},
    {"alone", "removed"},
    {"proposer", "claims"},
    {"status", "at_most"},
)
"""What the dictionaries of our own state have: proposals and verdicts, reports, agreement, moderation, screening (and
whom it names), calls."""


_TOLD = frozenset(
    "status stopped next name proposer cut groups representative kept removed model served_model finish_reason measure "
    "mixture turn".split()
)
"""Their keys whose texts are names, and nobody's words."""


_WITH_WORDS = ("inputs", "invocation_params", "options")


_HELD = ("ls_stop", "moa_record", "proposer_prompt", "aggregator_prompt")
"""Metadata that holds words: LangGraph copies what is configured there, and the command line what rebuilds a thread."""


_NAMES = frozenset("_type model model_name thread_id checkpoint_ns assistant_id graph_id preset ls_agent_type".split())
"""What names something among the settings of a run and of a model, which LangChain puts into metadata."""


_LONGEST_KEY = 40


_ABOUT_A_MESSAGE = ("model_name", "model_provider", "finish_reason")


class HidingTracer(LangChainTracer):
    """Trace in another tracer's place, into the same tree: everything but the words."""

    def __init__(self, tracer: LangChainTracer | None = None, **options: Any) -> None:
        if tracer is not None:
            options = {
                "example_id": tracer.example_id,
                "project_name": tracer.project_name,
                "client": tracer.client,
                "tags": tracer.tags,
                "metadata": tracer.tracing_metadata,
                "address": tracer.address,
                "run_map": tracer.run_map,
                "order_map": tracer.order_map,
            }
        super().__init__(**options)

    def copy_with_metadata_defaults(
        self, *, metadata: Mapping[str, Any] | None = None, tags: list[str] | None = None
    ) -> LangChainTracer:
        shapes = {name: _shape(value, is_name=name in _NAMES) for name, value in (metadata or {}).items()}
        return super().copy_with_metadata_defaults(metadata=shapes, tags=tags)

    def on_chat_model_start(self, serialized: Any, messages: Any, **more: Any) -> Run:
        blank = [[_blank_message(message) for message in batch] for batch in messages]
        return super().on_chat_model_start(_kind(serialized), blank, **_without_words(more))

    def on_llm_start(self, serialized: Any, prompts: list[str], **more: Any) -> Run:
        return super().on_llm_start(_kind(serialized), [_hidden(prompt) for prompt in prompts], **_without_words(more))

    def on_llm_new_token(self, token: Any, **more: Any) -> Run:
        return super().on_llm_new_token("", **{**more, "chunk": None})

    def on_llm_end(self, response: LLMResult, **more: Any) -> Run:
        return super().on_llm_end(_blank_result(response), **more)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **more: Any) -> Run:
        return super().on_llm_error(_blank_error(error), run_id=run_id)

    def on_chain_start(self, serialized: Any, inputs: Any, **more: Any) -> Run:
        return super().on_chain_start(_kind(serialized), _shape(inputs), **_without_words(more))

    def on_chain_end(self, outputs: Any, **more: Any) -> Run:
        return super().on_chain_end(_shape(outputs), **_without_words(more))

    def on_chain_error(self, error: BaseException, **more: Any) -> Run:
        return super().on_chain_error(_blank_error(error), **_without_words(more))

    def on_tool_start(self, serialized: Any, input_str: str, **more: Any) -> Run:
        return super().on_tool_start(_kind(serialized), _hidden(input_str), **_without_words(more))

    def on_tool_end(self, output: Any, **more: Any) -> Run:
        return super().on_tool_end(_shape(output), **more)

    def on_tool_error(self, error: BaseException, **more: Any) -> Run:
        return super().on_tool_error(_blank_error(error), **more)

    def on_retriever_start(self, serialized: Any, query: str, **more: Any) -> Run:
        return super().on_retriever_start(_kind(serialized), _hidden(query), **_without_words(more))

    def on_retriever_end(self, documents: Any, **more: Any) -> Run:
        return super().on_retriever_end([], **more)

    def on_retriever_error(self, error: BaseException, **more: Any) -> Run:
        return super().on_retriever_error(_blank_error(error), **more)

    def on_retry(self, retry_state: Any, *, run_id: UUID, **more: Any) -> Run:
        return self._get_run(run_id)


def _hidden(text: str) -> str:
    return f"[{len(text):,} characters hidden]"


def _kind(serialized: Any) -> dict[str, Any]:
    """Say of what class a model or chain is, and not how it was made."""
    return {key: serialized[key] for key in ("lc", "type", "id", "name") if key in (serialized or {})}


def _shape(value: Any, *, is_name: bool = False) -> Any:
    """Return what a value is made of, its words replaced by their number; only in our own items are names told."""
    match value:
        case str():
            return value if is_name else _hidden(value)
        case bool() | int() | float() | None:
            return value
        case BaseMessage():
            return _blank_message(value)
        case Mapping():
            ours = any(keys <= value.keys() for keys in _OURS)
            return {_key(name): _shape(item, is_name=ours and name in _TOLD) for name, item in value.items()}
        case list() | tuple():
            return [_shape(item, is_name=is_name) for item in value]
    return f"[{type(value).__name__} hidden]"


def _key(name: object) -> str:
    return text if len(text := str(name)) <= _LONGEST_KEY else _hidden(text)


def _without_words(options: dict[str, Any]) -> dict[str, Any]:
    """Return a callback's options with only the shape of inputs, and of what a model was built or bound with."""
    options = {key: _shape(value) if key in _WITH_WORDS else value for key, value in options.items()}
    about = options.get("metadata")
    return (
        {**options, "metadata": {k: _shape(v, is_name=k not in _HELD) for k, v in about.items()}} if about else options
    )


def _blank_message(message: BaseMessage) -> BaseMessage:
    about = {key: message.response_metadata[key] for key in _ABOUT_A_MESSAGE if key in message.response_metadata}
    blank: dict[str, Any] = {"content": _hidden(message.text), "response_metadata": about, "id": message.id}
    if isinstance(message, AIMessage):
        calls = [{**call, "args": {}} for call in message.tool_calls]
        return AIMessage(**blank, tool_calls=calls, usage_metadata=message.usage_metadata)
    if isinstance(message, ToolMessage):
        blank["artifact"] = None
    return message.model_copy(update={**blank, "additional_kwargs": {}})


def _blank_result(response: LLMResult) -> LLMResult:
    return LLMResult(generations=[[_blank_generation(one) for one in batch] for batch in response.generations])


def _blank_generation(one: Any) -> Generation:
    if isinstance(one, ChatGeneration):
        return ChatGeneration(message=_blank_message(one.message))
    return Generation(text=_hidden(one.text))


def _blank_error(error: BaseException) -> BaseException:
    return RuntimeError(f"{type(error).__name__}: [message hidden]")
