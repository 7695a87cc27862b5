"""Samples of one model, asked for in one request where its server goes along: the prompt is paid for once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from langgraph.cache.base import BaseCache

from ..core.panel import Seat
from ..core.race import Race
from ..core.state import USABLE, Call, Place
from ..core.text import plain
from .brief import Letter
from .call import call_model, sampled
from .memory import entry_of

_NOT_TAKEN = {400, 405, 422, 501}
"""What servers answer that know no `n`."""
Answers = dict[Place, tuple[Call, AIMessage | None]]


async def call_samples(
    seats: Sequence[Seat], letter: Letter, config: RunnableConfig, *, race: Race, cache: BaseCache[Any] | None = None
) -> Answers:
    """Ask one model for several samples, and say what came of each.

    A server that refuses the one request, or answers it with fewer samples, is asked for each of those left alone. For
    each alone from then on, where it answers so, or answered with one.

    Args:
        seats: The samples.
        letter: The whole prompt.
        config: The node's.
        race: The layer they belong to.
        cache: Where to look for each of them first.
    """
    may_share = len(seats) > 1 and seats[0].at_once is not None and seats[0].at_once.works and not letter.problem
    unknown = [seat for seat in seats if not await _is_known(seat, letter, cache)] if may_share else []
    together = len(unknown) > 1
    answers = await _in_one(unknown, letter, config, race) if together else {}
    for seat in unknown:
        call, message = answers.get(seat.place, (None, None))
        entry = entry_of(cache, seat, letter.messages)
        if entry and call and message and call["status"] == "ok":
            await entry.keep(call, message)
    alone = [seat for seat in seats if seat.place not in answers]
    told = await asyncio.gather(*(call_model(seat, letter, config, race=race, cache=cache) for seat in alone))
    refused = together and not answers
    if refused and seats[0].at_once and any(call["status"] in USABLE for call, _ in told):
        seats[0].at_once.works = False  # what is refused either way says nothing of `n`
    return answers | dict(zip((seat.place for seat in alone), told, strict=True))


async def _is_known(seat: Seat, letter: Letter, cache: BaseCache[Any] | None) -> bool:
    entry = entry_of(cache, seat, letter.messages)
    return entry is not None and await entry.recall() is not None


async def _in_one(seats: Sequence[Seat], letter: Letter, config: RunnableConfig, race: Race) -> Answers:
    first, heard = seats[0], _Heard()
    limit = None if first.max_tokens is None else first.max_tokens * len(seats)
    asked = replace(first, model=first.model.bind(n=len(seats)), max_tokens=limit)
    call, message = await call_model(asked, letter, merge_configs(config, {"callbacks": [heard]}), race=race)
    if heard.refused:
        return {}
    if first.at_once and len(heard.messages) == 1:
        first.at_once.works = False
    if message is None:
        failed: Answers = {seat.place: (sampled(call, letter, None), None) for seat in seats}
        return failed | {first.place: (call, None)}
    answers: Answers = {first.place: (call, message)}
    for seat, other in zip(seats[1:], heard.messages[1:], strict=False):
        outcome = sampled(call, letter, other)
        answers[seat.place] = outcome, other
        if outcome["status"] in USABLE:
            race.count(seat.title, plain(other.text), served=outcome["served_model"], whole=outcome["status"] == "ok")
    return answers


class _Heard(AsyncCallbackHandler):
    """Hear all answers of one request: a chat model returns the first of them."""

    run_inline = True

    def __init__(self) -> None:
        self.messages: list[AIMessage] = []
        self.refused = False

    async def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """Take the answers, and write on each who gave it, which LangChain does for an only one."""
        found = [getattr(choice, "message", None) for choice in response.generations[0]]
        self.messages = [message for message in found if isinstance(message, AIMessage)]
        if served := (response.llm_output or {}).get("model_name"):
            for message in self.messages:
                message.response_metadata.setdefault("model_name", served)

    async def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        """Note a server that does not take such a request, or a client: that of OpenAI's other API knows no `n`."""
        no_such_option = isinstance(error, TypeError) and "unexpected keyword argument" in str(error)
        self.refused = getattr(error, "status_code", None) in _NOT_TAKEN or no_such_option
