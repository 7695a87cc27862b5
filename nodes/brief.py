"""What one model is told: the conversation, evidence if there is any, and as much of the references as it can read."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage

from ..core.anatomy import knows_tools
from ..core.budget import call_at_most, prompt_at_most
from ..core.evidence import Evidence, with_text
from ..core.panel import Seat
from ..core.request import Request, equipped, function_of
from ..core.state import Cost, Line, MoAState, evidence_for, references_for
from ..core.text import OURS, one_line
from ..prompts import Placement, Prompt, bundled, compose, fence, in_words, nothing, pack, unforged

_BYTES_A_TOKEN = (3, 4)
"""How tokens are counted to fit a window. References are shortened as if a token were three bytes, which is less than
most prose takes; only where not even the conversation fits so, as if it were four. What does not fit then is refused:
the server would refuse it too. Budgets, which are bounds, count two."""

_SOURCE = 80
"""Characters of a passage's source that a model is shown."""


class Letter(NamedTuple):
    """Hold one prompt, or why there can be none."""

    messages: list[BaseMessage]
    references_cut: int = 0
    problem: str | None = None

    def at_most(self, seat: Seat) -> Cost:
        """Bound what sending it costs; a prompt that does not fit is not sent, and costs nothing."""
        return Cost(calls=0, tokens=0, usd=0.0) if self.problem else call_at_most(seat, self.messages)

    def mended(self, answer: AIMessage, problem: str, seat: Seat) -> "Letter":
        """Ask for the same answer once more, in the form that was asked for."""
        calls = [json.dumps(call["args"], ensure_ascii=False, default=str) for call in answer.tool_calls]
        calls += [str(call["args"]) for call in answer.invalid_tool_calls]
        said = fence(["\n".join([*calls, answer.text]).strip()], "answer")
        told = bundled("repair").render(answer=said, problem=fence([problem], "problem"))
        messages = [*self.messages, HumanMessage(told, additional_kwargs=OURS)]
        rate = _BYTES_A_TOKEN[-1]
        if seat.window is not None and prompt_at_most(messages, rate=rate) > _room(seat, rate):
            return Letter(
                [], problem=f"found no room for a repair in {seat.window:,} tokens, the window of {seat.label}"
            )
        return Letter(messages, self.references_cut)

    def lines(self, conversation: Sequence[AnyMessage]) -> list[Line]:
        """Write it down for the report; the conversation's own messages are told by their id."""
        known = {id(message) for message in conversation}
        return [
            Line(role=m.type, id=m.id, text=None) if id(m) in known else Line(role=m.type, id=None, text=m.text)
            for m in self.messages
        ]


