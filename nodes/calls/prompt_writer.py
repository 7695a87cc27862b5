"""What one model is told: the conversation, evidence if there is any, and as much of the references as it can read."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, cast

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage

from ...core.bounds.budget import call_at_most, prompt_at_most, total
from ...core.evidence.passages import Evidence, with_text
from ...core.models.capabilities import knows_tools
from ...core.models.servers import room_of
from ...core.panel.declared import Seat
from ...core.run.state import Call, Cost, Line, MoAState, Proposal, evidence_for, references_for, usable_of
from ...core.text import OURS, one_line, question_in, tokens_at_most
from ...prompts import (
    Kind,
    Placement,
    Prompt,
    bundled,
    compose,
    echo_in,
    fence,
    in_words,
    nothing,
    pack,
    put_after,
    unforged,
)
from .request import Request, equipped, function_of

_BYTES_A_TOKEN = (3, 4)
"""How tokens are counted to fit a window. References are shortened as if a token were three bytes, which is less than
most prose takes; only where not even the conversation fits so, as if it were four. What does not fit then is refused:
the server would refuse it too. Budgets, which are bounds, count two."""

Overflow = Literal["fold", "cut"]
"""What becomes of references that do not fit a window: `fold` reads them in several, each with the answer to the one
before; `cut` shortens them."""

_UNCOUNTED = 1.25
"""How much longer a prompt is taken to be whose server does not say how long it is."""
_SLACK = 0.95
"""What of a window is used then: what is left of a text may be denser than the whole."""
_TAGS = 64
"""Tokens of a reference's tags, at most."""
_SOURCE = 80
"""Characters of a passage's source that a model is shown."""


class _Recalled(list[AnyMessage]):
    """Be a conversation that ends with what one who debates said last."""


