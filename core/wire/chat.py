"""A chat model that speaks /chat/completions itself.

The openai package and langchain-openai take four fifths of the CPU of a call, and most of a start; nothing here needs
them. What this does not speak, OpenAI's Responses API above all, stays theirs: `transport="openai"`.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Literal, cast, get_args
from uuid import uuid4

from langchain_core.callbacks import AsyncCallbackManager, AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.globals import get_debug, get_llm_cache
from langchain_core.language_models import BaseChatModel, LangSmithParams, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import ensure_config
from pydantic import ConfigDict, Field, SecretStr

from ..deferral import deferral_for
from ..errors import ConfigError
from ..listening import Unheard
from ..portal import iterate_sync, run_sync
from .bodies import request_body
from .chunks import StreamedAnswer
from .replies import answers_of
from .sending import Address, fetch_as, stream
from .structured import Method, ToolLike, form_name, form_options, is_class, reading, tool_options

_PATH = "/chat/completions"
_PASSED_ON = ("temperature", "top_p", "seed", "stop", "n", "reasoning_effort", "service_tier")
"""Fields that are sent as they are, by the same names; the last is none of a batch's."""
_FLEX_SILENCE = 900.0  # seconds for which a server may say nothing at the tier `flex`, as OpenAI advises
_CARRIED = (
    *("cache", "callbacks", "disable_streaming", "metadata", "rate_limiter", "tags", "verbose", "streaming"),
    *("temperature", "max_tokens", "top_p", "seed", "stop", "n", "reasoning_effort", "service_tier", "max_retries"),
)
"""What another model that takes its place has of it."""


