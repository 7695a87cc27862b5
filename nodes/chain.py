"""Ask those who give the answer, one after the other, within what the budget leaves."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs

from ..core.bounds.quorum import Race
from ..core.listening import is_heard
from ..core.panel.room import with_room
from ..core.panel.seats import Seat
from ..core.run.costs import after_refusal
from ..core.run.records import USABLE, Aggregation, Call, Cost, Verdict
from ..core.run.turn import Turn
from ..core.text import text_in
from .calls.cache import Fits
from .calls.call import call_model, unstreamed
from .calls.offered import allowed_calls
from .calls.outcome import unmade
from .node import emit
from .prompting.fitting import shortened_for
from .prompting.fold import Folded, fold
from .prompting.prompt import Prompt
from .prompting.prompt_writer import PromptWriter
from .prompting.request import Request, held_to
from .rules import Rules


class Outcome(NamedTuple):
    """Hold every attempt, and the answer where there is one."""

    calls: list[Aggregation]
    answer: AIMessage | None
    truncated: bool = False
    too_much: str | None = None
    """The limit that kept an aggregator from being asked, or from finishing."""
    fell_back: bool = False
    lost: Sequence[str] = ()
    """What was wrong with the aggregators that gave no whole answer."""
    notes: Sequence[str] = ()
    shown: Prompt | None = None
    """What its author was asked."""
    unfit: AIMessage | None = None
    """The last answer that is not the object or the call that was asked for, where none is."""


@dataclass
class Attempts:
    """Ask one aggregator after the other, within what the budget leaves."""

    turn: Turn
    config: RunnableConfig
    layer: int
    rules: Rules
    request: Request | None
    picked_s: float = 0.0
    """Seconds that a function took to score proposals before."""
    calls: list[Aggregation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """How answers came that are not as they were asked for, and will do all the same."""
    too_much: str | None = None
    _shown: list[str] = field(default_factory=list)
    """The messages of the last attempt that have begun to reach the caller."""

    async def ask(
        self, seat: Seat, prompt: Prompt, *, answers: bool = True, after: Sequence[Cost] = (), fits: Fits | None = None
    ) -> tuple[Call, AIMessage | None]:
        """Make one attempt, where it fits.

        Args:
            seat: Whom to ask.
            prompt: The whole prompt.
            answers: Whether what comes back is the answer: what is not, nobody who listens is shown.
            after: What is to be left of the budget after it.
            fits: Tells what may be kept of what comes back; None is what the caller asked for.
        """
        if misfit := self._misfit([prompt.at_most(seat), *after]):
            self.too_much = misfit
            if after:
                return unmade(seat, "skipped", misfit), None
            self.calls.append(Aggregation(**unmade(seat, "skipped", misfit), prompt=[]))
            return self.calls[-1], None
        again = self.request.again if self.request else None
        references = again.texts if again else self.turn.references(self.layer)
        emit("aggregating", layer=self.layer, aggregator=seat.name, references=len(references))
        heard = _Listener()
        config = self.config if answers else unstreamed(self.config)
        if seat.transport != "lean" or is_heard(config):  # others may have listeners of their own
            config = merge_configs(config, {"callbacks": [heard], "metadata": {"moa_aggregator": seat.name}})
        allowed = allowed_calls(seat, self.request) if answers else frozenset()
        race = Race(seconds=self._seconds_left())
        call, message = await call_model(
            seat, prompt, config, race=race, fits=fits or self._fits(answers), allowed=allowed
        )
        answered = message is not None and call["status"] in USABLE | {"empty", "degenerate"}
        if answers and self.request and message and answered:
            made, problem = await asyncio.to_thread(held_to, message, self.request)
            if made is not message:
                self.notes.append(f"aggregator {seat.name}: its call of {made.tool_calls[0]['name']!r} came as text")
                message = made
                if call["status"] == "truncated":
                    call = {**call, "status": "invalid", "error": "found a call that was cut, expected a whole one"}
            if call["status"] != "invalid" and problem:
                call = {**call, "status": "invalid", "error": problem}
        self._shown = list(heard.message_ids)
        self.calls.append(Aggregation(**call, prompt=prompt.lines(self.turn.messages)))
        if call["status"] not in USABLE:
            self.too_much = self._misfit([]) or self.too_much
            if answers and self._shown:
                emit(
                    "abandoned",
                    aggregator=seat.name,
                    message_ids=self._shown,
                    status=call["status"],
                    error=call["error"],
                )
        return call, message

    def _fits(self, answers: bool) -> Fits:
        """Return what tells whether an answer is what its caller asked for."""
        request = self.request if answers else None
        return lambda answer: request is None or held_to(answer, request)[1] is None

    async def ask_to_fit(self, seat: Seat, author: Seat, writer: PromptWriter) -> tuple[Call, AIMessage | None, Folded]:
        """Ask for the answer; once more, with less of the references, where its server tells that this was too long.

        Args:
            seat: Who reads the windows before the last.
            author: The same, with the tools and the form that only the answer is asked for.
            writer: How references are put.
        """
        folded = await self.folded(seat, author, writer)
        if folded.prompt.leaves_out_analysis:
            self.note_left_out(author)
        call, message = await self.ask(author, folded.prompt)
        shorter = shortened_for(author, call, folded.prompt)
        if shorter is None:
            return call, message, folded
        prompt = writer.for_run(self.rules.request).write(shorter, self.turn, self.layer)
        if not prompt.is_shorter_than(folded.prompt):
            return call, message, folded
        refused = self.calls.pop()
        folded = await self.folded(replace(seat, window=shorter.window), shorter, writer)
        call, message = await self.ask(shorter, folded.prompt)
        call = self.calls[-1] = cast("Aggregation", after_refusal(self.calls[-1], refused))
        return call, message, folded

    async def ask_with_room(
        self,
        seat: Seat,
        prompt: Prompt,
        call: Call,
        message: AIMessage | None,
        *,
        answers: bool = True,
        fits: Fits | None = None,
    ) -> tuple[Call, AIMessage | None]:
        """Ask once more, with more room, whose thinking left none for an answer; the better one is what it comes to.

        Args:
            seat: Who was asked.
            prompt: What it was asked.
            call: What came of it, the last of the calls.
            message: What it said.
            answers: Whether what comes back is the answer.
            fits: Tells what may be kept of it.
        """
        roomier = with_room(seat) if self.rules.more_room and call.get("no_room") else None
        if roomier is None:
            return call, message
        if limit := self._misfit([prompt.at_most(roomier)]):
            self.calls[-1] = cast("Aggregation", {**call, "error": f"{call['error']}; not asked again: {limit}"})
            return self.calls[-1], message
        first, ids = self.calls[-1], self._shown
        again, answer = await self.ask(roomier, prompt, answers=answers, fits=fits)
        self.calls[-1] = {**self.calls[-1], "more_room": roomier.max_tokens or 0}
        if again["status"] != "ok" and first["status"] in USABLE:
            self.calls[-2:] = [self.calls[-1], first]  # the last one is whose answer it is
            return first, message
        if answers and ids and first["status"] in USABLE:
            emit("abandoned", aggregator=seat.name, message_ids=ids, status=first["status"], error=first["error"])
        return again, answer

    def affordable(self, writer: PromptWriter, author: Seat, texts: Sequence[str]) -> PromptWriter:
        """Return a writer that leaves out what came of comparing references, where the budget allows no call with it.

        Args:
            writer: How references are put.
            author: Whom it writes for.
            texts: The references.
        """
        if not writer.compared or not self._misfit(
            [writer.write(author, self.turn, self.layer, texts).at_most(author)]
        ):
            return writer
        self.note_left_out(author)
        return replace(writer, compared=False)

    def note_left_out(self, seat: Seat) -> None:
        """Note that what came of comparing references had no room beside them."""
        note = f"aggregator {seat.name}: what came of comparing the proposals did not fit, and was left out"
        self.notes += [note] if note not in self.notes else []

    async def folded(self, seat: Seat, author: Seat, writer: PromptWriter) -> Folded:
        """Write what an aggregator is to answer; references that do not fit its window are aggregated in several.

        Args:
            seat: Who reads the windows before the last.
            author: The same, with the tools and the form that only the answer is asked for.
            writer: How references are put.
        """
        request = writer.for_run(self.rules.request)
        request = self.affordable(request, author, request.texts_for(author, self.turn, self.layer))

        def write(texts: Sequence[str]) -> Prompt:
            return request.write(author, self.turn, self.layer, texts)

        async def ask(texts: Sequence[str]) -> str | None:
            window = writer.write(seat, self.turn, self.layer, texts)._replace(folds=0)
            last = prompt._replace(folds=0).at_most(author)
            call, message = await self.ask(seat, window, answers=False, after=[last])
            return text_in(message) if message and call["status"] in USABLE else None

        texts = request.texts_for(author, self.turn, self.layer)
        prompt = write(texts)
        return await fold(prompt, texts, write, ask)

    def _misfit(self, step: Sequence[Cost]) -> str | None:
        verdicts, others = self._verdicts(), self._others()
        return self.rules.misfit(self.turn.proposals(), step, verdicts=verdicts, others=others, more_s=self.picked_s)

    def _seconds_left(self) -> float | None:
        return self.rules.seconds_left(self.turn.proposals(), self._verdicts(), self._others(), self.picked_s)

    def _verdicts(self) -> list[Verdict]:
        return self.turn.verdicts(before=self.layer)

    def _others(self) -> list[Aggregation]:
        return [*earlier_calls(self.turn), *self.calls]


def earlier_calls(turn: Turn) -> list[Aggregation]:
    """Return what was tried before this run was resumed in front of its aggregators."""
    run = turn.unfinished
    return run["aggregators"] if run else []


def section_lost(chain: Sequence[Seat], calls: Sequence[Call]) -> list[str]:
    """Say of an answer by sections which of them failed, so that all of it is asked for anew; nothing where none did.

    Args:
        chain: The aggregators, the first of whom wrote them.
        calls: One a section, the last of which may have failed.
    """
    if not calls or calls[-1]["status"] in USABLE:
        return []
    return [f"section {len(calls)} failed, and the answer was asked for anew: {what_failed(chain[0], calls[-1])}"]


class _Listener(AsyncCallbackHandler):
    """Remember which messages have begun to reach the caller, token by token."""

    run_inline = True

    def __init__(self) -> None:
        self.message_ids: dict[str, None] = {}

    async def on_llm_new_token(self, token: Any, *, chunk: Any = None, **kwargs: Any) -> None:
        """Note the id of the message that a token belongs to."""
        message = getattr(chunk, "message", None)
        if message is not None and message.text and message.id:
            self.message_ids[message.id] = None


def what_failed(seat: Seat, call: Call) -> str:
    """Say who gave no whole answer, and why."""
    return f"aggregator {seat.name}: {call['status']} ({call['error']})"
