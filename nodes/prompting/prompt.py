"""One prompt, or why there can be none."""

import json
from collections.abc import Sequence
from typing import NamedTuple

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage

from ...core.bounds.budget import call_at_most, prompt_at_most
from ...core.panel.seats import Seat
from ...core.panel.windows import room_of
from ...core.run.conversation import Line
from ...core.run.costs import NOTHING, total
from ...core.run.left_out import LeftOut
from ...core.run.records import Cost, Why
from ...core.text import text_in
from ...prompts import bundled, echo_in, fence, put_after

BYTES_A_TOKEN = (3, 4)
"""How tokens are counted to fit a window. References are shortened as if a token were three bytes, which is less than
most prose takes; only where not even the conversation fits so, as if it were four. What does not fit then is refused:
the server would refuse it too. Budgets, which are bounds, count two."""


class Prompt(NamedTuple):
    """Hold one prompt, or why there can be none."""

    messages: list[BaseMessage]
    references_cut: int = 0
    """How many references and passages were cut, or left out, to fit the model's window."""
    cut_before: int = 0
    """How many passages were so before, to fit `evidence_tokens`, beside those."""
    problem: str | None = None
    folds: int = 0
    """Calls that it may take at most to read, before this one, references that do not fit."""
    unread: int = 0
    """Tokens of references that it leaves out, at most."""
    obstacle: Why | None = None
    """What kind of problem it is, where that is known."""
    unseen: frozenset[LeftOut] = frozenset()
    """What it goes without, for its reader knows text only."""
    references: Sequence[str] = ()
    """The references as it shows them."""
    analysis: str = ""
    """What it shows of comparing them."""
    leaves_out_analysis: bool = False
    """Whether what came of comparing the references was left out, for they would not have fitted with it."""
    given: Sequence[str] | None = None
    """The texts in it that are not ours, evidence included; None where nothing of ours can be repeated."""

    def echo_in(self, answer: AIMessage) -> str | None:
        """Return what an answer, or a call in it, repeats of the words that are ours; None where nothing."""
        if self.given is None:
            return None
        text = text_in(answer)
        if answer.tool_calls:
            text += "\n" + json.dumps([call["args"] for call in answer.tool_calls], ensure_ascii=False, default=str)
        return echo_in(text, map(text_in, self.messages), self.given)

    def at_most(self, seat: Seat) -> Cost:
        """Bound what sending it costs; a prompt that does not fit is not sent, and costs nothing."""
        if self.folds:  # a window may be as full as the model's, or hold all there is
            room = room_of(seat) or prompt_at_most(self.messages) + self.unread + 2 * (seat.max_tokens or 0)
            return total([call_at_most(seat, [], more=room)] * (self.folds + 1))
        return NOTHING if self.problem else call_at_most(seat, self.messages)

    def mended(self, answer: AIMessage, problem: str, seat: Seat) -> "Prompt":
        """Ask for the same answer once more, in the form that was asked for."""
        calls = [json.dumps(call["args"], ensure_ascii=False, default=str) for call in answer.tool_calls]
        calls += [str(call["args"]) for call in answer.invalid_tool_calls]
        fenced = fence(["\n".join([*calls, answer.text]).strip()], "answer")
        request = bundled("repair").render(answer=fenced, problem=fence([problem], "problem"))
        messages = put_after(self.messages, request)
        rate, window = BYTES_A_TOKEN[-1], room_of(seat)
        if window is not None and prompt_at_most(messages, rate=rate) > room_at(seat, window, rate):
            return Prompt([], problem=f"found no room for a repair in {window:,} tokens, the window of {seat.label}")
        return Prompt(messages, self.references_cut, self.cut_before, unseen=self.unseen, given=self.given)

    def is_shorter_than(self, other: "Prompt") -> bool:
        """Tell a prompt that may be sent where the other was too long."""
        return not self.problem and prompt_at_most(self.messages) < prompt_at_most(other.messages)

    def lines(self, conversation: Sequence[AnyMessage]) -> list[Line]:
        """Write it down for the report; the conversation's own messages are told by their id."""
        theirs = {id(message) for message in conversation}
        return [
            Line(role=m.type, id=m.id, text=None) if id(m) in theirs else Line(role=m.type, id=None, text=m.text)
            for m in self.messages
        ]


def room_at(seat: Seat, window: int, rate: int) -> int:
    """Return the tokens of a window that its tools leave."""
    return window - 2 * seat.tool_tokens // rate
