"""One model call, and every way it can end, as data."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable
from functools import partial
from hashlib import sha256
from typing import Any, cast

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langgraph.cache.base import BaseCache
from langgraph.errors import GraphBubbleUp, ParentCommand
from langgraph.runtime import Runtime

from ...core.bounds.budget import call_at_most
from ...core.bounds.quorum import Cutoff, Race
from ...core.clock import unix_time
from ...core.deferral import deferral_for, once
from ...core.functions import is_cancelled
from ...core.listening import Unheard, is_heard
from ...core.media.blocks import kinds_in
from ...core.models.capabilities import Model
from ...core.models.limits import turn_within
from ...core.models.obstacles import obstacle_of
from ...core.panel.seats import Seat
from ...core.run.left_out import LeftOut
from ...core.run.records import USABLE, Call, Status
from ...core.text import text_in
from ...core.wire.sending import ends_by, requests_sent
from ...core.wire.sizes import answers_up_to
from ..prompting.prompt import Prompt
from .accepting import Accepting
from .cache import Entry, Fits, entry_of
from .contents import apart
from .hearing import Hearing, heard_first
from .kept import outcome_read, written_outcome
from .outcome import asked_line, call_of, ended_line, failed_call, unmade, where_asked, with_names
from .reading import read_reply
from .room import ask_for_room
from .statuses import answered_call

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
"""Seconds between two questions to a server that is still loading its model."""
_log = logging.getLogger(__name__)


async def call_model(
    seat: Seat,
    prompt: Prompt,
    config: RunnableConfig,
    *,
    race: Race,
    cache: BaseCache[Any] | None = None,
    fits: Fits | None = None,
    counts: bool = True,
    allowed: frozenset[str] | None = frozenset(),
) -> tuple[Call, AIMessage | None]:
    """Ask one model and say what came of it; a failure of the model is returned, never raised.

    Args:
        seat: Whom to ask, and for how long at most.
        prompt: The whole prompt.
        config: The node's config, so that callbacks, tags and traces nest.
        race: The layer it belongs to, which may end it early.
        cache: Where to look for the same question to the same model first.
        fits: Tells whether an answer is what was asked for: one that is may be kept by the run's cache of responses,
            and is looked for there first. None keeps nothing there.
        counts: Whether what comes back is an answer that may decide the race.
        allowed: The tools that it may call, by name; None where nobody can tell.

    Returns:
        The call's outcome, and the answer where one came back, even one without usable text: a message that holds what
        was said, in text and calls, and nothing of what was thought.
    """
    cutoff = Cutoff()
    try:
        if prompt.problem:
            return unmade(seat, "skipped", prompt.problem, why=prompt.obstacle), None
        entry = entry_of(cache, seat, prompt.messages, fits)
        ask = partial(_ask, seat, prompt, config, race, cutoff, entry, allowed)
        # Requests are in a deferral's journal one by one; what answers in this process has none.
        call, message = await (ask() if seat.transport == "lean" else _asked_once(seat, prompt, ask))
    finally:
        race.leave(cutoff)
    if _log.isEnabledFor(logging.DEBUG):
        _log.debug("%s", ended_line(seat, call))
    if counts and message and call["status"] in USABLE:
        whole = call["status"] == "ok"
        race.count(seat.title, text_in(message), model=seat.label, served=call["served_model"], whole=whole)
    if entry:
        await entry.keep(call, message)
    return call, message


def unstreamed(config: RunnableConfig) -> RunnableConfig:
    """Keep the tokens of a call out of what the caller streams: they are not the answer's."""
    return {**config, "tags": [*config.get("tags", []), "nostream"]}


def without_context(config: RunnableConfig) -> RunnableConfig:
    """Leave out the context of the graphs around: whatever is asked, a chain or a function too, may hold a graph."""
    inherited = config.get("configurable", {})
    around = {
        key: value for key, value in inherited.items() if isinstance(value, Runtime) and value.context is not None
    }
    own = {key: value.override(context=None) for key, value in around.items()}
    return {**config, "configurable": {**inherited, **own}} if own else config


def _config_for(seat: Seat, config: RunnableConfig, hearing: Hearing) -> RunnableConfig:
    """Return a node's config as its model is called with: of a chat model's answer, `hearing` is told first."""
    tags = [*config.get("tags", []), *seat.tags]
    own: RunnableConfig = {**without_context(config), "run_name": seat.label, "tags": tags}
    # Nothing stands between here and a single model that could bring listeners where the run has none.
    if seat.transport == "lean" and seat.one_call and not is_heard(config):
        return {**own, "callbacks": Unheard([])}
    return heard_first(own, hearing)


