"""Ask one proposer for its samples: in windows, with less where that was too long, with more room where it had none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableConfig
from langgraph.cache.base import BaseCache

from ..core.bounds.quorum import Race
from ..core.panel.room import with_room
from ..core.panel.sampling import Sampling
from ..core.panel.seats import Seat
from ..core.run.costs import added_up, after_refusal, in_place_of, with_more_room
from ..core.run.records import USABLE, Call
from ..core.run.turn import Turn
from ..core.text import text_in
from .calls.call import call_model, unstreamed
from .calls.samples import Answers, call_samples
from .prompting.fitting import shortened_for
from .prompting.fold import fold
from .prompting.prompt import Prompt
from .prompting.prompt_writer import PromptWriter


@dataclass(frozen=True)
class Asking:
    """Ask a proposer for its samples; references that do not fit its window are read in several."""

    seats: Sequence[Seat]
    turn: Turn
    layer: int
    race: Race
    cache: BaseCache[Any] | None
    sampling: Sampling

    async def ask(
        self,
        writer: PromptWriter,
        config: RunnableConfig,
        *,
        prompt: Prompt | None,
        may_fold_again: bool,
        room: Callable[[], str | None] | None,
    ) -> Answers:
        """Say what came of each sample; where a server told that a prompt was too long for it, it is asked once more.

        Args:
            writer: How references are put.
            config: The node's.
            prompt: What to ask, where that is written already.
            may_fold_again: Whether a prompt that was too long may be read in windows: what that takes was not reckoned
                with when a budget let the layer begin.
            room: Says what keeps from asking once more with more room for an answer; None never asks so.
        """
        if not self.seats:
            return {}
        answers, prompt = await self._once(self.seats, writer, config, prompt)
        shorter = writer if may_fold_again else replace(writer, overflow="cut")
        smaller = {s.place: shortened_for(s, answers[s.place][0], prompt) for s in self.seats}
        again = [s for place in smaller if (s := smaller[place])]
        if not again or not shorter.write(again[0], self.turn, self.layer).is_shorter_than(prompt):
            return await self._with_room(answers, prompt, config, room)
        second, shorter_prompt = await self._once(again, shorter, config)
        for place, (call, message) in second.items():
            second[place] = after_refusal(call, answers[place][0]), message
        second = await self._with_room(second, shorter_prompt, config, room)
        return await self._with_room(answers, prompt, config, room) | second

    async def refill(
        self,
        answers: Answers,
        writer: PromptWriter,
        config: RunnableConfig,
        *,
        may_fold_again: bool,
        too_much: Callable[[], str | None],
        room: Callable[[], str | None] | None,
    ) -> Answers:
        """Ask others in the place of those who failed, as long as there are any; who was cut has no place to fill.

        Args:
            answers: What came of each sample.
            writer: How references are put.
            config: The node's.
            may_fold_again: As for asking.
            too_much: Says which limit of the budget keeps from it.
            room: As for asking, of those others.
        """
        for number in range(len(self.seats[0].instead) if self.seats else 0):
            vacant = [s for s in self.seats if _is_vacant(answers[s.place][0])]
            if not vacant:
                break
            if limit := too_much():
                for seat in vacant:
                    call, message = answers[seat.place]
                    answers[seat.place] = (
                        {**call, "error": f"{call['error']}; nobody was asked instead: {limit}"},
                        message,
                    )
                break
            asking = replace(self, seats=[seat.substitutes[number] for seat in vacant])
            others = await asking.ask(writer, config, prompt=None, may_fold_again=may_fold_again, room=room)
            for place, (call, message) in others.items():
                failed, text = answers[place]
                joined = in_place_of(failed, call)
                answers[place] = joined, text if joined["model"] == failed["model"] else message
        return answers

    async def _with_room(
        self, answers: Answers, prompt: Prompt, config: RunnableConfig, room: Callable[[], str | None] | None
    ) -> Answers:
        """Ask those once more whose thinking left no room for an answer, with more, where nothing keeps from it."""
        short = [s for s in self.seats if room and s.place in answers and answers[s.place][0].get("no_room")]
        roomier = [seat for s in short if (seat := with_room(s))]
        if room is None or not roomier:
            return answers
        if limit := room():
            for seat in roomier:
                call, message = answers[seat.place]
                answers[seat.place] = {**call, "error": f"{call['error']}; not asked again: {limit}"}, message
            return answers
        again = await call_samples(roomier, prompt, config, race=self.race, cache=self.cache, sampling=self.sampling)
        for seat in roomier:
            (first, text), (call, message) = answers[seat.place], again[seat.place]
            joined, is_second = with_more_room(first, call, seat.max_tokens or 0)
            again[seat.place] = joined, message if is_second else text
        return answers | again

    async def _once(
        self, seats: Sequence[Seat], writer: PromptWriter, config: RunnableConfig, prompt: Prompt | None = None
    ) -> tuple[Answers, Prompt]:
        """Ask for samples, and return what they were asked, too."""
        seat, read = seats[0], []

        def write(texts: Sequence[str]) -> Prompt:
            return writer.write(seat, self.turn, self.layer, texts)

        async def ask_window(texts: Sequence[str]) -> str | None:
            window, hidden = write(texts)._replace(folds=0), unstreamed(config)
            call, message = await call_model(seat, window, hidden, race=self.race, cache=self.cache, counts=False)
            read.append(call)
            return text_in(message) if message and call["status"] in USABLE else None

        texts = writer.texts_for(seat, self.turn, self.layer)
        folded = await fold(prompt or write(texts), texts, write, ask_window)
        answers = await call_samples(
            seats, folded.prompt, config, race=self.race, cache=self.cache, sampling=self.sampling
        )
        call, message = answers[seat.place]
        for earlier in read:
            cut = call["references_cut"] + earlier["references_cut"]
            call = cast("Call", {**call, **added_up(call, earlier), "references_cut": cut})
        if folded.best and call["status"] not in USABLE:
            why = f"the one before stands for it: {call['status']} ({call['error']})"
            call, message = {**call, "status": "ok", "carried": True, "error": why}, AIMessage(folded.best)
        elif folded.lost and call["status"] == "ok":
            call = {**call, "unread": True, "error": f"not all was read: {folded.lost}"}
        return {**answers, seat.place: ({**call, "windows": folded.windows}, message)}, folded.prompt


def _is_vacant(call: Call) -> bool:
    """Tell a seat whose answer is still missing: a layer that was cut needs it no more."""
    return call["status"] not in USABLE and call["cut"] is None
