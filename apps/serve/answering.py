"""Ask a mixture what a client asks, and give back the answer: whole, or piece by piece."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage

from ...core.errors import ConfigError
from ...core.wire.structured import Method
from ...graphs.adapters.asking import sentence_of
from ...graphs.adapters.chat_model import ChatMoA
from ...graphs.adapters.requests import can_write
from .questions import ClientQuestion
from .refusals import Refusal


async def answer_parts(
    equipped: Any, question: ClientQuestion, messages: list[BaseMessage]
) -> AsyncGenerator[str | AIMessage]:
    """Yield the answer's text as it comes, and last the message that holds all else.

    Args:
        equipped: The mixture, as `equip` returns it.
        question: What is asked for.
        messages: The conversation, with what a panel proposed to it earlier.

    Raises:
        MoAError: The run failed.
    """
    options = dict(question.options)
    if question.schema is not None:
        result = await equipped.ainvoke(messages, **options)
        message = _object_as_text(result)
        yield message.text
        yield message
    elif question.stream:
        async with aclosing(equipped.astream(messages, **options)) as chunks:
            async for chunk in chunks:
                if chunk.text:
                    yield chunk.text
        yield chunk
    else:
        message = await equipped.ainvoke(messages, **options)
        yield message.text
        yield message


def unheard_options(model: ChatMoA, question: ClientQuestion) -> list[str]:
    """Return the options that reach nobody: where no aggregator writes, an answer is only cut at `stop`.

    Args:
        model: The mixture.
        question: What is asked for.
    """
    return [] if can_write(model.moa) else sorted(question.options.keys() - {"stop"})


def equip(model: ChatMoA, question: ClientQuestion) -> Any:
    """Return a mixture with what a question is to be answered by: tools, or an object that fits a schema.

    Args:
        model: The mixture.
        question: What is asked for.

    Raises:
        Refusal: The mixture cannot do it.
    """
    param = "tools" if question.tools else "response_format"
    try:
        if question.schema is not None:
            method: Method | None = "json_mode" if question.any_object else None
            return model.with_structured_output(question.schema, include_raw=True, method=method)
        if question.tools:
            return model.bind_tools(question.tools, tool_choice=question.tool_choice)
    except ConfigError as exc:
        raise Refusal(400, sentence_of(exc), param=param) from exc
    return model


def _object_as_text(result: Mapping[str, Any]) -> AIMessage:
    """Return an answer that is an object, which some models give as a call, as the text that the client asked for."""
    if (why := result["parsing_error"]) is not None:
        raise why
    raw: AIMessage = result["raw"]
    text = json.dumps(result["parsed"], ensure_ascii=False)
    calls: dict[str, Any] = {"tool_calls": [], "invalid_tool_calls": []}
    return raw.model_copy(update={"content": text, **calls})