class Letter(NamedTuple):
    """Hold one prompt, or why there can be none."""

    messages: list[BaseMessage]
    references_cut: int = 0
    problem: str | None = None
    folds: int = 0
    """Calls that it may take at most to read, before this one, references that do not fit."""
    unread: int = 0
    """Tokens of references that it leaves out, at most."""
    given: Sequence[str] | None = None
    """The texts in it that are not ours, evidence included; None where nothing of ours can be repeated."""

    def echo_in(self, answer: AIMessage) -> str | None:
        """Return what an answer, or a call in it, repeats of the words that are ours; None where nothing."""
        if self.given is None:
            return None
        calls = json.dumps([call["args"] for call in answer.tool_calls], ensure_ascii=False, default=str)
        return echo_in(f"{answer.text}\n{calls}", [message.text for message in self.messages], self.given)

    def at_most(self, seat: Seat) -> Cost:
        """Bound what sending it costs; a prompt that does not fit is not sent, and costs nothing."""
        if self.folds:  # a window may be as full as the model's, or hold all there is
            room = room_of(seat) or prompt_at_most(self.messages) + self.unread + 2 * (seat.max_tokens or 0)
            return total([call_at_most(seat, [], more=room)] * (self.folds + 1))
        return Cost(calls=0, tokens=0, usd=0.0) if self.problem else call_at_most(seat, self.messages)

    def mended(self, answer: AIMessage, problem: str, seat: Seat) -> "Letter":
        """Ask for the same answer once more, in the form that was asked for."""
        calls = [json.dumps(call["args"], ensure_ascii=False, default=str) for call in answer.tool_calls]
        calls += [str(call["args"]) for call in answer.invalid_tool_calls]
        said = fence(["\n".join([*calls, answer.text]).strip()], "answer")
        told = bundled("repair").render(answer=said, problem=fence([problem], "problem"))
        messages = put_after(self.messages, told)
        rate, window = _BYTES_A_TOKEN[-1], room_of(seat)
        if window is not None and prompt_at_most(messages, rate=rate) > _room(seat, window, rate):
            return Letter([], problem=f"found no room for a repair in {window:,} tokens, the window of {seat.label}")
        return Letter(messages, self.references_cut, given=self.given)

    def is_shorter_than(self, other: "Letter") -> bool:
        """Tell a prompt that may be sent where the other was too long."""
        return not self.problem and prompt_at_most(self.messages) < prompt_at_most(other.messages)

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
    note: str = ""
    """What the system prompt ends with."""
    kind: Kind = "reference"
    asks_last: bool = False
    """Whether our own words end the prompt: for one who is to choose among proposals, and not to answer."""
    overflow: Overflow = "fold"
    """What becomes of references that do not fit."""
    window: int | None = None
    """How many references fit at most; None is any number."""
    evidence: Prompt | None = None
    evidence_tokens: int = 0
    """Tokens that passages take at most, for when they are not found yet."""
    request: Request | None = None
    """What the caller of this run asks of the answer's author; proposers are told of its tools."""

    def write(self, seat: Seat, state: MoAState, layer: int, texts: Sequence[str] | None = None) -> Letter:
        """Write the prompt of one call; the conversation is never cut, references are, to fit the model's window.

        Passages are cut as references are; where that is not enough, the last of them are left out.

        Args:
            seat: Whom it asks.
            state: The state.
            layer: Its layer.
            texts: The references; None is those of the layer before that it reads.
        """
        if texts is None:
            texts = self.texts_for(seat, state, layer)
        if not texts and layer > 1 and seat.reads:
            return Letter([], problem="nobody answered whose proposals it reads")
        found = evidence_for(state, seat.sees)
        letter = self._fitted(seat, self._so_far(seat, state, layer), texts, found)
        if seat.debates and layer > 2 and (letter.references_cut or letter.problem):
            # The rounds before the last go first: what they said is in the last one's answers.
            letter = self._fitted(seat, self._last_said(seat, state, layer), texts, found)
            letter = letter._replace(references_cut=letter.references_cut + layer - 2)
        theirs = {id(message) for message in state["messages"]}
        is_plain = self.asks_last or all(id(message) in theirs for message in letter.messages)
        return letter if is_plain else letter._replace(given=self._given(seat, state["messages"], found))

    def _given(self, seat: Seat, conversation: Sequence[AnyMessage], found: Sequence[Evidence]) -> list[str]:
        """Return the texts in a prompt that are not ours: what a mixture around this one wrote is not the user's."""
        note = bundled("mark").text
        said = [question_in(m) if m.type == "human" else m.text.replace(note, "") for m in conversation]
        asked = (
            json.dumps([*self.request.tools, self.request.form and self.request.form.schema]) if self.request else ""
        )
        return [seat.system_prompt or "", asked, *filter(None, said), *(passage["text"] for passage in found)]

    def _fitted(
        self, seat: Seat, conversation: Sequence[AnyMessage], texts: Sequence[str], found: Sequence[Evidence]
    ) -> Letter:
        """Write a prompt as it fits the window, and say what was cut for that."""
        most = self.window or len(texts)
        left_out, references = max(len(texts) - most, 0), [unforged(text) for text in texts[:most]]
        unread = sum(_TAGS + tokens_at_most(text) for text in texts[most:])
        folds = max(len(texts) - 2, 0) if self.overflow == "fold" else 0
        whole = self._compose(seat, conversation, references, found)
        window = room_of(seat)
        if window is None or (seat.window is None and not (references or found)):
            # What its server alone told is no reason not to ask where nothing could be shortened: it counts better.
            return Letter(whole, left_out, folds=folds if left_out else 0, unread=unread)
        for rate in _BYTES_A_TOKEN:
            if prompt_at_most(whole, rate=rate) <= _room(seat, window, rate):
                return Letter(whole, left_out, folds=folds if left_out else 0, unread=unread)
            for kept in _fewer(found):
                texts = [*(unforged(passage["text"]) for passage in kept), *references]
                blank = [with_text(passage, "") for passage in kept]
                bare = self._compose(seat, conversation, [""] * len(references), blank)
                room = (_room(seat, window, rate) - prompt_at_most(bare, rate=rate)) * rate - len(texts)
                if packed := pack(texts, room) if texts else None:
                    cut = sum(text != before for text, before in zip(packed, texts, strict=True))
                    shown = [with_text(passage, text) for passage, text in zip(kept, packed, strict=False)]
                    messages = self._compose(seat, conversation, packed[len(kept) :], shown)
                    return Letter(messages, references_cut=cut + left_out + len(found) - len(kept), folds=folds)
        size = prompt_at_most(bare, rate=rate)
        more = f" and {len(references)} references" if references else ""
        told = f"found about {size:,} tokens of conversation and instructions{more}"
        return Letter([], folds=folds, problem=f"{told}, expected at most {window:,}, the window of {seat.label}")

    def texts_for(self, seat: Seat, state: MoAState, layer: int) -> list[str]:
        """Return the references that one of a layer reads."""
        return [p["text"] for p in _read_by(seat, references_for(state, layer))]

    def forecast(
        self,
        seat: Seat,
        conversation: Sequence[AnyMessage],
        authors: Sequence[Seat],
        found: Sequence[Evidence] | None = None,
        *,
        layer: int = 2,
    ) -> Cost:
        """Bound a call whose references are not written yet, by what their authors may write.

        A reference is counted at twice the tokens of its author's limit: no two tokenizers agree.

        Args:
            seat: Whom it asks.
            conversation: What it answers.
            authors: Who writes the references.
            found: The evidence; None where nobody has looked for it yet.
            layer: Its layer, for one who debates: what was said in all layers before comes along.
        """
        authors = [author for author in authors if seat.reads_from(author.position, author.title)]
        limits = [author.max_tokens for author in authors]
        more = None if None in limits else sum(2 * (limit or 0) for limit in limits)
        if found is None and more is not None:
            more += self.evidence_tokens
        written = self._compose(seat, conversation, [""] * len(authors), found or [])
        if seat.debates and more is not None and layer > 1:
            own = None if seat.max_tokens is None else 2 * seat.max_tokens
            again = (layer - 2) * (more + prompt_at_most(written))
            more = None if own is None else more + again + (layer - 1) * own
        window = room_of(seat)
        fits = window is None or more is None or prompt_at_most(written) + more <= window
        fits = fits and (self.window is None or len(authors) <= self.window)
        folds = 0 if fits or self.overflow != "fold" else max(len(authors) - 2, 0)
        if folds and more is not None:
            return Letter(written, folds=folds, unread=more).at_most(seat)
        cost = call_at_most(seat, written, more=more)
        return total([cost] * (folds + 1))

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

    def _so_far(self, seat: Seat, state: MoAState, layer: int) -> Sequence[AnyMessage]:
        """Return the conversation, for one who debates with what it was asked and said in the layers before."""
        if layer == 1 or not seat.debates:
            return state["messages"]
        before = self._so_far(seat, state, layer - 1)
        said = _own(seat, state, layer - 1)
        if not said:
            return before
        texts = [unforged(text) for text in self.texts_for(seat, state, layer - 1)] if layer > 2 else []
        asked = self._compose(seat, before, texts, evidence_for(state, seat.sees), in_system_prompt=False)
        return _Recalled([*cast("list[AnyMessage]", asked), *said])

    def _last_said(self, seat: Seat, state: MoAState, layer: int) -> Sequence[AnyMessage]:
        """Return the conversation for one who debates in a small window: with its last answer, and no round before."""
        return _Recalled([*state["messages"], *_own(seat, state, layer - 1)])

    def for_run(self, request: Request | None) -> "Brief":
        """Return the brief of one run, which knows what its caller asks for."""
        return replace(self, request=request) if request else self

    def _compose(
        self,
        seat: Seat,
        conversation: Sequence[AnyMessage],
        texts: Sequence[str],
        found: Sequence[Evidence],
        *,
        in_system_prompt: bool = True,
    ) -> list[BaseMessage]:
        is_alone = seat.debates and not texts and isinstance(conversation, _Recalled)
        alone = bundled("alone").text if is_alone else ""
        return compose(
            conversation if knows_tools(seat.model) else in_words(conversation),
            texts,
            prompt=self.prompt,
            system_prompt=seat.system_prompt if in_system_prompt else None,
            note=self.note if in_system_prompt else "",
            placement=self.placement,
            kind=self.kind,
            opening=self._opening(seat, found),
            closing="\n\n".join(filter(None, [alone, self._asked_for(seat)])),
            asks_last=self.asks_last,
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


def _own(seat: Seat, state: MoAState, layer: int) -> list[AnyMessage]:
    """Return what one who debates said in a layer, as its own turn; nothing where it gave no answer."""
    return [
        AIMessage(p["text"], additional_kwargs=OURS) for p in usable_of(state, layer) if p["proposer"] == seat.title
    ]


def _read_by(seat: Seat, proposals: Sequence[Proposal]) -> list[Proposal]:
    return [p for p in proposals if seat.reads_from(p["position"], p["proposer"])]


def _room(seat: Seat, window: int, rate: int) -> int:
    """Return the tokens of a window that its tools leave."""
    return window - 2 * seat.tool_tokens // rate


def shortened_for(seat: Seat, call: Call, letter: Letter) -> Seat | None:
    """Return a seat whose prompt its server takes, after one that was too long for it; None where that cannot be told.

    The server counts tokens and we count bytes: where a token of this prompt took fewer bytes than is reckoned with,
    the window shrinks by as much.

    Args:
        seat: Who was asked.
        call: What came of it.
        letter: What it was asked.
    """
    obstacle, window = call["obstacle"], room_of(seat)
    if not obstacle or obstacle["why"] != "too_long" or window is None:
        return None
    reckoned = prompt_at_most(letter.messages, rate=_BYTES_A_TOKEN[0])
    counted = obstacle["tokens"] or int(max(window, reckoned) * _UNCOUNTED)
    return replace(seat, window=min(window, int(window * reckoned / counted * _SLACK)))


def _fewer(found: Sequence[Evidence]) -> Iterator[Sequence[Evidence]]:
    """Leave out the last passages, half of them at a time; one is left."""
    yield found
    while len(found) > 1:
        found = found[: len(found) // 2]
        yield found
