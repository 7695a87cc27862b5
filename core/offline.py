"""Models that run without a key and without a network: they work arithmetic and quote documents.

They are real chat models, deterministic and honest about what they can not do. The variants differ in how they
search, so they agree where documents are clear and disagree where they are not.
"""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Literal, get_args

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, ModelProfile
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import Field

from .arithmetic import work_out
from .errors import ConfigError, nearest
from .library import Passage, document_files, key_words, open_library
from .text import OURS

Variant = Literal["words", "stems", "phrases", "headings"]
_MAX_QUOTE = 400
_MOST_WORDS = 1000
"""Far more than quotes of that length come to; what budgets count with."""
_REFERENCE = re.compile(r'<reference-(\w+) number="\d+">\n(.*?)\n</reference-\1>', re.DOTALL)
_CANNOT = "The offline models cannot answer this"


class OfflineModel(BaseChatModel):
    """Answer from arithmetic and documents; as an aggregator, keep what several proposals support.

    The variants: `words` looks for the question's words, `stems` also for other forms of them, `phrases` for pairs of
    them close together, and `headings` trusts headings most.
    """

    variant: Variant = "words"
    docs: tuple[str, ...] = ()
    """Files and folders to answer from; none means this package's own documentation."""
    max_tokens: int | None = None
    profile: ModelProfile | None = Field(default_factory=lambda: ModelProfile(max_output_tokens=_MOST_WORDS))
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

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        pieces, usage, reason = self._answer(messages, kwargs)
        message = AIMessage("".join(pieces), usage_metadata=usage, response_metadata=self._metadata(reason))
        return ChatResult(generations=[ChatGeneration(message=message)])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        pieces, usage, reason = self._answer(messages, kwargs)
        for piece in pieces:
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
        last = AIMessageChunk(
            content="", usage_metadata=usage, response_metadata=self._metadata(reason), chunk_position="last"
        )
        yield ChatGenerationChunk(message=last)

    def _metadata(self, reason: str) -> dict[str, str]:
        return {"model_name": self.model_name, "model_provider": "offline", "finish_reason": reason}

    def _answer(self, messages: list[BaseMessage], options: dict[str, Any]) -> tuple[list[str], UsageMetadata, str]:
        texts = [message.text for message in messages]
        told = [m.text for m in messages if m.type == "system" or m is messages[-1]]
        references = [found[1] for text in told for found in _REFERENCE.findall(text)]
        questions = [m.text for m in messages if m.type == "human" and not OURS.items() <= m.additional_kwargs.items()]
        text = combine(references) if references else self._propose(questions[-1] if questions else "")
        pieces = re.findall(r"\s*\S+", text)
        limit = options.get("max_tokens") or self.max_tokens or _MOST_WORDS
        read, written = sum(len(t.split()) for t in texts), len(pieces[:limit])
        usage = UsageMetadata(input_tokens=read, output_tokens=written, total_tokens=read + written)
        return pieces[:limit], usage, "length" if limit < len(pieces) else "stop"

    def _propose(self, question: str) -> str:
        lines = [worked] if (worked := work_out(question)) else [_quote(p) for p in self._find(question)]
        return "\n".join(lines) or (
            f"{_CANNOT}: they only work arithmetic and quote documents, and found nothing that fits. "
            "Set OPENAI_API_KEY or TOGETHER_API_KEY, or name a model (--proposer provider:model), to ask a real one."
        )

    def _find(self, question: str) -> list[Passage]:
        words = key_words(question)
        library = open_library(self.docs, "unicode61" if self.variant == "words" else "porter unicode61")
        terms = [f'"{word}"' for word in words]
        if self.variant == "phrases":
            terms = [f"NEAR({a} {b}, 12)" for a, b in pairwise(terms)] or terms
        if not terms:
            return []
        heading_weight = 8.0 if self.variant == "headings" else 2.0
        found = library.search(" OR ".join(terms), heading_weight=heading_weight, limit=2)
        return [p for p in found if _covers(p, words)]


def combine(references: list[str]) -> str:
    """Keep the lines that several proposals share, most shared first; where none is, the first proposal's."""
    answers = [r.splitlines() for r in references if _CANNOT not in r] or [r.splitlines() for r in references]
    support = Counter(line.strip() for lines in answers for line in dict.fromkeys(lines) if line.strip())
    shared = [line for line, count in support.most_common() if count > 1]
    return "\n".join(shared or [line for line in answers[0] if line.strip()])


def _covers(passage: Passage, words: list[str]) -> bool:
    """Tell whether a passage speaks of most of the question: one rare word in common is no answer."""
    held = f"{passage.heading} {passage.text}".lower()
    return 2 * sum(word[: max(4, len(word) - 3)][:6] in held for word in words) > len(words)


def _quote(passage: Passage) -> str:
    text = passage.text.lstrip("-* ")
    if len(text) > _MAX_QUOTE:
        text = text[:_MAX_QUOTE].rpartition(". ")[0] + "." if ". " in text[:_MAX_QUOTE] else text[:_MAX_QUOTE] + "…"
    return f"“{text}” ({passage.source}, {passage.heading})"
