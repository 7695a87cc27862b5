"""One model call, and every way it can end, as data."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.messages.ai import UsageMetadata, add_usage
from langchain_core.runnables import RunnableConfig
from langgraph.cache.base import BaseCache
from langgraph.errors import GraphBubbleUp, ParentCommand
from langgraph.runtime import Runtime

from ...core.bounds.budget import call_at_most, counted
from ...core.bounds.quorum import Cut, Race
from ...core.errors import AllProposersFailed
from ...core.models.capabilities import is_chat_model, secrets_of
from ...core.models.obstacles import bare_url, connection_problem, obstacle_of
from ...core.models.presets import PRESETS_FILE, is_preset_model
from ...core.models.prices import FREE_PROVIDERS, price_of
from ...core.models.resolve import NO_KEY, SERVER_KEY, model_label
from ...core.models.servers import learn_window, names_served, told_names
from ...core.models.transport import requests_sent
from ...core.panel.declared import Seat
from ...core.run.state import USABLE, Call, Obstacle, Proposal, Status
from ...core.text import one_line, plain, redact
from .cache import Entry, entry_of
from .prompt_writer import Letter

_CUT = {"length", "max_tokens", "max_output_tokens"}
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two questions to a server that is still loading its model."""
_REFUSED = {"content_filter", "refusal", "safety", "prohibited_content", "blocklist"}


async def call_model(
    seat: Seat,
    letter: Letter,
    config: RunnableConfig,
    *,
    race: Race,
    cache: BaseCache[Any] | None = None,
    counts: bool = True,
) -> tuple[Call, AIMessage | None]:
    """Ask one model and say what came of it; a failure of the model is returned, never raised.

    Args:
        seat: Whom to ask, and for how long at most.
        letter: The whole prompt.
        config: The node's config, so that callbacks, tags and traces nest.
        race: The layer it belongs to, which may end it early.
        cache: Where to look for the same question to the same model first.
        counts: Whether what comes back is an answer that may decide the race.

    Returns:
        The call's outcome, and the message where one came back, even one without usable text.
    """
    cut = Cut()
    try:
        if letter.problem:
            return unmade(seat, "skipped", letter.problem), None
        entry = entry_of(cache, seat, letter.messages)
        call, message = await _ask(seat, letter, config, race, cut, entry)
    finally:
        race.leave(cut)
    if counts and message and call["status"] in USABLE:
        race.count(seat.title, plain(message.text), served=call["served_model"], whole=call["status"] == "ok")
    if entry and message and call["status"] == "ok" and not call["cached"]:
        await entry.keep(call, message)
    return call, message


def unstreamed(config: RunnableConfig) -> RunnableConfig:
    """Keep the tokens of a call out of what the caller streams: they are not the answer's."""
    return {**config, "tags": [*config.get("tags", []), "nostream"]}


def is_cancelled() -> bool:
    """Tell whether a cancellation is meant for the running task, and not for something that it waited for."""
    return (task := asyncio.current_task()) is None or bool(task.cancelling())


def without_context(config: RunnableConfig) -> RunnableConfig:
    """Leave out the context of the graphs around: whatever is asked, a chain or a function too, may hold a graph."""
    inherited = config.get("configurable", {}).items()
    own = {key: value.override(context=None) if isinstance(value, Runtime) else value for key, value in inherited}
    return {**config, "configurable": own}


def unmade(seat: Seat, status: Status, why: str | None, *, started: float | None = None, waited: float = 0.0) -> Call:
    """Describe a call that was never made, and cost nothing but the time in line."""
    at = time.time() if started is None else started
    return call_of(seat.label, status=status, calls=0, usd=0.0, started=at, waited=waited, seconds=0.0, error=why)


