"""Models that run without a key and without a network: they work arithmetic, quote documents and call tools.

They are real chat models, deterministic and honest about what they can not do. The variants differ in how they
search, so they agree where documents are clear and disagree where they are not.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, get_args

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from ..errors import ConfigError, nearest
from .arithmetic import work_out
from .choosing import decide, fitting_tool
from .documents import Passage, document_files
from .joining import CANNOT, SILENT, choose, cite, combine, compare_lines, is_no_answer, parts_of, quote
from .library import Library, Variant, library_for, tokenizer_for
from .prompt import PromptParts, read_prompt
from .tools import OfferedTool, offer_tools
from .words import key_words

_MOST_WORDS = 1000
"""Far more than quotes of that length come to; what budgets count with."""
_PROFILE = ModelProfile(
    max_output_tokens=_MOST_WORDS,
    reasoning_output=False,
    image_inputs=False,
    pdf_inputs=False,
    audio_inputs=False,
    video_inputs=False,
)
_NO_PASSAGE = f"{SILENT}: none speaks of enough of the question's words."
_REFUSAL = (
    f"{CANNOT}: no language model is asked, they only work arithmetic and quote documents, and found nothing that "
    "fits. To ask a real model, set OPENAI_API_KEY or TOGETHER_API_KEY, or name a server (--base-url URL) or a file "
    "(--proposer gguf:PATH)."
)


class OfflineModel(BaseChatModel):
    """Answer from arithmetic and documents; as an aggregator, join what proposals share and what each found alone.

    The variants: `words` looks for the question's words, `stems` also for other forms of them, `phrases` for pairs of
    them close together, and `headings` trusts headings most.
    """

    variant: Variant = "words"
    docs: tuple[str, ...] = ()
    """Files and folders to answer from; none means this package's own documentation."""
    max_tokens: int | None = None
    profile: ModelProfile | None = Field(default_factory=lambda: _PROFILE.copy())
    temperature: float | None = None
    """Taken for the sake of callers that set it; the answers never vary."""

    @classmethod
    def of(cls, variant: str, **options: Any) -> "OfflineModel":
        """Build a variant by name, with its documents checked.

        Raises:
            ConfigError: There is no such variant, or no documents.
        """
        if variant not in get_args(Variant):
            raise ConfigError(f"unknown offline model {variant!r}; {nearest(variant, get_args(Variant))}")
        model = cls.model_validate({"variant": variant, **options})
        document_files(model.docs)
        return model

    @property
    def model_name(self) -> str:
        """Name the variant as a `provider:model` string."""
        return f"offline:{self.variant}"

    @property
    def _llm_type(self) -> str:
        return "offline"

    bind_tools = offer_tools

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._answer(messages, kwargs))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._answer(messages, kwargs)
        pieces = [AIMessageChunk(content=piece) for piece in _words(answer.text)]
        for index, call in enumerate(answer.tool_calls):
            part = tool_call_chunk(name=call["name"], args=json.dumps(call["args"]), id=call["id"], index=index)
            pieces.append(AIMessageChunk(content="", tool_call_chunks=[part]))
        for piece in pieces:
            chunk = ChatGenerationChunk(message=piece)
            if run_manager:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk
        last = AIMessageChunk(
            content="",
            usage_metadata=answer.usage_metadata,
            response_metadata=answer.response_metadata,
            chunk_position="last",
        )
        yield ChatGenerationChunk(message=last)

    def _answer(self, messages: list[BaseMessage], options: dict[str, Any]) -> AIMessage:
        prompt, bound = read_prompt(messages), options.get("tools") or []
        used = {name for name, _ in prompt.results}
        if call := decide(prompt.question, bound, options.get("tool_choice"), used=used):
            written = [call["name"], *json.dumps(call["args"]).split()]
            return self._message(messages, written, "tool_calls", calls=[call])
        pieces = _words(self._text(prompt, [] if bound else prompt.tools))
        limit = options.get("max_tokens") or self.max_tokens or _MOST_WORDS
        return self._message(messages, pieces[:limit], "length" if limit < len(pieces) else "stop")

    def _message(
        self, messages: list[BaseMessage], written: list[str], reason: str, *, calls: Sequence[ToolCall] = ()
    ) -> AIMessage:
        read = sum(len(message.text.split()) for message in messages)
        return AIMessage(
            "" if calls else "".join(written),
            tool_calls=list(calls),
            usage_metadata=UsageMetadata(
                input_tokens=read, output_tokens=len(written), total_tokens=read + len(written)
            ),
            response_metadata={"model_name": self.model_name, "model_provider": "offline", "finish_reason": reason},
        )

    def _text(self, prompt: PromptParts, tools: list[OfferedTool]) -> str:
        if prompt.proposals and prompt.compares:
            return compare_lines(prompt.proposals, prompt.question)
        if prompt.proposals:
            return choose(prompt.proposals)
        if not prompt.results and (tool := fitting_tool(prompt.question, tools)):
            return f"Use the tool {tool.name}."
        if prompt.references:
            text = combine(prompt.references, prompt.question)
            return _NO_PASSAGE if prompt.passages is not None and is_no_answer(text) else text
        if prompt.results:
            return "\n".join(result for _, result in prompt.results)
        return self._propose(prompt.question, prompt.passages)

    def _propose(self, question: str, given: list[Passage] | None) -> str:
        if worked := work_out(question):
            return worked
        passages = self._find(question, given)
        if given is not None:
            return "\n".join(map(cite, passages)) or _NO_PASSAGE
        return "\n".join(map(quote, passages)) or _REFUSAL

    def _find(self, question: str, passages: list[Passage] | None) -> list[Passage]:
        if passages is not None:
            # Passages that somebody chose for the question need to hold less of it.
            chosen = Library(passages, tokenizer_for(self.variant))
            return chosen.find(question, self.variant, limit=2, share=0.4)
        library = library_for(self.docs, self.variant)
        if self.docs:
            return library.find(question, self.variant, limit=2, share=0.5)
        # Nobody chose these pages for the question: what they have no word for, they do not answer.
        if not library_for((), "stems").holds_all(key_words(question)):
            return []
        parts = parts_of(question)
        each = 2 if len(parts) == 1 else 1
        quoted = [library.find(part, self.variant, limit=each, share=0.58, on_topic=True) for part in parts]
        return list(dict.fromkeys(chain.from_iterable(quoted)))


def _words(text: str) -> list[str]:
    return re.findall(r"\s*\S+", text.rstrip())
