"""What one model is told: the conversation, and as much of the references as its window holds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from langchain_core.messages import AnyMessage, BaseMessage

from ..core.budget import call_at_most, prompt_at_most
from ..core.panel import Seat
from ..core.state import Cost, Line, MoAState, references_for
from ..prompts import Placement, Prompt, compose, pack, unforged

_BYTES_A_TOKEN = (3, 4)
"""How tokens are counted to fit a window. References are shortened as if a token were three bytes, which is less than
most prose takes; only where not even the conversation fits so, as if it were four. What does not fit then is refused:
the server would refuse it too. Budgets, which are bounds, count two."""


class Letter(NamedTuple):
    """Hold one prompt, or why there can be none."""

    messages: list[BaseMessage]
    references_cut: int = 0
    problem: str | None = None

    def at_most(self, seat: Seat) -> Cost:
        """Bound what sending it costs; a prompt that does not fit is not sent, and costs nothing."""
        return Cost(calls=0, tokens=0, usd=0.0) if self.problem else call_at_most(seat, self.messages)

    def lines(self, conversation: Sequence[AnyMessage]) -> list[Line]:
        """Write it down for the report; the conversation's own messages are told by their id."""
        known = {id(message) for message in conversation}
        return [
            Line(role=m.type, id=m.id, text=None) if id(m) in known else Line(role=m.type, id=None, text=m.text)
            for m in self.messages
        ]


@dataclass(frozen=True)
class Brief:
    """Say how the models of a role are told of references."""

    prompt: Prompt
    placement: Placement
    closing: str = ""

    def write(self, seat: Seat, state: MoAState, layer: int) -> Letter:
        """Write the prompt of one call; the conversation is never cut, references are, to fit the model's window."""
        texts = [unforged(p["text"]) for p in references_for(state, layer)]
        whole = self._compose(seat, state["messages"], texts)
        if seat.window is None:
            return Letter(whole)
        for rate in _BYTES_A_TOKEN:
            if prompt_at_most(whole, rate=rate) <= seat.window:
                return Letter(whole)
            bare = self._compose(seat, state["messages"], [""] * len(texts)) if texts else whole
            room = (seat.window - prompt_at_most(bare, rate=rate)) * rate - len(texts)
            if packed := pack(texts, room) if texts else None:
                cut = sum(text != before for text, before in zip(packed, texts, strict=True))
                return Letter(self._compose(seat, state["messages"], packed), references_cut=cut)
        size = prompt_at_most(bare, rate=rate)
        more = f" and {len(texts)} references" if texts else ""
        found = f"found about {size:,} tokens of conversation and instructions{more}"
        return Letter([], problem=f"{found}, expected at most {seat.window:,}, the window of {seat.label}")

    def forecast(self, seat: Seat, conversation: Sequence[AnyMessage], authors: Sequence[Seat]) -> Cost:
        """Bound a call whose references are not written yet, by what their authors may write.

        A reference is counted at twice the tokens of its author's limit: no two tokenizers agree.
        """
        limits = [author.max_tokens for author in authors]
        more = None if None in limits else sum(2 * (limit or 0) for limit in limits)
        return call_at_most(seat, self._compose(seat, conversation, [""] * len(authors)), more=more)

    def bound_step(
        self,
        seats: Sequence[Seat],
        state: MoAState,
        layer: int,
        *,
        chain: Sequence[Seat],
        authors: Sequence[Seat],
    ) -> Iterator[Cost]:
        """Bound asking these proposers, and the aggregator after them.

        Args:
            seats: Whom to ask.
            state: The state as they will see it.
            layer: Theirs.
            chain: The aggregators.
            authors: Whose answers the aggregator will read.
        """
        for seat in seats:
            yield self.write(seat, state, layer).at_most(seat)
        for last in chain[:1]:
            yield self.forecast(last, state["messages"], authors)

    def _compose(self, seat: Seat, conversation: Sequence[AnyMessage], texts: Sequence[str]) -> list[BaseMessage]:
        return compose(
            conversation,
            texts,
            prompt=self.prompt,
            system=seat.system,
            placement=self.placement,
            closing=self.closing,
        )
