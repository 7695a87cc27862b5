"""What one model is told: the conversation, evidence if there is any, and as much of the references as it can read."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, cast

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage

from ...core.media.blocks import standard_media, without_media
from ...core.models.capabilities import knows_tools
from ...core.models.objections import media_parts
from ...core.panel.seats import Seat
from ...core.panel.sight import blind_to, kept_from, why_skipped
from ...core.run.cadence import EarlierPanel
from ...core.run.cited import Evidence
from ...core.run.disagreement import MOST_SHOWN, listed
from ...core.run.records import REWRITING, Proposal
from ...core.run.turn import Turn
from ...core.text import OURS, one_line, question_in, text_in, tokens_at_most
from ...prompts import (
    Kind,
    Placement,
    Template,
    bundled,
    compose,
    fence,
    nothing,
    tools_in_words,
    unforged,
    with_thought,
    wording,
)
from .fitting import fit
from .prompt import Prompt
from .request import Request, function_of

Overflow = Literal["fold", "cut"]
"""What becomes of references that do not fit a window: `fold` reads them in several, each with the answer to the one
before; `cut` shortens them."""

References = Literal["answers", "reasoning"]
"""What of proposals an aggregator is shown: their `answers`, or the `reasoning` before them, too."""

_SOURCE = 80
"""Characters of a passage's source that a model is shown."""
WIDEST = "x" * MOST_SHOWN
"""A comparison of references as long as one can be, for what it may cost."""


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
    compared: bool = False
    """Whether what came of comparing the references is shown beside them, where somebody compared them."""

    def write(
        self, seat: Seat, turn: Turn, layer: int, texts: Sequence[str] | None = None, *, analysis: str | None = None
    ) -> Prompt:
        """Write the prompt of one call; the conversation is never cut, references are, to fit the model's window.

        Passages are cut as references are; where that is not enough, the last of them are left out.

        Args:
            seat: Whom it asks.
            turn: The turn.
            layer: Its layer.
            texts: The references; None is those of the layer before that it reads.
            analysis: What came of comparing them; None is what the turn holds of it.
        """
        if texts is None:
            texts = self.texts_for(seat, turn, layer)
        if not texts and layer > 1 and seat.reads:
            return Prompt([], problem="nobody answered whose proposals it reads")
        if unread := kept_from(seat, turn.messages):
            return Prompt([], problem=why_skipped(seat, unread), obstacle="media")
        if self.compared and (analysis := self._analysis(seat, turn, layer, texts) if analysis is None else analysis):
            with_it = self._written(seat, turn, layer, texts, analysis)
            if not (with_it.problem or with_it.references_cut or with_it.folds):
                return with_it
            without = self._written(seat, turn, layer, texts, "")
            # What is written about references is worth less than a reference.
            is_worse = (with_it.problem is not None, with_it.folds, with_it.references_cut) > (
                without.problem is not None,
                without.folds,
                without.references_cut,
            )
            return without._replace(leaves_out_analysis=True) if is_worse else with_it
        return self._written(seat, turn, layer, texts, "")

    def _written(self, seat: Seat, turn: Turn, layer: int, texts: Sequence[str], analysis: str) -> Prompt:
        evidence = turn.evidence(seat.sees)
        about = _sought(turn) if evidence else ""
        prompt = self._fitted(seat, self._so_far(seat, turn, layer), texts, evidence, about, analysis)
        if seat.debates and layer > 2 and (prompt.references_cut or prompt.problem):
            # The rounds before the last go first: what they said is in the last one's answers.
            prompt = self._fitted(seat, self._last_said(seat, turn, layer), texts, evidence, about)
            prompt = prompt._replace(references_cut=prompt.references_cut + layer - 2)
        prompt = prompt._replace(analysis=analysis)
        theirs = {id(message) for message in turn.messages}
        is_plain = self.asks_last or all(id(message) in theirs for message in prompt.messages)
        if unread := blind_to(seat, turn.messages):
            prompt = prompt._replace(unseen=media_parts(unread))
        return prompt if is_plain else prompt._replace(given=self._given(seat, turn.messages, evidence))

    def _fitted(
        self,
        seat: Seat,
        conversation: Sequence[AnyMessage],
        texts: Sequence[str],
        evidence: Sequence[Evidence],
        about: str,
        analysis: str = "",
    ) -> Prompt:
        def put(references: Sequence[str], passages: Sequence[Evidence]) -> list[BaseMessage]:
            return self.compose(seat, conversation, references, passages, analysis=analysis)

        may_fold = self.overflow == "fold" and self.again is None  # they were read in windows when they were new
        return fit(seat, put, texts, evidence, most=self.window, may_fold=may_fold, about=about)

    def _given(self, seat: Seat, conversation: Sequence[AnyMessage], evidence: Sequence[Evidence]) -> list[str]:
        """Return the texts in a prompt that are not ours: what a mixture around this one wrote is not the user's."""
        note, request = bundled("mark").text, self.request
        theirs = [
            question_in(m) if m.type == "human" else text_in(m).replace(note, "")
            for m in _read_by_model(seat, conversation)
        ]
        wishes = json.dumps([*request.tools, request.form and request.form.schema]) if request else ""
        return [seat.system_prompt or "", wishes, *filter(None, theirs), *(passage["text"] for passage in evidence)]

    @property
    def analysis_tokens(self) -> int:
        """Bound the tokens of what came of comparing references, for when nobody has compared them yet."""
        return tokens_at_most(_told(WIDEST)) if self.compared else 0

    def _analysis(self, seat: Seat, turn: Turn, layer: int, texts: Sequence[str]) -> str:
        """Return what came of comparing the references, each called by the number that its text has in this prompt."""
        if self.again:
            return self.again.analysis
        disagreement = turn.disagreement(layer)
        if disagreement is None:
            return ""
        numbers = {text: str(number) for number, text in reversed([*enumerate(texts[: self.window], 1)])}
        shown = {p["proposer"]: _as_read(seat, p) for p in turn.references(layer)}
        return listed(disagreement, {name: numbers[text] for name, text in shown.items() if text in numbers})

    def texts_for(self, seat: Seat, turn: Turn, layer: int) -> list[str]:
        """Return the references that one of a layer reads."""
        if self.again:
            return [*self.again.texts]
        return [_as_read(seat, p) for p in _read_by(seat, turn.references(layer))]

    def _so_far(self, seat: Seat, turn: Turn, layer: int) -> Sequence[AnyMessage]:
        """Return the conversation, for one who debates with what it was asked and said in the layers before."""
        if layer == 1 or not seat.debates:
            return turn.messages
        before = self._so_far(seat, turn, layer - 1)
        own = _own(seat, turn, layer - 1)
        if not own:
            return before
        texts = [unforged(text) for text in self.texts_for(seat, turn, layer - 1)] if layer > 2 else []
        question = self.compose(seat, before, texts, turn.evidence(seat.sees), in_system_prompt=False)
        return _Recalled([*cast("list[AnyMessage]", question), *own])

    def _last_said(self, seat: Seat, turn: Turn, layer: int) -> Sequence[AnyMessage]:
        """Return the conversation for one who debates in a small window: with its last answer, and no round before."""
        return _Recalled([*turn.messages, *_own(seat, turn, layer - 1)])

    @property
    def again(self) -> EarlierPanel | None:
        """Return what a panel proposed in an earlier call of the turn, where that is shown once more."""
        return self.request.again if self.request else None

    def for_run(self, request: Request | None) -> "PromptWriter":
        """Return the writer of one run, which knows what its caller asks for."""
        return replace(self, request=request) if request else self

    def compose(
        self,
        seat: Seat,
        conversation: Sequence[AnyMessage],
        texts: Sequence[str],
        evidence: Sequence[Evidence],
        *,
        in_system_prompt: bool = True,
        analysis: str = "",
    ) -> list[BaseMessage]:
        """Put a prompt together, whether it fits or not.

        Args:
            seat: Whom it asks.
            conversation: What it answers.
            texts: The references.
            evidence: The passages.
            in_system_prompt: Whether ours is among the system prompts.
            analysis: What came of comparing the references.
        """
        is_alone = seat.debates and not texts and isinstance(conversation, _Recalled)
        alone = bundled("alone").text if is_alone else ""
        read = list if knows_tools(seat.model) else tools_in_words
        at = self.again.at if self.again else len(conversation)
        own = "\n\n".join(filter(None, [seat.system_prompt, wording(seat.wording)]))
        prompt = compose(
            _read_by_model(seat, read(conversation[:at])),
            texts,
            template=self.template,
            system_prompt=own if in_system_prompt else None,
            note=self.note if in_system_prompt else "",
            placement=self.placement,
            kind=self.kind,
            opening=self._opening(seat, evidence),
            closing="\n\n".join(filter(None, [_told(analysis), alone, self._asked_for(seat)])),
            asks_last=self.asks_last,
        )
        # What came after the proposals stands after them: all before it is what the earlier call sent, byte by byte.
        return [*prompt, *_read_by_model(seat, read(conversation[at:]))]

    def _opening(self, seat: Seat, evidence: Sequence[Evidence]) -> str:
        if self.evidence is None or seat.sees == ():
            return ""
        passages = [f"{one_line(p['source'], limit=_SOURCE)}\n\n{p['text']}" for p in evidence]
        fenced = fence(passages, "evidence", labels=[passage["id"] for passage in evidence]) or nothing("evidence")
        return self.evidence.render(evidence=fenced, count=str(len(evidence)))

    def _asked_for(self, seat: Seat) -> str:
        """Tell a proposer which tools there are, and the answer's author to use them, or which form to keep to."""
        request = self.request
        if request is None:
            return ""
        if request.tools and request.tool_choice != "none":
            if seat.role == "aggregator":
                return bundled("call").text
            names, texts = zip(*map(function_of, request.tools), strict=True)
            return bundled("tools").render(tools=fence(texts, "tool", labels=names))
        if seat.role == "aggregator" and request.form and request.form.method == "json_mode":
            return bundled("form").render(schema=json.dumps(request.form.schema, ensure_ascii=False))
        return ""