async def _ask(
    seat: Seat, letter: Letter, config: RunnableConfig, race: Race, cut: Cut, entry: Entry | None
) -> tuple[Call, AIMessage | None]:
    message: AIMessage | None = None
    failure: BaseException
    with requests_sent() as sent:
        attempt = _Attempt(seat, letter, sent)
        try:
            async with cut:
                race.enter(cut)
                if entry and (known := await entry.recall()):
                    return known
                reply = await attempt.make(config, cut)
            message, usage, calls = _read(reply, letter.messages)
            return _answered(seat, letter, message, usage, calls, attempt.told()), message
        except GraphBubbleUp as exc:
            if not isinstance(exc, ParentCommand):
                raise
            failure = exc  # a handoff out of the mixture would throw away what its siblings were paid for
        except asyncio.CancelledError as exc:
            if is_cancelled():
                raise
            failure = exc  # not ours: the model awaited something that somebody else cancelled
        except Exception as exc:  # noqa: BLE001 - whatever a model raises costs its own answer only
            failure = exc
    told, was_cut = attempt.told(), cut.happened and isinstance(failure, TimeoutError)
    if was_cut and not attempt.made:
        status: Status = "cancelled" if cut.wanted else "skipped"
        return unmade(seat, status, cut.why, started=time.time(), waited=told["seconds"]), None
    told["at_most"] = call_at_most(seat, letter.messages)
    if not was_cut:
        return await _with_names(seat, _failed(seat, failure, told, attempt)), message
    return call_of(seat.label, status="cancelled" if cut.wanted else "timeout", error=cut.why, **told), None


