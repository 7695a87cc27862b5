"""Samples of one model, asked for in one request where its server goes along: the prompt is paid for once."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import LLMResult
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from langgraph.cache.base import BaseCache

from ...core.bounds.quorum import Race
from ...core.models.obstacles import fields_of, http_status_of, most_choices
from ...core.panel.sampling import Sampling
from ...core.panel.seats import Seat
from ...core.run.records import USABLE, Call, Place
from ...core.text import text_in
from ..prompting.prompt import Prompt
from .all_of import all_of
from .cache import entry_of
from .call import call_model
from .contents import apart
from .reading import read_message
from .statuses import sampled

_NOT_OF_N = {"too_long", "loading", "unreachable"}
"""What keeps a server from answering to one as well as to several."""
Answers = dict[Place, tuple[Call, AIMessage | None]]


async def call_samples(
    seats: Sequence[Seat],
    prompt: Prompt,
    config: RunnableConfig,
    *,
    race: Race,
    sampling: Sampling,
    cache: BaseCache[Any] | None = None,
) -> Answers:
    """Ask one model for several samples, and say what came of each.

    A server that takes only so many in one request gets several requests. One that refuses such requests, or answers
    with fewer samples, is asked for each of those left alone. For each alone from then on, where it answers so, or
    answered with one.

    Args:
        seats: The samples.
        prompt: The whole prompt.
        config: The node's.
        race: The layer they belong to.
        sampling: How many samples the server gave for one request so far.
        cache: Where to look for each of them first.
    """
    first = seats[0]
    may_share = len(seats) > 1 and sampling.most(first) != 1 and not prompt.problem
    new = [seat for seat in seats if not await _is_cached(seat, prompt, cache)] if may_share else []
    answers: Answers = {}
    was_refused = False
    if len(new) > 1:
        answers, was_refused = await _together(new, prompt, config, race, sampling)
    for seat in new:
        call, message = answers.get(seat.place, (None, None))
        entry = entry_of(cache, seat, prompt.messages)
        if entry and call:
            await entry.keep(call, message)
    alone = [seat for seat in seats if seat.place not in answers]
    calls = [call_model(seat, prompt, config, race=race, cache=cache) for seat in alone]
    others = [await calls[0]] if len(calls) == 1 else await all_of(calls)  # a task less, for nearly all
    if was_refused and any(call["status"] in USABLE for call, _ in others):
        sampling.learn(first, 1)  # what is refused either way says nothing of `n`
    return answers | dict(zip((seat.place for seat in alone), others, strict=True))


async def _is_cached(seat: Seat, prompt: Prompt, cache: BaseCache[Any] | None) -> bool:
    entry = entry_of(cache, seat, prompt.messages)
    return entry is not None and await entry.recall() is not None


async def _together(
    seats: Sequence[Seat], prompt: Prompt, config: RunnableConfig, race: Race, sampling: Sampling
) -> tuple[Answers, bool]:
    """Ask for samples in as few requests as the server takes, and tell whether it refused one for being several."""
    most = sampling.most(seats[0]) or len(seats)
    parts = [seats[start : start + most] for start in range(0, len(seats), most)]
    made = await all_of([_in_one(part, prompt, config, race, sampling) for part in parts])
    answers: Answers = {place: answer for part, _ in made for place, answer in part.items()}
    bounds = [heard.most for _, heard in made if heard.refused and heard.most]
    rest = [seat for seat in seats if seat.place not in answers]
    if bounds and most > min(bounds) > 1 and len(rest) > 1:
        sampling.learn(seats[0], min(bounds))
        again, was_refused = await _together(rest, prompt, config, race, sampling)
        return answers | again, was_refused
    return answers, any(heard.refused for _, heard in made)


async def _in_one(
    seats: Sequence[Seat], prompt: Prompt, config: RunnableConfig, race: Race, sampling: Sampling
) -> tuple[Answers, "_Heard"]:
    """Ask for samples in one request; no answers where the server refused it for asking for several."""
    first, heard = seats[0], _Heard()
    if len(seats) == 1:
        return {first.place: await call_model(first, prompt, config, race=race)}, heard
    limit = None if first.max_tokens is None else first.max_tokens * len(seats)
    several = replace(first, model=first.model.bind(n=len(seats)), max_tokens=limit)
    call, message = await call_model(several, prompt, merge_configs(config, {"callbacks": [heard]}), race=race)
    if call["obstacle"] and call["obstacle"]["why"] in _NOT_OF_N:
        heard.refused = False
    if heard.refused:
        return {}, heard
    if len(heard.messages) == 1:
        sampling.learn(first, 1)
    if message is None:
        failed: Answers = {seat.place: (sampled(call, prompt, None, seat=seat), None) for seat in seats}
        return failed | {first.place: (call, None)}, heard
    answers: Answers = {first.place: (call, message)}
    for seat, other in zip(seats[1:], heard.messages[1:], strict=False):
        reply = await apart(other, partial(read_message, other, seat))
        outcome = sampled(call, prompt, reply, seat=seat)
        answers[seat.place] = outcome, reply.message
        if outcome["status"] in USABLE:
            served, whole = outcome["served_model"], outcome["status"] == "ok"
            race.count(seat.title, text_in(reply.message), model=seat.label, served=served, whole=whole)
    return answers, heard


class _Heard(AsyncCallbackHandler):
    """Hear all answers of one request: a chat model returns the first of them."""

    run_inline = True

    def __init__(self) -> None:
        self.messages: list[AIMessage] = []
        self.refused = False
        self.most: int | None = None

    async def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """Take the answers, and write on each who gave it, which LangChain does for an only one."""
        self.refused, self.most = False, None  # without something else it was taken
        messages = [getattr(choice, "message", None) for choice in response.generations[0]]
        self.messages = [message for message in messages if isinstance(message, AIMessage)]
        if served := (response.llm_output or {}).get("model_name"):
            for message in self.messages:
                message.response_metadata.setdefault("model_name", served)

    async def on_llm_error(self, error: BaseException, **kwargs: Any) -> None:
        """Note a server that does not take such a request, or a client: that of OpenAI's other API knows no `n`.

        Servers that know no `n` answer with any status, and some with an answer that cannot be read.
        """
        self.refused = http_status_of(error) != 401 and (http_status_of(error) is not None or _is_unread(error))
        self.most = most_choices(error) if self.refused else None


def _is_unread(error: BaseException) -> bool:
    """Tell what came in an answer's place, or of a client, from a failure to ask."""
    return bool(fields_of(error)) or isinstance(error, TypeError | AttributeError)
