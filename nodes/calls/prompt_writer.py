"""What one model is told: the conversation, evidence if there is any, and as much of the references as it can read."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage

from ...core.bounds.budget import call_at_most, prompt_at_most
from ...core.checks import check_number
from ...core.errors import ConfigError
from ...core.evidence.passages import with_text
from ...core.models.capabilities import knows_tools
from ...core.panel.declared import Proposer
from ...core.panel.seats import Seat
from ...core.panel.windows import room_of
from ...core.run.costs import total
from ...core.run.records import Call, Cost, Evidence, Proposal
from ...core.run.turn import Turn
from ...core.text import OURS, one_line, question_in, tokens_at_most
from ...prompts import (
    Kind,
    Placement,
    Template,
    bundled,
    compose,
    fence,
    nothing,
    pack,
    tools_in_words,
    unforged,
)
from .prompt import BYTES_A_TOKEN, Prompt, room_at
from .request import Request, equipped, function_of

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


@dataclass(frozen=True)
class PromptWriter:
    """Say how the models of a role are told of references, and of evidence where a mixture answers from any."""

    template: Template
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
    evidence: Template | None = None
    evidence_tokens: int = 0
    """Tokens that passages take at most, for when they are not found yet."""
    request: Request | None = None
    """What the caller of this run asks of the answer's author; proposers are told of its tools."""

    def write(self, seat: Seat, turn: Turn, layer: int, texts: Sequence[str] | None = None) -> Prompt:
        """Write the prompt of one call; the conversation is never cut, references are, to fit the model's window.

        Passages are cut as references are; where that is not enough, the last of them are left out.

        Args:
            seat: Whom it asks.
            turn: The turn.
            layer: Its layer.
            texts: The references; None is those of the layer before that it reads.
        """
        if texts is None:
            texts = self.texts_for(seat, turn, layer)
        if not texts and layer > 1 and seat.reads:
            return Prompt([], problem="nobody answered whose proposals it reads")
        found = turn.evidence(seat.sees)
        prompt = self._fitted(seat, self._so_far(seat, turn, layer), texts, found)
        if seat.debates and layer > 2 and (prompt.references_cut or prompt.problem):
            # The rounds before the last go first: what they said is in the last one's answers.
            prompt = self._fitted(seat, self._last_said(seat, turn, layer), texts, found)
            prompt = prompt._replace(references_cut=prompt.references_cut + layer - 2)
        theirs = {id(message) for message in turn.messages}
        is_plain = self.asks_last or all(id(message) in theirs for message in prompt.messages)
        return prompt if is_plain else prompt._replace(given=self._given(seat, turn.messages, found))

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
    ) -> Prompt:
        """Write a prompt as it fits the window, and say what was cut for that."""
        most = self.window or len(texts)
        left_out, references = max(len(texts) - most, 0), [unforged(text) for text in texts[:most]]
        unread = sum(_TAGS + tokens_at_most(text) for text in texts[most:])
        folds = max(len(texts) - 2, 0) if self.overflow == "fold" else 0
        whole = self._compose(seat, conversation, references, found)
        window = room_of(seat)
        if window is None or (seat.window is None and not (references or found)):
            # What its server alone told is no reason not to ask where nothing could be shortened: it counts better.
            return Prompt(whole, left_out, folds=folds if left_out else 0, unread=unread)
        for rate in BYTES_A_TOKEN:
            if prompt_at_most(whole, rate=rate) <= room_at(seat, window, rate):
                return Prompt(whole, left_out, folds=folds if left_out else 0, unread=unread)
            for kept in _fewer(found):
                texts = [*(unforged(passage["text"]) for passage in kept), *references]
                blank = [with_text(passage, "") for passage in kept]
                bare = self._compose(seat, conversation, [""] * len(references), blank)
                room = (room_at(seat, window, rate) - prompt_at_most(bare, rate=rate)) * rate - len(texts)
                if packed := pack(texts, room) if texts else None:
                    cut = sum(text != before for text, before in zip(packed, texts, strict=True))
                    shown = [with_text(passage, text) for passage, text in zip(kept, packed, strict=False)]
                    messages = self._compose(seat, conversation, packed[len(kept) :], shown)
                    return Prompt(messages, references_cut=cut + left_out + len(found) - len(kept), folds=folds)
        size = prompt_at_most(bare, rate=rate)
        more = f" and {len(references)} references" if references else ""
        told = f"found about {size:,} tokens of conversation and instructions{more}"
        return Prompt([], folds=folds, problem=f"{told}, expected at most {window:,}, the window of {seat.label}")

    def texts_for(self, seat: Seat, turn: Turn, layer: int) -> list[str]:
        """Return the references that one of a layer reads."""
        return [p["text"] for p in _read_by(seat, turn.references(layer))]

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
            return Prompt(written, folds=folds, unread=more).at_most(seat)
        cost = call_at_most(seat, written, more=more)
        return total([cost] * (folds + 1))

    def bound_step(
        self,
        seats: Sequence[Seat],
        turn: Turn,
        layer: int,
        *,
        chain: Sequence[Seat],
        authors: Sequence[Seat],
    ) -> Iterator[Cost]:
        """Bound asking these proposers, and the aggregator after them.

        Args:
            seats: Whom to ask.
            turn: The turn as they will see it.
            layer: Theirs.
            chain: The aggregators.
            authors: Whose answers the aggregator will read.
        """
        for seat in seats:
            yield self.write(seat, turn, layer).at_most(seat)
        for last in chain[:1]:
            found = turn.evidence(last.sees)
            yield self.forecast(equipped(last, self.request), turn.messages, authors, found)

    def _so_far(self, seat: Seat, turn: Turn, layer: int) -> Sequence[AnyMessage]:
        """Return the conversation, for one who debates with what it was asked and said in the layers before."""
        if layer == 1 or not seat.debates:
            return turn.messages
        before = self._so_far(seat, turn, layer - 1)
        said = _own(seat, turn, layer - 1)
        if not said:
            return before
        texts = [unforged(text) for text in self.texts_for(seat, turn, layer - 1)] if layer > 2 else []
        asked = self._compose(seat, before, texts, turn.evidence(seat.sees), in_system_prompt=False)
        return _Recalled([*cast("list[AnyMessage]", asked), *said])

    def _last_said(self, seat: Seat, turn: Turn, layer: int) -> Sequence[AnyMessage]:
        """Return the conversation for one who debates in a small window: with its last answer, and no round before."""
        return _Recalled([*turn.messages, *_own(seat, turn, layer - 1)])

    def for_run(self, request: Request | None) -> "PromptWriter":
        """Return the writer of one run, which knows what its caller asks for."""
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
            conversation if knows_tools(seat.model) else tools_in_words(conversation),
            texts,
            template=self.template,
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


