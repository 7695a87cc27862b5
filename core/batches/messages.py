"""Requests and answers of /chat/completions, told as Anthropic's /v1/messages, and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..wire.parsing import read_json, write_json

PATH = "/messages"
VERSION_HEADER = "anthropic-version"
VERSION = "2023-06-01"
"""What it says: the next one, 2026-10-21, takes no temperature."""
ANSWER_TOKENS = 8_192
"""How long an answer may be where nobody says, which this API wants to be told."""
_AS_THEY_ARE = ("model", "temperature", "top_p")
_OF_THE_OTHER = {
    *("frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "messages", "modalities"),
    *("n", "parallel_tool_calls", "prediction", "presence_penalty", "prompt_cache_key", "reasoning_effort"),
    *("output_config", "response_format", "safety_identifier", "seed", "stop", "store", "stream", "stream_options"),
    *("tool_choice", "tools", "top_logprobs", "user", "verbosity"),
}
"""Fields of /chat/completions that are told otherwise here, or are nothing here; what else is given goes along."""
_TIERS = {"auto", "standard_only"}
_EFFORTS = {"minimal": "low", "none": None, "off": None}
_BESIDE = ("cache_control",)
"""What a part may say of itself here, too."""


class Messages:
    """Be the form in which Anthropic is asked, in the place of /chat/completions."""

    def asked(self, body: bytes) -> tuple[str, bytes]:
        """Return the path and the body of a request, of what /chat/completions would be asked.

        Args:
            body: What would be posted there.
        """
        return PATH, write_json(as_messages(read_json(body)))

    def answered(self, answer: bytes) -> bytes:
        """Return an answer as /chat/completions gives it; what is none, as an error, comes back as it is.

        Args:
            answer: What the server sent.
        """
        sent = read_json(answer)
        if not isinstance(sent, dict) or not isinstance(sent.get("content"), list) or sent.get("type") == "error":
            return answer
        return write_json(as_completion(sent))


MESSAGES = Messages()


def as_messages(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request of /chat/completions as one of /messages.

    Args:
        fields: What it says.
    """
    limit = fields.get("max_completion_tokens") or fields.get("max_tokens") or ANSWER_TOKENS
    same = {name: fields[name] for name in _AS_THEY_ARE if fields.get(name) is not None}
    own = {name: value for name, value in fields.items() if name not in _OF_THE_OTHER and name not in _AS_THEY_ARE}
    if own.get("service_tier") not in _TIERS:
        own.pop("service_tier", None)
    messages = fields.get("messages") or []
    system = _system(message for message in messages if message.get("role") in ("system", "developer"))
    turns = _turns(message for message in messages if message.get("role") not in ("system", "developer"))
    stop = fields.get("stop")
    return {
        **same,
        "max_tokens": limit,
        **({"system": system} if system else {}),
        "messages": turns,
        **({"stop_sequences": [stop] if isinstance(stop, str) else stop} if stop else {}),
        **_tools(fields),
        **_output(fields),
        **own,
    }


def _system(messages: Iterable[Mapping[str, Any]]) -> str | list[dict[str, Any]]:
    """Return what all system messages say: it stands before the conversation here."""
    contents = [message.get("content") for message in messages]
    if all(isinstance(content, str) for content in contents):
        return "\n\n".join(filter(None, contents))
    return [block for content in contents for block in _blocks(content)]


