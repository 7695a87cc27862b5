"""The order of a prompt: one system prompt, earlier turns untouched, a last user message that ends on the question.

What small models are told last is what they do: with references after the question, a model of half a billion
parameters answered our instructions; with the question last, the user's (docs/quality.md). The system prompt and
earlier turns come first and byte-identical, and the fixed words of a prompt before what varies, because prompt caches
keep what is the same. A long last message stays first too: a cache is worth most for it. Its ends are put once more.
"""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, Literal, cast

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, SystemMessage

from ..core.text import OURS, QUESTION, question_in, question_span, text_in
from .fence import Kind, fence
from .template import Template, bundled

Placement = Literal["last", "system_prompt"]
"""Where references go: `last`, into the last user message, before its words; or to the end of the `system_prompt`, as
the paper's code has it (github.com/togethercomputer/MoA)."""

LONG = 4_000
"""Characters from which the last message stays first: shorter ones are not worth a cache (OpenAI's begins at 1,024
tokens)."""
_FIRST, _LAST = 200, 600
"""Characters of a long message's beginning and end that are put once more: it may ask in either."""


_CUT_AT_THE_END, _CUT_AT_THE_START = r"\s\S{0,40}$", r"^\S{0,40}\s"
"""Half a word; scripts without blanks have none near, and are cut anywhere."""


def compose(
    conversation: Sequence[AnyMessage],
    references: Sequence[str],
    *,
    template: Template,
    system_prompt: str | None = None,
    note: str = "",
    placement: Placement = "last",
    opening: str = "",
    closing: str = "",
    kind: Kind = "reference",
    asks_last: bool = False,
) -> list[BaseMessage]:
    """Build the messages for one call, equation (1) of arXiv 2406.04692: the user's messages and the references.

    Args:
        conversation: The user's messages; all but the last user message are passed on as the same objects.
        references: Texts of the previous layer; none for the first layer, which sees the conversation alone.
        template: How to treat references.
        system_prompt: One of this proposer's or aggregator's own.
        note: What stands after all that the system prompt says, unless it stands there already.
        placement: Where the references go.
        opening: What stands before the references, such as the evidence: the same for all who read it.
        closing: What stands after them.
        kind: What the references are fenced as.
        asks_last: Whether our own words end the prompt, as for one who is to choose and not to answer.

    Returns:
        The messages: one system prompt at most is ours, and roles alternate where the conversation's do.
    """
    leading = len(list(takewhile(lambda message: message.type == "system", conversation)))
    head, rest = conversation[:leading], list(conversation[leading:])
    instructions = template.render(references=fence(references, kind), count=str(len(references))) if references else ""
    instructions = "\n\n".join(filter(None, [opening, instructions, closing]))
    note = "" if any(note in text_in(message) for message in head) else note
    in_prompt = [system_prompt or "", note, instructions if placement == "system_prompt" else ""]
    if placement == "last" and instructions:
        rest = _instructed(rest, instructions, asks_last=asks_last)
    return [*_with_system(head, [text for text in in_prompt if text]), *rest]


def put_after(messages: Sequence[BaseMessage], text: str) -> list[BaseMessage]:
    """Add instructions to a finished prompt: to its last user message, or as one where another message is last."""
    if not messages or messages[-1].type != "human":
        return [*messages, HumanMessage(text, additional_kwargs=OURS)]
    return [*messages[:-1], _ours(messages[-1], after=f"\n\n{text}")]


def _with_system(head: Sequence[AnyMessage], texts: Sequence[str]) -> list[BaseMessage]:
    """Join system prompts into one message: many chat templates take one only, or drop the others."""
    if not texts:
        return list(head)
    content = as_one([*(message.content for message in head), *texts])
    return [head[0].model_copy(update={"content": content}) if head else SystemMessage(content)]


def as_one(contents: Sequence[str | list[Any]]) -> Any:
    """Join what several messages say: texts to a text, and blocks, with their cache marks, as they are.

    Args:
        contents: What each says; what says nothing adds nothing.
    """
    texts = [content for content in contents if isinstance(content, str) and content.strip()]
    if all(isinstance(content, str) for content in contents):
        return "\n\n".join(texts)
    as_lists = [_text_block(content) if isinstance(content, str) else content for content in contents]
    return [block for blocks in as_lists for block in blocks]


def _instructed(messages: list[AnyMessage], instructions: str, *, asks_last: bool) -> list[AnyMessage]:
    """Put instructions to the last message: before its words where it is the question and short, else after them."""
    last = messages[-1] if messages and messages[-1].type == "human" else None
    question = next(filter(None, map(question_in, reversed(messages))), "")
    if asks_last:
        again = ""
    elif last and question_in(last) is not None and last.content and len(text_in(last)) <= LONG:
        before = f"{instructions}\n\n{bundled('question').text}\n\n"
        return [*messages[:-1], cast("AnyMessage", _ours(last, before=before))]
    else:
        again = f"\n\n{bundled('again').text}\n\n{_ends_of(question)}" if question else ""
    return cast("list[AnyMessage]", put_after(messages, f"{instructions}{again}"))


def _ours(message: BaseMessage, *, before: str = "", after: str = "") -> HumanMessage:
    """Return a message with our words around its own, and where in it the question stands."""
    content: Any = message.content
    if isinstance(content, str):
        content = f"{before}{content}{after}"
    else:
        content = [*_text_block(before), *content, *_text_block(after)]
    span = question_span(message)
    place = {QUESTION: [len(before) + at for at in span]} if span else {}
    kwargs = {**message.additional_kwargs, **OURS, **place}
    return HumanMessage(content, name=message.name, additional_kwargs=kwargs)


def _text_block(text: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": text}] if text else []


def _ends_of(question: str) -> str:
    """Return a question, of a long one its first and last words."""
    question = question.strip()
    if len(question) <= _FIRST + _LAST:
        return question
    first, last = question[:_FIRST], question[-_LAST:]
    return f"{re.sub(_CUT_AT_THE_END, '', first)} … {re.sub(_CUT_AT_THE_START, '', last)}"