class ChatCompletions(BaseChatModel):
    """Ask an OpenAI-compatible server for chat completions.

    `resolve_model` builds it of strings; what it does not know of goes into `extra_body`.

    Raises:
        ServerError: (when asked) There was no answer; each is one of LangChain's `ModelError`s, too.
    """

    model_name: str = Field(alias="model")
    base_url: str
    """What comes before /chat/completions."""
    query: SecretStr | None = Field(default=None, exclude=True)
    """Parameters of each request's address."""
    api_key: SecretStr = Field(default=SecretStr(""), exclude=True)
    headers: dict[str, SecretStr] = Field(default_factory=dict, exclude=True)
    """What is sent along with each request."""
    provider: str = "openai"
    """Whom traces take for the model's maker."""
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    """Limit of answer tokens."""
    limit_name: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the server calls that limit: OpenAI knows the second name only, most others the first."""
    seed: int | None = None
    stop: list[str] | str | None = Field(default=None, alias="stop_sequences")
    n: int | None = None
    """How many choices an answer has; further ones are in the result of `generate`."""
    reasoning_effort: str | None = None
    service_tier: str | None = None
    """What OpenAI calls `flex`, which costs half and may take a quarter of an hour, or `priority`."""
    extra_body: dict[str, Any] = Field(default_factory=dict)
    """Fields of each request that only its server knows."""
    timeout: float | None = 600.0
    """Seconds for which the server may say nothing."""
    max_retries: int = 2
    """How often a request is sent again that could not be answered."""
    streaming: bool = False
    form: Any = Field(default=None, exclude=True, repr=False)  # how a server without /chat/completions is asked
    with_tools: Callable[[], BaseChatModel] | None = Field(default=None, exclude=True, repr=False)
    """What takes its place once tools are bound to it, where its server takes tools elsewhere."""

    model_config = ConfigDict(populate_by_name=True)

    @property
    def address(self) -> Address:
        """Return where it is asked, and with what."""
        return self._address({})

    def _address(self, kwargs: Mapping[str, Any]) -> Address:
        headers = {name: value.get_secret_value() for name, value in self.headers.items()}
        headers |= kwargs.get("extra_headers") or {}
        is_patient = self.service_tier == "flex" and "timeout" not in self.model_fields_set
        seconds = kwargs.get("timeout", _FLEX_SILENCE if is_patient else self.timeout)
        key, query = self.api_key.get_secret_value(), self.query.get_secret_value() if self.query else ""
        return Address(self.base_url, key, tuple(headers.items()), seconds, 1 + self.max_retries, query)

    @property
    def _llm_type(self) -> str:
        return "openai-chat"

    @property
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model_name": self.model_name, "base_url": self.base_url, **self._options(), **self.extra_body}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop=stop, **kwargs)
        params["ls_provider"], params["ls_model_name"] = self.provider, kwargs.get("model", self.model_name)
        return params

    def _options(self) -> dict[str, Any]:
        """Return what each request says beside the conversation."""
        names = _PASSED_ON[:-1] if deferral_for() else _PASSED_ON  # a batch is a tier of its own
        options = {name: value for name in names if (value := getattr(self, name)) is not None}
        return options | ({self.limit_name: self.max_tokens} if self.max_tokens is not None else {})

    def _body(self, messages: Sequence[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any]) -> bytes:
        given = {**kwargs, **({"stop": stop} if stop else {})}
        if is_class(given.get("response_format")):
            given |= form_options(given["response_format"], "json_schema", strict=None)
        options = {"model": self.model_name, **self._options()}
        extra = {**self.extra_body, **(given.get("extra_body") or {})}
        return request_body(messages, options, given, limit_name=self.limit_name, extra=extra)

    async def ainvoke(
        self,
        input: LanguageModelInput,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AIMessage:
        """Answer; where nobody listens, traces, caches or limits, LangChain's bookkeeping, a third of it all, is not
        done.
        """
        if not _is_conversation(input) or kwargs.get("stream") or not self._is_unheard(config):
            return await super().ainvoke(input, config, stop=stop, **kwargs)
        first = (await self._answers(cast("list[BaseMessage]", input), stop, kwargs))[0]
        first.id = f"lc_run--{uuid4()}-0"
        return first

    def _is_unheard(self, config: RunnableConfig | None) -> bool:
        if self.cache or self.rate_limiter or self.output_version or self.verbose or self.streaming:
            return False
        if (self.cache is None and get_llm_cache()) or get_debug():
            return False
        listening = (config or {}).get("callbacks")
        if not isinstance(listening, Unheard):
            listening = AsyncCallbackManager.configure(ensure_config(config).get("callbacks"))
        return not (listening.handlers or self.callbacks)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        answers = await self._answers(messages, stop, kwargs)
        facts = answers[0].response_metadata
        return ChatResult(
            generations=[ChatGeneration(message=m, generation_info=_ending_of(m)) for m in answers],
            llm_output={name: facts.get(name) for name in ("token_usage", "model_name")},
        )

    def _combine_llm_outputs(self, llm_outputs: list[dict[str, Any] | None]) -> dict[str, Any]:
        """Return what handlers read who know LangChain's messages with usage not yet."""
        counts = [usage for output in llm_outputs if output and isinstance(usage := output.get("token_usage"), dict)]
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        total = {name: sum(n for usage in counts if isinstance(n := usage.get(name), int)) for name in names}
        return {"token_usage": total, "model_name": self.model_name}

    async def _answers(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any]
    ) -> list[AIMessage]:
        form, address, body = self.form, self._address(kwargs), self._body(messages, stop, kwargs)
        path, body = form.asked(body) if form else (_PATH, body)

        def read(sent: bytes) -> list[AIMessage]:
            sent = form.answered(sent) if form else sent
            return answers_of(sent, provider=self.provider, model=self.model_name, secrets=address.secrets)

        return await fetch_as(read, address, path, body)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return run_sync(self._agenerate(messages, stop, None, **kwargs))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with aclosing(self._chunks(messages, stop, kwargs)) as chunks:
            async for chunk in chunks:
                if run_manager:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    async def _chunks(
        self, messages: Sequence[BaseMessage], stop: list[str] | None, kwargs: Mapping[str, Any]
    ) -> AsyncGenerator[ChatGenerationChunk]:
        if self.form or deferral_for():  # what comes in a batch comes whole
            whole = {name: value for name, value in kwargs.items() if name not in ("stream", "stream_options")}
            answer = (await self._answers(messages, stop, whole))[0]
            yield ChatGenerationChunk(message=AIMessageChunk(**answer.model_dump(exclude={"type"})))
            return
        address = self._address(kwargs)
        usage = {} if kwargs.get("stream_usage") is False else {"stream_options": {"include_usage": True}}
        options = {**usage, **kwargs, "stream": True}

        def read(pieces: AsyncIterator[bytes]) -> AsyncGenerator[ChatGenerationChunk]:
            answer = StreamedAnswer(provider=self.provider, model=self.model_name, secrets=address.secrets)
            return answer.chunks(pieces)

        async with stream(read, address, _PATH, self._body(messages, stop, options)) as chunks:
            async for chunk in chunks:
                yield chunk

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in iterate_sync(self._chunks(messages, stop, kwargs)):
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    def bind_tools(
        self,
        tools: Sequence[ToolLike],
        *,
        tool_choice: Any = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Let it call tools.

        Args:
            tools: Whatever LangChain takes as a tool.
            tool_choice: `auto`, `none`, `any` or True for one of them, a tool's name, or what the API takes.
            strict: Whether arguments are to be held to the tools' schemas.
            kwargs: What else is sent, as `parallel_tool_calls`.
        """
        if self.with_tools:
            other = self.with_tools()
            mine = {name: getattr(self, name) for name in _CARRIED if name in self.model_fields_set}
            other = other.model_copy(update=mine)
            return other.bind_tools(tools, tool_choice=tool_choice, strict=strict, **kwargs)
        return self.bind(**tool_options(tools, tool_choice, strict=strict), **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        include_raw: bool = False,
        method: Method | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Let its answer be an object.

        Args:
            schema: A pydantic class, a TypedDict, a JSON Schema or an OpenAI tool.
            include_raw: Return `{"raw": message, "parsed": object, "parsing_error": exception}`, and raise nothing.
            method: How it is asked for; None is `json_schema` at OpenAI, and elsewhere `function_calling`, which more
                servers know.
            strict: Whether the server is to hold the answer to the schema.
            kwargs: What else is sent.
        """
        if method not in (None, *get_args(Method)):
            raise ConfigError(f"found method={method!r}, expected one of {', '.join(get_args(Method))}")
        method = method or ("json_schema" if self.limit_name == "max_completion_tokens" else "function_calling")
        about = {"ls_structured_output_format": {"kwargs": {"method": method, "strict": strict}, "schema": schema}}
        if method == "function_calling":
            options = {"tool_choice": form_name(schema), "parallel_tool_calls": False, **about, **kwargs}
            asking = self.bind_tools([schema], strict=strict, **options)
        else:
            asking = self.bind(**form_options(schema, method, strict=strict), **about, **kwargs)
        return asking | reading(schema, method, include_raw=include_raw)


def _ending_of(message: AIMessage) -> dict[str, Any]:
    return {name: message.response_metadata.get(name) for name in ("finish_reason", "logprobs")}


def _is_conversation(given: LanguageModelInput) -> bool:
    return isinstance(given, list) and all(isinstance(message, BaseMessage) for message in given)