class _Attempt:
    """Make one call, and know how long it took and how often it was sent."""

    def __init__(self, seat: Seat, letter: Letter, sent: list[str]) -> None:
        self.made = False
        self._seat, self._letter, self._sent = seat, letter, sent
        self._started, self._clock, self._waited = time.time(), time.perf_counter(), 0.0
        self.loading = False
        """Whether its server was still loading the model when it was last asked."""

    async def make(self, config: RunnableConfig, cut: Cut) -> Any:
        seat, messages = self._seat, list(self._letter.messages)
        if cut.due:
            await asyncio.sleep(0)  # it falls here, before anything is asked
        async with AsyncExitStack() as turn:
            for limit in sorted(seat.limits, key=id):  # in one order everywhere, or two mixtures could lock each other
                await turn.enter_async_context(limit)
            # Waiting for a turn was not the model's time.
            self._waited = round(time.perf_counter() - self._clock, 3)
            self._started, self._clock, self.made = time.time(), time.perf_counter(), True
            async with asyncio.timeout(seat.timeout):
                prompt: Any = {"messages": messages} if seat.takes_state else messages
                tags = [*config.get("tags", []), *seat.tags]
                told: dict[str, Any] = {"context": seat.context} if seat.takes_state else {}
                about = {**without_context(config), "run_name": seat.label, "tags": tags}
                return await self._once_loaded(
                    lambda: seat.model.ainvoke(prompt, cast("RunnableConfig", about), **told)
                )

    async def _once_loaded(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Wait for a server that is still loading its model, for as long as the call may take.

        Only a single model is asked again: nobody knows what a chain or graph did before it came to one that loads.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                answer = await ask()
            except Exception as exc:
                obstacle = obstacle_of(exc) if self._seat.one_call else None
                self.loading = obstacle is not None and obstacle["why"] == "loading"
                if not self.loading:
                    raise
            else:
                self.loading = False
                return answer
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def told(self) -> dict[str, Any]:
        """Return what is known of the call however it ended."""
        return {
            "started": self._started,
            "waited": self._waited,
            "seconds": round(time.perf_counter() - self._clock, 3),
            "retries": len(self._sent) - 1 if self._sent and self._seat.one_call else None,
            "references_cut": self._letter.references_cut,
            "endpoint": where_asked(self._seat),
        }


def where_asked(seat: Seat) -> str | None:
    """Return the address that a seat's requests go to, fit for a report."""
    return bare_url(seat.endpoint) if seat.endpoint else None


def as_proposal(call: Call, seat: Seat, *, turn: str, layer: int, message: AIMessage | None = None) -> Proposal:
    """Return what came of asking a proposer, or whoever is reported as one."""
    return Proposal(
        **call,
        turn=turn,
        layer=layer,
        proposer=seat.title,
        position=seat.position,
        sample=seat.sample,
        text=plain(message.text) if message and call["status"] != "invalid" else "",
        reviewed=None,
    )


def sampled(call: Call, letter: Letter, message: AIMessage | None) -> Call:
    """Return what came of a sample that another one's request brought, or failed to: it cost nothing more."""
    free: dict[str, Any] = {"calls": 0, "usage": None, "usd": 0.0, "at_most": None, "retries": None}
    if message is None:
        return cast("Call", {**call, **free})
    reason = str(message.response_metadata.get("finish_reason") or "")
    status, error = _unless_echo(*_status_of(message, reason.lower(), may_call=False), letter, message)
    return cast("Call", {**call, **free, "status": status, "error": error, "finish_reason": reason or None})


def call_of(model: str, *, status: Status, **fields: Any) -> Call:
    """Describe a call; what most calls do not have to say is filled in."""
    nothing: dict[str, Any] = {
        "served_model": None,
        "endpoint": None,
        "finish_reason": None,
        "usage": None,
        "at_most": None,
        "calls": 1,
        "retries": None,
        "cached": False,
        "windows": 1,
        "references_cut": 0,
        "waited": 0.0,
        "tried_s": 0.0,
        "usd": None,
        "obstacle": None,
        "error": None,
    }
    return cast("Call", {"status": status, "model": model, **nothing, **fields})


def _read(reply: Any, asked: Sequence[BaseMessage]) -> tuple[AIMessage, UsageMetadata | None, int]:
    """Find the answer in whatever a model, chain or graph returned, with the usage and number of calls behind it."""
    if isinstance(reply, dict) and isinstance(reply.get("messages"), list):
        known = {id(message) for message in asked} | {message.id for message in asked if message.id}
        new = [m for m in reply["messages"] if isinstance(m, AIMessage) and not {id(m), m.id} & known]
        if not new:
            raise TypeError("found no new AI message in its state, expected its answer as the last of 'messages'")
        usage: UsageMetadata | None = None
        for m in new:
            usage = add_usage(usage, m.usage_metadata) if m.usage_metadata else usage
        return new[-1], usage, len(new)
    if isinstance(reply, str):
        reply = AIMessage(plain(reply))
    if not isinstance(reply, BaseMessage):
        raise TypeError(
            f"found {type(reply).__name__} as its result, expected a message, a string or a state with 'messages'"
        )
    if not isinstance(reply, AIMessage):
        reply = AIMessage(reply.content)
    return reply, reply.usage_metadata, 1


def _answered(
    seat: Seat, letter: Letter, message: AIMessage, usage: UsageMetadata | None, calls: int, told: dict[str, Any]
) -> Call:
    said = message.response_metadata
    nested = said.get("moa") or {}
    served = said.get("model_name") or said.get("model")
    reason = (
        said.get("finish_reason") or said.get("stop_reason") or (said.get("incomplete_details") or {}).get("reason")
    )
    usage = nested.get("usage", counted(usage))
    names = (served, seat.label, seat.label.partition(":")[2])
    provider = seat.provider if seat.provider in FREE_PROVIDERS else said.get("model_provider") or seat.provider
    usd = (
        nested["usd"]
        if nested
        else price_of(usage, models=names, provider=provider, endpoint=seat.endpoint, own=seat.prices)
    )
    status, error = _status_of(message, str(reason or "").lower(), may_call=seat.role == "aggregator")
    status, error = _unless_echo(status, error, letter, message)
    is_known = usage and usd is not None
    return call_of(
        seat.label,
        status=status,
        error=error,
        served_model=served,
        finish_reason=str(reason) if reason else None,
        usage=usage,
        calls=nested.get("calls", calls),
        usd=usd,
        at_most=None if is_known else call_at_most(seat, letter.messages),
        **told,
    )


def _status_of(message: AIMessage, reason: str, *, may_call: bool) -> tuple[Status, str | None]:
    blocks = message.content if isinstance(message.content, list) else []
    refusal = message.additional_kwargs.get("refusal") or next(
        (b.get("refusal") for b in blocks if isinstance(b, dict) and b.get("type") == "refusal"), None
    )
    if refusal or reason in _REFUSED:
        return "refused", one_line(plain(refusal or f"the server ended the answer with {reason!r}"))
    if may_call and message.tool_calls:
        # Pieces of a streamed call are mended into whole JSON: one that was cut looks like any other.
        return ("invalid", "a call of a tool was cut at the token limit") if reason in _CUT else ("ok", None)
    if not message.text.strip():
        return "empty", "the answer holds no text" + _held_instead(message, reason, may_call=may_call)
    if reason in _CUT:
        return "truncated", "the answer was cut at its token limit"
    return "ok", None


def _unless_echo(status: Status, error: str | None, letter: Letter, message: AIMessage) -> tuple[Status, str | None]:
    """Return how a call ended, unless its answer repeats what we told the model: that answers nothing."""
    echo = letter.echo_in(message) if status in USABLE else None
    return (
        (status, error) if echo is None else ("invalid", f"the answer repeats its prompt: {one_line(echo, limit=80)}")
    )


def _held_instead(message: AIMessage, reason: str, *, may_call: bool) -> str:
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    if not calls:
        return f" (finish reason {reason!r})" if reason else ""
    why = "which cannot be read" if may_call else "which only the aggregator may make"
    return f" but a call of {calls[0]['name']!r}, {why}"


def _failed(seat: Seat, exc: BaseException, told: dict[str, Any], attempt: _Attempt) -> Call:
    root = _root(exc)
    code = getattr(exc, "status_code", None)
    # What is inside a chain or a graph has servers of its own, and prompts that nobody here could shorten.
    obstacle = obstacle_of(exc) if seat.one_call else None
    if attempt.loading:
        obstacle = Obstacle(why="loading", window=None, tokens=None)
    if obstacle:
        learn_window(seat, obstacle["window"])
    unreachable = obstacle is not None and obstacle["why"] == "unreachable"
    status: Status = "error"
    if code == 429:
        status = "rate_limited"
    elif unreachable:
        status = "error"
    elif isinstance(exc, TimeoutError) or isinstance(root, TimeoutError) or "Timeout" in type(root).__name__:
        status = "timeout"
    error = _explain(seat, exc, root, code, status, told["seconds"])
    if obstacle:
        error = _in_words(seat, exc, obstacle, error)
    if isinstance(exc, AllProposersFailed):
        told = {**told, "calls": exc.usable + sum(call["calls"] for call in exc.failures)}
    if isinstance(code, int) and code >= 400 and is_chat_model(seat.model):
        told = {**told, "at_most": None, "usd": 0.0}  # a request that the server refused costs nothing
    # Whether one that broke off was billed, or what a chain or graph had paid for before, nobody told.
    return call_of(seat.label, status=status, error=error, obstacle=obstacle, **told)


def _in_words(seat: Seat, exc: BaseException, obstacle: Obstacle, error: str) -> str:
    """Say what kept a server from answering, so that a person knows what to do about it."""
    why, window = obstacle["why"], obstacle["window"]
    if why == "unreachable":
        return connection_problem(exc, seat.endpoint) or error
    if why == "loading":
        return f"{error}; its server had to load the model first"
    if why == "too_long" and window:
        size = f"{obstacle['tokens']:,} tokens" if obstacle["tokens"] else "more"
        answer = f", and the answer may take {seat.max_tokens:,}" if seat.max_tokens else ""
        return f"found a prompt of {size}{answer}, expected at most {window:,}, the window (n_ctx) of {seat.label}"
    if why == "key" and NO_KEY in secrets_of(seat.model):
        return f"{error}; no key was sent, for {SERVER_KEY} is not set"
    return error


async def _with_names(seat: Seat, call: Call) -> Call:
    """Say which models a server has, where it has not the one that was asked for."""
    obstacle = call["obstacle"]
    if not obstacle or obstacle["why"] != "unknown_model" or not (names := await names_served(seat.model)):
        return call
    return {**call, "error": f"{call['error']}; it serves: {told_names(names, model_label(seat.model))}"}


def _root(exc: BaseException) -> BaseException:
    seen = {id(exc)}
    while (cause := exc.__cause__) is not None and id(cause) not in seen:
        seen.add(id(cause))
        exc = cause
    return exc


def said(exc: BaseException) -> str:
    """Return an exception's words, fit for a report."""
    try:
        return plain(str(exc))
    except Exception:  # noqa: BLE001 - an exception that cannot be printed is still only one proposal's
        return ""


def _sent_keys(exc: BaseException) -> set[str]:
    """Return the keys in the request that failed: they may belong to a model out of sight, in a closure or a graph."""
    headers = getattr(getattr(exc, "request", None), "headers", {})
    sent = (headers.get(name, "") for name in ("authorization", "x-api-key", "api-key"))
    return {value.removeprefix("Bearer ") for value in sent}


def _explain(
    seat: Seat, exc: BaseException, root: BaseException, code: int | None, status: Status, seconds: float
) -> str:
    if status == "timeout":
        return f"no answer within {seconds:.1f} s" + (f" (limit {seat.timeout:g} s)" if seat.timeout else "")
    words, cause = said(exc), said(root)
    parts = [part for part in (words, f"({cause})" if cause and cause not in words else "") if part]
    kind = "" if code and words else type(exc).__name__
    secrets = secrets_of(seat.model) | _sent_keys(exc)
    text = one_line(redact(": ".join(filter(None, [kind, " ".join(parts)])), secrets))
    if code == 404 and is_preset_model(seat.label):
        text += f"; if {seat.label} was retired, put another model into {PRESETS_FILE}"
    return text
