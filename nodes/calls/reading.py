"""Read a model's reply, once and for everybody: its text, what was thought, how it ended, which calls it makes.

All of it is foreign. What is handed on is a message that holds the answer and nothing else: whoever shows, compares or
keeps it need not look at its parts again.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata

from ...core.models.endings import Ending, ending_of
from ...core.models.prices import FREE_PROVIDERS
from ...core.panel.seats import Seat
from ...core.run.usage import checked_usage, sums
from ...core.text import plain, plain_message, shows_nothing
from ...core.wire.parsing import are_whole
from .contents import Contents, contents_of, within, without_thinking
from .hearing import Heard, Hearing, note_opened
from .thinking import split_thinking

_REASONS = ("finish_reason", "stop_reason", "done_reason", "stopReason", "completionReason")
"""Where packages keep why an answer ended; vLLM's `stop_reason`, a text or a token's number, stands beside a reason."""


class Reply(NamedTuple):
    """Hold a model's answer, and what is known of it."""

    message: AIMessage
    """Its content is the answer's text: without thinking, and fit for any encoding."""
    reasoning: str
    ending: Ending
    is_joined: bool = False
    """Whether LangChain added up the reasons, and the names, that a stream repeated."""
    is_cut: bool = False
    """Whether a stream of it had no end, a call in it was not whole, or it was too long."""
    is_long: bool = False
    """Whether what was beyond the bound of an answer was cut off."""
    refusal: str | None = None
    others: frozenset[str] = frozenset()
    """Types of its parts that are no text."""
    usage: UsageMetadata | None = None
    calls: int = 1
    """Model calls behind it."""


def read_reply(reply: Any, prompt: Sequence[BaseMessage], seat: Seat, hearing: Hearing | None = None) -> Reply:
    """Find the answer in whatever a model, chain or graph returned.

    Args:
        reply: What it returned.
        prompt: What it was asked.
        seat: Who was asked.
        hearing: Who heard it first, where anybody watches.

    Raises:
        TypeError: It is nothing that can hold an answer.
    """
    if isinstance(reply, dict) and isinstance(reply.get("messages"), list):
        before = {id(message) for message in prompt} | {message.id for message in prompt if message.id}
        new = [m for m in reply["messages"] if isinstance(m, AIMessage) and not {id(m), m.id} & before]
        if not new:
            raise TypeError("found no new AI message in its state, expected its answer as the last of 'messages'")
        usage = sums(hearing.usage_of(m) if hearing else m.usage_metadata for m in new)
        heard = hearing.of(new[-1]) if hearing else None
        return read_message(new[-1], seat, heard)._replace(usage=usage, calls=len(new))
    if isinstance(reply, str):
        reply = AIMessage(plain(reply))
    if not isinstance(reply, BaseMessage):
        raise TypeError(
            f"found {type(reply).__name__} as its result, expected a message, a string or a state with 'messages'"
        )
    message = reply if isinstance(reply, AIMessage) else AIMessage(reply.content)
    if hearing is None:
        return read_message(message, seat)
    message = message.model_copy(update={"usage_metadata": hearing.usage_of(message)})
    return read_message(message, seat, hearing.of(message))


def read_message(message: AIMessage, seat: Seat, heard: Heard | None = None) -> Reply:
    """Read one message.

    Args:
        message: What came.
        seat: Who was asked.
        heard: The same as it was streamed.
    """
    message, is_long = within(cast("AIMessage", plain_message(message)), seat.max_answer_bytes)
    contents, about = contents_of(message), message.response_metadata
    hidden = heard.hidden if heard else AIMessage([])
    text, thoughts = _parted(contents, seat, heard, contents_of(hidden).thoughts)
    has_calls = bool(message.tool_calls or message.invalid_tool_calls)
    clean = without_thinking(message, contents, text, goes_on=has_calls)
    reason = _reason_in(about)
    ending = ending_of(reason)
    return Reply(
        _with_hidden(clean, hidden) if has_calls else clean,
        "\n\n".join(thoughts),
        ending,
        is_joined=bool(ending.reasons) and str(reason) != ending.reasons[0],
        is_cut=is_long or _is_cut(about, ending, seat, heard),
        is_long=is_long or bool(heard and heard.is_long),
        refusal=contents.refusal,
        usage=_counted(message.usage_metadata, text),
        others=contents.others,
    )


def _parted(contents: Contents, seat: Seat, heard: Heard | None, hidden: list[str]) -> tuple[str, list[str]]:
    """Return the answer's text, and what was thought before it, wherever that stood."""
    text, thoughts = contents.text, [*hidden, *contents.thoughts]
    if heard:
        text, thoughts = text + heard.rest(), [*thoughts, *filter(None, [heard.reasoning])]
    split = split_thinking(text, thought=bool(thoughts), is_rest=bool(heard and heard.has_thought))
    thoughts += filter(None, [split.reasoning])
    if split.opened or not (thoughts or (heard and heard.has_thought)):
        note_opened(seat, opened=split.opened)
    return split.text, thoughts


def _with_hidden(message: AIMessage, hidden: AIMessage) -> AIMessage:
    """Return a message that calls tools, with what was thought before it as its package keeps it."""
    kwargs = {**message.additional_kwargs, **hidden.additional_kwargs}
    content: Any = message.content
    if hidden.content:
        texts = [{"type": "text", "text": content}] if content and isinstance(content, str) else content or []
        content = [*hidden.content, *texts]
    return message.model_copy(update={"content": content, "additional_kwargs": kwargs})


def _counted(usage: object, text: str) -> UsageMetadata | None:
    """Return what was counted; None where that is nothing for an answer that says something."""
    checked = checked_usage(usage)
    return None if checked and not checked["output_tokens"] and not shows_nothing(text) else checked


def _is_cut(about: dict[str, Any], ending: Ending, seat: Seat, heard: Heard | None) -> bool:
    """Tell an answer whose stream had no end, or a call that LangChain mended.

    LangChain's packages say no more of a stream that broke off than that it has no reason; ours says it itself.
    """
    if about.get("stream_ended") is False or about.get("calls_unclosed"):
        return True
    if heard is None:
        return False
    tells_ends = seat.transport != "lean" and about.get("model_provider") not in (None, *FREE_PROVIDERS)
    is_open = heard.parts > 1 and tells_ends and not ending.reasons
    return is_open or heard.is_long or not all(map(are_whole, heard.arguments))


def _reason_in(about: dict[str, Any]) -> object:
    """Return why an answer ended, as its provider's package keeps it."""
    reason = next((about[name] for name in _REASONS if about.get(name)), None)
    details, status = about.get("incomplete_details"), about.get("status")
    reason = reason or (details.get("reason") if isinstance(details, dict) else None)
    return reason or (status if isinstance(status, str) else None)