def _own(seat: Seat, turn: Turn, layer: int) -> list[AnyMessage]:
    """Return what one who debates said in a layer, as its own turn; nothing where it gave no answer."""
    return [AIMessage(p["text"], additional_kwargs=OURS) for p in turn.usable(layer) if p["proposer"] == seat.title]


def _read_by(seat: Seat, proposals: Sequence[Proposal]) -> list[Proposal]:
    return [p for p in proposals if seat.reads_from(p["position"], p["proposer"])]


def shortened_for(seat: Seat, call: Call, prompt: Prompt) -> Seat | None:
    """Return a seat whose prompt its server takes, after one that was too long for it; None where that cannot be told.

    The server counts tokens and we count bytes: where a token of this prompt took fewer bytes than is reckoned with,
    the window shrinks by as much.

    Args:
        seat: Who was asked.
        call: What came of it.
        prompt: What it was asked.
    """
    obstacle, window = call["obstacle"], room_of(seat)
    if not obstacle or obstacle["why"] != "too_long" or window is None:
        return None
    reckoned = prompt_at_most(prompt.messages, rate=BYTES_A_TOKEN[0])
    counted = obstacle["tokens"] or int(max(window, reckoned) * _UNCOUNTED)
    return replace(seat, window=min(window, int(window * reckoned / counted * _SLACK)))


def _fewer(found: Sequence[Evidence]) -> Iterator[Sequence[Evidence]]:
    """Leave out the last passages, half of them at a time; one is left."""
    yield found
    while len(found) > 1:
        found = found[: len(found) // 2]
        yield found


def check_told(placement: object, overflow: object, window: object, proposers: object) -> None:
    """Refuse ways of telling a model of references that do not exist, or do not go together.

    Raises:
        ConfigError: There is one.
    """
    if placement not in ("last", "system_prompt"):
        raise ConfigError(f"found placement={placement!r}, expected 'last' or 'system_prompt'")
    if overflow not in ("fold", "cut"):
        raise ConfigError(f"found overflow={overflow!r}, expected 'fold' or 'cut'")
    if window is not None:
        check_number("window", window, minimum=2, whole=True)
    listed = proposers if isinstance(proposers, list | tuple) else []
    declared = [p for layer in listed for p in (layer if isinstance(layer, list | tuple) else [layer])]
    if placement == "system_prompt" and any(isinstance(p, Proposer) and p.debates for p in declared):
        raise ConfigError(
            "found placement='system_prompt' in a debate, expected 'last': each round is a message of its own"
        )