async def _ask(
    seat: Seat,
    prompt: Prompt,
    config: RunnableConfig,
    race: Race,
    cutoff: Cutoff,
    entry: Entry | None,
    allowed: frozenset[str] | None,
) -> tuple[Call, AIMessage | None]:
    message: AIMessage | None = None
    failure: BaseException
    with requests_sent() as sent:
        attempt = _Attempt(seat, prompt, sent)
        try:
            async with cutoff:
                race.enter(cutoff)
                if entry and (recalled := await entry.recall(allowed)):
                    return cast(
                        "Call", {**recalled[0], "references_cut": prompt.references_cut + prompt.cut_before}
                    ), recalled[1]
                reply = await attempt.make(config, cutoff)
            read = await apart(reply, partial(read_reply, reply, prompt.messages, seat, attempt.hearing))
            message = read.message
            judge = partial(answered_call, seat, prompt, read, attempt.facts(), allowed=allowed)
            return await apart(reply, judge), message
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
    facts, is_late = attempt.facts(), cutoff.cause == "deadline"
    was_cut = cutoff.happened and isinstance(failure, TimeoutError)
    if was_cut and is_late:  # the run has worked since the layer began: what clocks round gives it no time back
        facts["waited"] = max(facts["waited"], (math.ceil(1000 * (race.elapsed - facts["seconds"])) + 1) / 1000)
    if was_cut and not attempt.made:
        status: Status = "skipped" if is_late else "cancelled"
        return unmade(seat, status, cutoff.why, cut=cutoff.cause, waited=facts["waited"] + facts["seconds"]), None
    facts["at_most"] = call_at_most(seat, prompt.messages)
    if not was_cut:
        return await with_names(
            seat, failed_call(seat, failure, facts, loading=attempt.loading, media=kinds_in(prompt.messages))
        ), message
    status = "timeout" if is_late else "cancelled"
    return call_of(seat.label, status=status, cut=cutoff.cause, error=cutoff.why, **facts), None


async def _asked_once(
    seat: Seat, prompt: Prompt, ask: Callable[[], Awaitable[tuple[Call, AIMessage | None]]]
) -> tuple[Call, AIMessage | None]:
    if not deferral_for():
        return await ask()
    request = repr([(message.type, message.content) for message in prompt.messages]).encode("utf-8", "replace")
    about = f"call {seat.label} {seat.place} {sha256(request).hexdigest()}"
    return cast("tuple[Call, AIMessage | None]", await once(about, ask, write=written_outcome, read=outcome_read))


class _Attempt:
    """Make one call, and know how long it took and how often it was sent."""

    def __init__(self, seat: Seat, prompt: Prompt, sent: list[str]) -> None:
        self.made, self.hearing = False, Hearing(seat)
        self._seat, self._prompt, self._sent = seat, prompt, sent
        self._started, self._clock, self._waited = unix_time(), time.perf_counter(), 0.0
        self._accepting: Accepting | None = None
        self.loading = False
        """Whether its server was still loading the model when it was last asked."""

    async def make(self, config: RunnableConfig, cutoff: Cutoff) -> Any:
        seat, messages = self._seat, list(self._prompt.messages)
        if cutoff.due:
            await asyncio.sleep(0)  # it falls here, before anything is asked
        deferral = deferral_for()
        limits = seat.limits if deferral is None or deferral.asks_now else ()  # a batch has limits of its own
        async with turn_within(limits):
            # Waiting for a turn was not the model's time.
            self._waited = round(time.perf_counter() - self._clock, 3)
            self._started, self._clock, self.made = unix_time(), time.perf_counter(), True
            if _log.isEnabledFor(logging.DEBUG):
                _log.debug("%s", asked_line(seat))
            async with asyncio.timeout(seat.timeout) as timeout:
                ends = min((end for end in (timeout.when(), cutoff.ends) if end is not None), default=None)
                about = _config_for(seat, config, self.hearing)
                self._accepting = Accepting(seat, messages, about)
                with ends_by(ends), answers_up_to(seat.max_answer_bytes):
                    return await self._accepting.make(partial(self._once_loaded, about, ends))

    async def _once_loaded(
        self, config: RunnableConfig, ends: float | None, model: Model, messages: list[BaseMessage]
    ) -> Any:
        """Wait for a server that is still loading its model, for as long as the call may take.

        Only a single model is asked again: nobody knows what a chain or graph did before it came to one that loads.
        """
        takes_state = self._seat.takes_state
        prompt: Any = {"messages": messages} if takes_state else messages
        context: dict[str, Any] = {"context": self._seat.context} if takes_state else {}
        pause, seat = _FIRST_PAUSE, self._seat
        while True:
            try:
                answer = await ask_for_room(seat, model, ends, lambda model: model.ainvoke(prompt, config, **context))
            except Exception as exc:
                obstacle = obstacle_of(exc) if seat.one_call else None
                self.loading = obstacle is not None and obstacle["why"] == "loading"
                if not self.loading:
                    raise
            else:
                self.loading = False
                return answer
            _log.debug("%s: its server is still loading the model; asked again in %.1f s", seat.title, pause)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _left_out(self) -> frozenset[LeftOut]:
        """Return what its request went without; nothing of what was never sent but what its reader cannot read."""
        refused = self._accepting.left_out | self._seat.without if self._accepting else frozenset[LeftOut]()
        return refused | self._prompt.unseen

    def facts(self) -> dict[str, Any]:
        """Return what is known of the call however it ended."""
        return {
            "started": self._started,
            "waited": self._waited,
            "seconds": round(time.perf_counter() - self._clock, 3),
            "retries": len(self._sent) - 1 if self._sent and self._seat.one_call else None,
            "references_cut": self._prompt.references_cut + self._prompt.cut_before,
            "left_out": sorted(self._left_out()),
            "endpoint": where_asked(self._seat),
            "transport": self._seat.transport,
        }