def _turns(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the conversation: who speaks twice in a row speaks once, as results of tools must."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.get("role") == "assistant" else "user"
        content = _content(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] = [*_as_blocks(turns[-1]["content"]), *_as_blocks(content)]
        elif content or role == "user":
            turns.append({"role": role, "content": content})
    if turns and turns[-1]["role"] == "assistant":
        turns[-1]["content"] = _without_end(turns[-1]["content"])
    return turns


def _without_end(content: Any) -> Any:
    """Return what an answer begins with; it may not end in blanks."""
    if isinstance(content, str):
        return content.rstrip()
    *first, last = content
    return [*first, {**last, "text": last["text"].rstrip()}] if last["type"] == "text" else content


def _as_blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return _blocks(content) if isinstance(content, str) else content


def _content(message: Mapping[str, Any]) -> str | list[dict[str, Any]]:
    content = message.get("content")
    if message.get("role") == "tool":
        result = content if isinstance(content, str) else _blocks(content)
        return [{"type": "tool_result", "tool_use_id": _call_id(message.get("tool_call_id")), "content": result}]
    calls = [_call(call) for call in message.get("tool_calls") or ()]
    return content if isinstance(content, str) and not calls else [*_blocks(content), *calls]


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    given = read_json(function.get("arguments") or "{}")
    arguments = given if isinstance(given, dict) else {}
    return {"type": "tool_use", "id": _call_id(call.get("id")), "name": function.get("name"), "input": arguments}


def _call_id(id_: object) -> str:
    """Return a call's id of the letters that it may have here: another model's may have made it."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "_-") else "_" for letter in str(id_))


def _blocks(content: Any) -> list[dict[str, Any]]:
    """Return the parts of a content; texts that say nothing are left out, which are refused."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    blocks = [_block(part if isinstance(part, dict) else {"type": "text", "text": str(part)}) for part in parts]
    return [block for block in blocks if block.get("type") != "text" or block.get("text")]


def _block(part: Mapping[str, Any]) -> dict[str, Any]:
    beside = {name: part[name] for name in _BESIDE if name in part}
    match part:
        case {"type": "text", "text": str(text)} | {"type": "refusal", "refusal": str(text)}:
            return {"type": "text", "text": text, **beside}
        case {"type": "image_url", "image_url": {"url": str(url)} | str(url)}:
            return {"type": "image", "source": _source(url), **beside}
        case {"type": "file", "file": {"file_data": str(url), **about}}:
            named = {"title": about["filename"]} if isinstance(about.get("filename"), str) else {}
            return {"type": "document", "source": _source(url), **named, **beside}
        case {"type": "file", "file": {"file_id": str(id_)}}:
            return {"type": "document", "source": {"type": "file", "file_id": id_}, **beside}
    return dict(part)  # the server says what it does not take


def _source(url: str) -> dict[str, str]:
    head, comma, data = url.partition(",")
    if not (comma and head.startswith("data:") and head.endswith(";base64")):
        return {"type": "url", "url": url}
    return {"type": "base64", "media_type": head[5:-7].partition(";")[0], "data": data}


def _tools(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tools, and which of them are to be called."""
    tools = [_tool(tool) for tool in fields.get("tools") or ()]
    if not tools:
        return {}
    chosen = fields.get("tool_choice")
    match chosen:
        case {"function": {"name": str(name)}}:
            choice: dict[str, Any] = {"type": "tool", "name": name}
        case "required" | "any":
            choice = {"type": "any"}
        case "none":
            choice = {"type": "none"}
        case _:
            choice = {"type": "auto"}
    if fields.get("parallel_tool_calls") is False and choice["type"] != "none":
        choice["disable_parallel_tool_use"] = True
    return {"tools": tools, **({"tool_choice": choice} if chosen or len(choice) > 1 else {})}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = tool.get("function")
    if not isinstance(function, Mapping):
        return dict(tool)  # one of the server's own
    about = {name: function[name] for name in ("description", "strict") if function.get(name) is not None}
    schema = function.get("parameters") or {"type": "object", "properties": {}}
    return {"name": function.get("name"), **about, "input_schema": schema}


def _output(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said of the answer: its form, and how much is to be thought for it."""
    output: dict[str, Any] = {}
    effort = fields.get("reasoning_effort")
    if effort := _EFFORTS.get(str(effort), effort):
        output["effort"] = effort
    match fields.get("response_format"):
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            output["format"] = {"type": "json_schema", "schema": schema}
    output |= fields.get("output_config") or {}
    return {"output_config": output} if output else {}


def as_completion(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return an answer of /messages as one of /chat/completions.

    Args:
        sent: A message, as the server sent it.
    """
    blocks = [block for block in sent["content"] if isinstance(block, dict)]
    calls = [_call_sent(block) for block in blocks if block.get("type") == "tool_use"]
    thoughts = _joined(blocks, "thinking")
    message: dict[str, Any] = {"role": "assistant", "content": _joined(blocks, "text")}
    message |= {"reasoning_content": thoughts} if thoughts else {}
    message |= {"tool_calls": calls} if calls else {}
    details = sent.get("stop_details")
    if sent.get("stop_reason") == "refusal" and isinstance(details, dict) and details.get("explanation"):
        message["refusal"] = details["explanation"]
    usage = sent.get("usage")
    tier = usage.get("service_tier") if isinstance(usage, dict) else None
    return {
        "id": sent.get("id"),
        "object": "chat.completion",
        "model": sent.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": sent.get("stop_reason")}],
        "usage": _usage(usage) if isinstance(usage, dict) else None,
        **({"service_tier": tier} if tier else {}),
    }


def _joined(blocks: Sequence[Mapping[str, Any]], kind: str) -> str:
    return "".join(text for block in blocks if block.get("type") == kind and isinstance(text := block.get(kind), str))


def _call_sent(block: Mapping[str, Any]) -> dict[str, Any]:
    written = write_json(block.get("input") or {}).decode()
    return {
        "id": block.get("id"),
        "type": "function",
        "function": {"name": block.get("name"), "arguments": written},
    }


def _usage(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was counted: what was written to a cache, or read from one, is no part of the input here."""
    parts = [counts.get(name) for name in ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")]
    figures = [part for part in parts if part is not None]
    whole = sum(figures) if parts[0] is not None and all(type(part) is int for part in figures) else parts[0]
    details = counts.get("output_tokens_details")
    thought = details.get("thinking_tokens") if isinstance(details, dict) else None
    return {
        "prompt_tokens": whole,
        "completion_tokens": counts.get("output_tokens"),
        "prompt_tokens_details": {"cache_write_tokens": parts[1], "cached_tokens": parts[2]},
        "completion_tokens_details": {"reasoning_tokens": thought},
    }
