"""Ask one model a short question, then again with one thing more each time, and see what its server makes of that."""

import asyncio
import struct
import zlib
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langgraph.errors import GraphBubbleUp

from ...core.bounds.budget import call_at_most
from ...core.bounds.quorum import Race
from ...core.models.capabilities import Model, bound_to, chat_model_of, is_asked_directly, map_chat_models
from ...core.models.effort import with_effort, with_temperature
from ...core.models.limits import turn_within
from ...core.models.obstacles import http_status_of
from ...core.models.parts import secrets_of
from ...core.panel.habits import model_without
from ...core.panel.seats import Seat
from ...core.run.costs import total
from ...core.run.records import USABLE, Call, Cost
from ...core.text import one_line, redact
from ...nodes.calls.call import call_model
from ...nodes.prompting.prompt import Prompt
from ..remembered import PROBED_EFFORT
from .refusals import names_refused

Finding = Literal["yes", "no", "ignored", "unknown", "not asked"]
_QUESTION = "Reply with one word: yes."
_COUNT = "Count from one to ten, in words."
_COLOUR = "Which colour is this picture? Reply with one word."
_TOOL = {
    "type": "function",
    "function": {
        "name": "tell_time",
        "description": "Tell the time of day in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
_TIME = "What time is it in Lima? Call the tool tell_time."
_SIDE = 64
"""Pixels: some models take no picture of fewer than 28."""
_ROOM = 3_000
"""Tokens that a picture, or a tool, adds to a prompt at most."""


class Taking(NamedTuple):
    """Say what a server made of a probe."""

    verdict: Finding
    why: str | None = None


@dataclass
class Checked:
    """Hold what came of checking one model."""

    seat: Seat
    names: list[str]
    """Who of the mixture is this model."""
    call: Call | None = None
    """What came of the question alone."""
    takes: dict[str, Taking] = field(default_factory=dict)
    calls: int = 0
    counted: UsageMetadata | None = None
    """What its calls read and wrote, as far as servers counted it."""
    uncounted: int = 0
    """Calls that may have been worked on, and that nobody counted."""

    @property
    def usage(self) -> UsageMetadata | None:
        """Return what all of its calls read and wrote; None where one of them was not counted."""
        return None if self.uncounted else self.counted

    @property
    def answers(self) -> bool:
        """Tell whether it gives an answer."""
        return self.call is not None and self.call["status"] in USABLE


class _Answered(NamedTuple):
    taking: Taking
    messages: Sequence[AIMessage] = ()


async def _choices(model: Model) -> _Answered:
    chat = chat_model_of(model)
    result = await chat.agenerate([[HumanMessage(_QUESTION)]], **{**bound_to(model), "n": 2})  # type: ignore[union-attr]
    messages = [choice.message for choice in result.generations[0]]  # type: ignore[union-attr]
    answers = [message for message in messages if isinstance(message, AIMessage)]
    if len(answers) > 1:
        return _Answered(Taking("yes"), answers[:1])  # which carries the usage of all
    return _Answered(Taking("ignored", "asked for 2 answers, it gave 1"), answers)


async def _tools(model: Model) -> _Answered:
    chat = chat_model_of(model)
    answer = await chat.bind_tools([_TOOL]).bind(**bound_to(model)).ainvoke([HumanMessage(_TIME)])  # type: ignore[union-attr]
    if answer.tool_calls:
        return _Answered(Taking("yes"), [answer])
    return _Answered(Taking("ignored", "it called no tool"), [answer])


async def _image(model: Model) -> _Answered:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{b64encode(_red_png()).decode()}"}}
    answer = await model.ainvoke([HumanMessage([{"type": "text", "text": _COLOUR}, picture])])
    if "red" in "".join(char if char.isalnum() else " " for char in answer.text.lower()).split():
        return _Answered(Taking("yes"), [answer])
    return _Answered(Taking("ignored", f"a red picture is {one_line(answer.text, limit=40)!r} to it"), [answer])


async def _stream(model: Model) -> _Answered:
    model = map_chat_models(model, lambda chat: chat.model_copy(update={"disable_streaming": False}))
    whole, pieces = None, 0
    async for chunk in model.astream([HumanMessage(_COUNT)]):
        whole = chunk if whole is None else whole + chunk
        pieces += bool(getattr(chunk, "text", ""))
    taking = Taking("yes") if pieces > 1 else Taking("ignored", f"it came in {pieces} pieces")
    return _Answered(taking, [whole] if isinstance(whole, AIMessage) else [])


async def _plain(model: Model, *messages: BaseMessage) -> _Answered:
    return _Answered(Taking("yes"), [await model.ainvoke([*messages, HumanMessage(_QUESTION)])])


class _Probe(NamedTuple):
    ask: Callable[[Model], Awaitable[_Answered]]
    is_for: Callable[[Seat], bool]


def _is_chat(seat: Seat) -> bool:
    return is_asked_directly(seat.model)


def _is_compatible(seat: Seat) -> bool:
    return seat.transport is not None and is_asked_directly(seat.model)


PROBES: dict[str, _Probe] = {
    "n": _Probe(_choices, _is_compatible),
    "tools": _Probe(_tools, _is_chat),
    "streaming": _Probe(_stream, _is_chat),
    "system": _Probe(lambda model: _plain(model, SystemMessage("Be brief.")), _is_chat),
    "temperature": _Probe(lambda model: _plain(with_temperature(model, 0.5)), _is_compatible),
    "reasoning_effort": _Probe(lambda model: _plain(with_effort(model, PROBED_EFFORT)), _is_compatible),
    "images": _Probe(_image, _is_chat),
}
"""What is asked for, in this order: a picture comes last, for some servers end over it."""


def costs_at_most(seat: Seat, *, quick: bool) -> Cost:
    """Bound what checking a model costs.

    Args:
        seat: The model.
        quick: Whether it is only asked for an answer.
    """
    one = call_at_most(seat, [HumanMessage(_TIME)])
    if quick:
        return one
    names = [name for name, probe in PROBES.items() if probe.is_for(seat)]
    larger = call_at_most(seat, [HumanMessage(_TIME)], more=_ROOM)
    costs = [one, *(larger if name in ("tools", "images") else one for name in names)]
    if "n" in names:  # whose second answer is no call
        costs.append({**one, "calls": 0})
    return total(costs)


async def check_seat(checked: Checked, *, quick: bool) -> None:
    """Ask a model, and then for one thing more at a time: a server of one's own may have room for one question.

    Args:
        checked: Whom, and what came of it.
        quick: Whether it is only asked for an answer.
    """
    seat = checked.seat
    prompt = Prompt([HumanMessage(_QUESTION)])
    async with _turn_of(seat, checked):
        call, _ = await call_model(replace(seat, limits=()), prompt, {}, race=Race())
    checked.call, checked.calls = call, call["calls"]
    if call["usage"] or (call["usd"] == 0 and not call["at_most"]):
        checked.uncounted -= 1  # a request that was refused costs nothing
    checked.counted = call["usage"]
    if quick:
        return
    model = model_without(_once(seat.model), frozenset(checked.call["left_out"]))
    for name, probe in PROBES.items():
        if not checked.answers:
            checked.takes[name] = Taking("not asked", "it did not answer")
        elif not probe.is_for(seat):
            checked.takes[name] = Taking("not asked", "its server is asked in another way, or it is none")
        else:
            checked.takes[name] = await _probed(name, probe, model, checked)


async def _probed(name: str, probe: _Probe, model: Model, checked: Checked) -> Taking:
    seat = checked.seat
    try:
        async with _turn_of(seat, checked), asyncio.timeout(seat.timeout):
            answered = await probe.ask(model)
    except GraphBubbleUp:
        raise
    except TimeoutError as exc:
        return Taking("unknown", _words(exc, seat) if str(exc) else f"no answer within {seat.timeout:g} s")
    except Exception as exc:  # noqa: BLE001 - whatever it is, it is what is to be found out here
        if (getattr(exc, "status_code", None) or 0) >= 400 and not getattr(exc, "has_begun", False):
            checked.uncounted -= 1  # a request that was refused costs nothing
        return Taking("no" if names_refused(name, exc) else "unknown", _words(exc, seat))
    usages = [message.usage_metadata for message in answered.messages]
    if usages and None not in usages:
        checked.uncounted -= 1
    for usage in usages:
        checked.counted = add_usage(checked.counted, usage)
    return answered.taking


@asynccontextmanager
async def _turn_of(seat: Seat, checked: Checked) -> AsyncIterator[None]:
    """Wait as calls of a mixture do; from then on it is a call, also where it is cut."""
    async with turn_within(seat.limits):
        checked.calls += 1
        checked.uncounted += 1
        yield


def _words(exc: BaseException, seat: Seat) -> str:
    status = http_status_of(exc)
    words = one_line(redact(f"{type(exc).__name__}: {exc}" if status is None else str(exc), secrets_of(seat.model)))
    return words if status is None or str(status) in words else f"HTTP {status}: {words}"


def _once(model: Model) -> Model:
    """Let a refusal be one: nothing is sent again."""

    def once(chat: Any) -> Model:
        fields = type(chat).model_fields
        return chat.model_copy(update={"max_retries": 0}) if "max_retries" in fields else chat  # type: ignore[no-any-return]

    return map_chat_models(model, once)


def _red_png() -> bytes:
    """Draw a small red picture."""
    row = b"\0" + b"\xff\0\0" * _SIDE
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * _SIDE)),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)