def _read_by_model(seat: Seat, conversation: Sequence[AnyMessage]) -> Sequence[AnyMessage]:
    """Return a conversation as a seat's model can read it: a note stands where something does that it cannot."""
    unread = blind_to(seat, conversation)
    return standard_media(without_media(conversation, unread) if unread else conversation)


def _told(analysis: str) -> str:
    return bundled("disagreement").render(disagreement=fence([analysis], "analysis")) if analysis else ""


def _sought(turn: Turn) -> str:
    """Return what passages were looked for with: the last question, and what it was rewritten to."""
    return " ".join([turn.question, *(p["text"] for p in turn.usable(REWRITING))])


def _own(seat: Seat, turn: Turn, layer: int) -> list[AnyMessage]:
    """Return what one who debates said in a layer, as its own turn; nothing where it gave no answer."""
    texts = [unforged(p["text"]) for p in turn.usable(layer) if p["proposer"] == seat.title]
    return [AIMessage(text, additional_kwargs=OURS) for text in texts]


def _as_read(seat: Seat, proposal: Proposal) -> str:
    """Return a proposal as one is shown it."""
    return _shown(proposal) if seat.reads_thinking else proposal["text"]


def _shown(proposal: Proposal) -> str:
    """Return a proposal with what its author thought; a text of somebody else's was not thought by it."""
    is_own = not proposal["carried"] and proposal["reviewed"] != "edited"
    return with_thought(proposal["text"], proposal["reasoning"] if is_own else None)


def _read_by(seat: Seat, proposals: Sequence[Proposal]) -> list[Proposal]:
    return [p for p in proposals if seat.reads_from(p["position"], p["proposer"])]