@dataclass(frozen=True)
class Brief:
    """Say how the models of a role are told of references, and of evidence where a mixture answers from any."""

    prompt: Prompt
    placement: Placement
    closing: str = ""
    evidence: Prompt | None = None
    evidence_tokens: int = 0
    """Tokens that passages take at most, for when they are not found yet."""
    request: Request | None = None
    """What the caller of this run asks of the answer's author; proposers are told of its tools."""

    def write(self, seat: Seat, state: MoAState, layer: int) -> Letter:
        """Write the prompt of one call; the conversation is never cut, references are, to fit the model's window.

        Passages are cut as references are; where that is not enough, the last of them are left out.
        """
        found = evidence_for(state, seat.sees)
        references = [unforged(p["text"]) for p in references_for(state, layer)]
        whole = self._compose(seat, state["messages"], references, found)
        if seat.window is None:
            return Letter(whole)
        for rate in _BYTES_A_TOKEN:
            if prompt_at_most(whole, rate=rate) <= _room(seat, rate):
                return Letter(whole)
            for kept in _fewer(found):
                texts = [*(unforged(passage["text"]) for passage in kept), *references]
                blank = [with_text(passage, "") for passage in kept]
                bare = self._compose(seat, state["messages"], [""] * len(references), blank)
                room = (_room(seat, rate) - prompt_at_most(bare, rate=rate)) * rate - len(texts)
                if packed := pack(texts, room) if texts else None:
                    cut = sum(text != before for text, before in zip(packed, texts, strict=True))
                    shown = [with_text(passage, text) for passage, text in zip(kept, packed, strict=False)]
                    messages = self._compose(seat, state["messages"], packed[len(kept) :], shown)
                    return Letter(messages, references_cut=cut + len(found) - len(kept))
        size = prompt_at_most(bare, rate=rate)
        more = f" and {len(references)} references" if references else ""
        told = f"found about {size:,} tokens of conversation and instructions{more}"
        return Letter([], problem=f"{told}, expected at most {seat.window:,}, the window of {seat.label}")

    def forecast(
        self,
        seat: Seat,
        conversation: Sequence[AnyMessage],
        authors: Sequence[Seat],
        found: Sequence[Evidence] | None = None,
    ) -> Cost:
        """Bound a call whose references are not written yet, by what their authors may write.

        A reference is counted at twice the tokens of its author's limit: no two tokenizers agree.

        Args:
            seat: Whom it asks.
            conversation: What it answers.
            authors: Who writes the references.
            found: The evidence; None where nobody has looked for it yet.
        """
        limits = [author.max_tokens for author in authors]
        more = None if None in limits else sum(2 * (limit or 0) for limit in limits)
        if found is None and more is not None:
            more += self.evidence_tokens
        return call_at_most(seat, self._compose(seat, conversation, [""] * len(authors), found or []), more=more)

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
            found = evidence_for(state, last.sees)
            yield self.forecast(equipped(last, self.request), state["messages"], authors, found)

    def for_run(self, request: Request | None) -> "Brief":
        """Return the brief of one run, which knows what its caller asks for."""
        return replace(self, request=request) if request else self

    def _compose(
        self, seat: Seat, conversation: Sequence[AnyMessage], texts: Sequence[str], found: Sequence[Evidence]
    ) -> list[BaseMessage]:
        return compose(
            conversation if knows_tools(seat.model) else in_words(conversation),
            texts,
            prompt=self.prompt,
            system=seat.system,
            placement=self.placement,
            opening=self._opening(seat, found),
            closing="\n\n".join(filter(None, [self._asked_for(seat), self.closing])),
        )

    def _opening(self, seat: Seat, found: Sequence[Evidence]) -> str:
        if self.evidence is None or seat.sees == ():
            return ""
        passages = [f"{one_line(p['source'], limit=_SOURCE)}\n\n{p['text']}" for p in found]
        fenced = fence(passages, "evidence", labels=[passage["id"] for passage in found]) or nothing("evidence")
        return self.evidence.render(evidence=fenced, count=str(len(found)))

    def _asked_for(self, seat: Seat) -> str:
        """Tell a proposer which tools there are, and the answer's author to use them, or which form to keep to."""
        request = self.request
        if request is None:
            return ""
        if request.tools and request.tool_choice != "none":
            if seat.role == "aggregator":
                return bundled("call").text
            told = [function_of(tool) for tool in request.tools]
            return bundled("tools").render(tools=fence([t for _, t in told], "tool", labels=[n for n, _ in told]))
        if seat.role == "aggregator" and request.form and request.form.method == "json_mode":
            return bundled("form").render(schema=json.dumps(request.form.schema, ensure_ascii=False))
        return ""


def _room(seat: Seat, rate: int) -> int:
    """Return the tokens of a window that its tools leave."""
    return (seat.window or 0) - 2 * seat.tool_tokens // rate


def _fewer(found: Sequence[Evidence]) -> Iterator[Sequence[Evidence]]:
    """Leave out the last passages, half of them at a time; one is left."""
    yield found
    while len(found) > 1:
        found = found[: len(found) // 2]
        yield found
