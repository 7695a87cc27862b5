"""A mixture worn as a chat model: for agents, chains and whatever else takes a model."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from langchain_core.callbacks import (
    AsyncCallbackManager,
    AsyncCallbackManagerForLLMRun,
    CallbackManager,
    CallbackManagerForLLMRun,
)
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.runnables.config import ensure_config
from langchain_core.tools import BaseTool
from langgraph.types import StreamMode
from pydantic import ConfigDict

from ...core.errors import ConfigError
from ...core.run.state import Graph
from ...core.wire.structured import Method
from ...nodes.prompting.request import Request
from ..plan import plan_of
from .callbacks import known_run, nested
from .chunks import Telling, answer_of, result_of
from .requests import check_request, check_wearing
from .steps import WornCall, step_of
from .structured import best_form, described_tools, make_form, parsed, read

_MODES: list[StreamMode] = ["messages", "values"]
_OURS = ("tools", "tool_choice", "moa_form", "stream", "run_manager")
"""What a call may say that is not passed on to the aggregator as it is."""


class ChatMoA(BaseChatModel):
    """Wear a mixture as a chat model, so that it can stand wherever LangChain takes one.

        model = ChatMoA(create_moa(proposers=[...], aggregator=...))
        create_agent(model, tools=[search])                 # every decision is the mixture's
        model.with_structured_output(Invoice)               # proposals are free text, the answer is an Invoice

    Proposers are told of bound tools and advise, once for a user's message (`panel`); only the aggregator calls them,
    at every step. What a call or `bind` says beside that
    (`temperature`, `max_tokens`, `stop`, ...) is said to the aggregator: proposers stay as the mixture declares them.

    An answer's `usage_metadata` is the sum of all calls, and `response_metadata["moa"]` says what they came to. An
    aggregator that breaks off while it streams has been heard already: a line in brackets says so, and the answer
    follows. What `invoke` returns never holds such a line.
    """

    moa: Graph
    """What `create_moa`, or another of this package, returned; without a checkpointer of its own."""
    panel: str = "turn"
    """When proposers are asked: "turn", once for a user's message, and later the aggregator alone is shown what
    they proposed; "every:3", once more after each third call of the turn; "call", at every call."""
    temperature: float | None = None
    """The aggregator's, instead of the mixture's."""
    max_tokens: int | None = None
    """Limit of tokens of the aggregator's answer, instead of the mixture's."""
    stop: list[str] | None = None
    """Texts that end the answer where they come up in it."""
    streaming: bool = False
    """Let the aggregator stream even where nobody listens."""
    cache_key: str | None = None
    """What LangChain's cache knows this mixture by: give the same one wherever it is the same. None is this graph."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    def __init__(self, moa: object = None, /, **options: Any) -> None:
        """Refuse what is no mixture, or keeps conversations of its own, in one sentence."""
        given = {"moa": moa, **options} if moa is not None else options
        check_wearing(ChatMoA, given)
        super().__init__(**given)

    @property
    def model_name(self) -> str:
        """Return the mixture's name."""
        return self.moa.name

    @property
    def _llm_type(self) -> str:
        return "langgraph-moa"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        settings = {"temperature": self.temperature, "max_tokens": self.max_tokens, "stop": self.stop}
        given = {"panel": self.panel} | {key: value for key, value in settings.items() if value is not None}
        return {"model_name": self.model_name, "moa": self.cache_key or plan_of(self.moa).rules.identity, **given}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        return {**super()._get_ls_params(stop=stop or self.stop, **kwargs), "ls_provider": "langgraph_moa"}

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        kwargs.pop("run_manager", None)
        return super()._get_invocation_params(stop=stop, **kwargs)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: Any = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let the aggregator call tools, and tell the proposers of them.

        Args:
            tools: Whatever LangChain takes as a tool.
            tool_choice: As the aggregator's own `bind_tools` takes it: "auto", "any", "none", or a tool's name.
            strict: Whether the provider is to hold arguments to the tools' schemas.
            kwargs: Passed on to the aggregator, as `parallel_tool_calls`.

        Raises:
            ConfigError: An aggregator cannot call tools.
        """
        described = described_tools(tools, strict=strict, choice=tool_choice)
        check_request(self.moa, Request(of=None, tools=described, tool_choice=tool_choice))
        chosen = {} if tool_choice is None else {"tool_choice": tool_choice}
        return self.bind(tools=described, **chosen, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: Method | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Let the answer be an object: an aggregator whose answer does not fit is asked once more, then the next one.

        Args:
            schema: A pydantic class, a TypedDict, a JSON Schema or an OpenAI tool. Answers are checked against it.
            include_raw: Return `{"raw": message, "parsed": object, "parsing_error": exception}`, and raise nothing.
            method: How the aggregator is told: `function_calling`, `json_schema` (OpenAI's `response_format`) or
                `json_mode` (in words). None takes the first, or words where an aggregator cannot call tools.
            strict: Whether the provider is to hold the answer to the schema.
            kwargs: None are known.

        Raises:
            ConfigError: An aggregator cannot do it.
            OutputParserException: (when run) No answer fits.
        """
        if kwargs:
            raise ConfigError(f"found {next(iter(kwargs))!r}, expected include_raw, method or strict")
        if method is None:
            form = best_form(self.moa, schema, strict=strict)
        else:
            form = make_form(schema, method=method, strict=strict)
            check_request(self.moa, Request(of=None, form=form))
        about = {"kwargs": {"method": form.method}, "schema": schema}
        llm = self.bind(moa_form=form, ls_structured_output_format=about)
        if include_raw:
            return llm | RunnableLambda(lambda message: read(form, message), name=form.name)
        return llm | RunnableLambda(lambda message: parsed(form, message), name=form.name)

    def stream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[AIMessageChunk]:
        """Stream the answer; the mixture's runs are nested in this one."""
        if not super()._should_stream(async_api=False, **{**kwargs, "stream": True}):
            yield cast("AIMessageChunk", self.invoke(input, config, stop=stop, **kwargs))
            return
        config = ensure_config(config)
        manager = CallbackManager.configure(config.get("callbacks"))
        config, run = known_run(config, manager)
        yield from super().stream(input, config, stop=stop, run_manager=CallbackManagerForLLMRun(**run), **kwargs)

    async def astream(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[AIMessageChunk]:
        """Stream the answer; the mixture's runs are nested in this one."""
        if not super()._should_stream(async_api=True, **{**kwargs, "stream": True}):
            yield cast("AIMessageChunk", await self.ainvoke(input, config, stop=stop, **kwargs))
            return
        config = ensure_config(config)
        manager = AsyncCallbackManager.configure(config.get("callbacks"))
        config, run = known_run(config, manager)
        about = AsyncCallbackManagerForLLMRun(**run)
        async for chunk in super().astream(input, config, stop=stop, run_manager=about, **kwargs):
            yield chunk

    def _should_stream(self, *, async_api: bool, run_manager: Any = None, **kwargs: Any) -> bool:
        """Leave a stream that somebody else listens to, to `_generate`: its answer is free of what was abandoned."""
        asked_for = run_manager is None or bool(kwargs.get("stream"))
        return asked_for and super()._should_stream(async_api=async_api, run_manager=run_manager, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        step, config = self._step(messages, stop, kwargs), nested(run_manager)
        if not (run_manager and super()._should_stream(async_api=False, run_manager=run_manager, **kwargs)):
            state = step.graph.invoke(step.given, config, context=step.request)
            return result_of(answer_of(state, self.model_name, step.request))
        telling = self._telling(step.request, f"lc_run--{run_manager.run_id}")
        for part in step.graph.stream(step.given, config, context=step.request, stream_mode=_MODES):
            if chunk := telling.take(*cast("tuple[str, Any]", part)):
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
        run_manager.on_llm_new_token("", chunk=telling.rest())
        return result_of(telling.whole())

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        step, config = self._step(messages, stop, kwargs), nested(run_manager)
        if not (run_manager and super()._should_stream(async_api=True, run_manager=run_manager, **kwargs)):
            state = await step.graph.ainvoke(step.given, config, context=step.request)
            return result_of(answer_of(state, self.model_name, step.request))
        telling = self._telling(step.request, f"lc_run--{run_manager.run_id}")
        async for part in step.graph.astream(step.given, config, context=step.request, stream_mode=_MODES):
            if chunk := telling.take(*cast("tuple[str, Any]", part)):
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
        await run_manager.on_llm_new_token("", chunk=telling.rest())
        return result_of(telling.whole())

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        step = self._step(messages, stop, kwargs)
        telling, config = self._telling(step.request), nested(run_manager)
        for part in step.graph.stream(step.given, config, context=step.request, stream_mode=_MODES):
            if chunk := telling.take(*cast("tuple[str, Any]", part)):
                yield chunk
        yield telling.rest()

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        step = self._step(messages, stop, kwargs)
        telling, config = self._telling(step.request), nested(run_manager)
        async for part in step.graph.astream(step.given, config, context=step.request, stream_mode=_MODES):
            if chunk := telling.take(*cast("tuple[str, Any]", part)):
                yield chunk
        yield telling.rest()

    def _telling(self, request: Request, message_id: str | None = None) -> Telling:
        return Telling(self.model_name, request, message_id, removes=plan_of(self.moa).rules.removes)

    def _step(self, messages: list[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any]) -> WornCall:
        settings = {"temperature": self.temperature, "max_tokens": self.max_tokens, "stop": stop or self.stop}
        settings |= {key: value for key, value in kwargs.items() if key not in _OURS}
        request = Request(
            of=plan_of(self.moa).rules,
            tools=kwargs.get("tools") or (),
            tool_choice=kwargs.get("tool_choice"),
            form=kwargs.get("moa_form"),
            options={key: value for key, value in settings.items() if value is not None},
        )
        return step_of(self.moa, messages, request, self.panel)
