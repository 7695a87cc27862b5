"""Fit a prompt into a model's window: references are cut, or left for another window; the conversation never is."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from langchain_core.messages import BaseMessage

from ...core.bounds.budget import prompt_at_most
from ...core.evidence.passages import cuts_in, with_text
from ...core.panel.seats import Seat
from ...core.panel.windows import room_of
from ...core.run.cited import Evidence
from ...core.run.records import Call
from ...core.text import tokens_at_most
from ...prompts import pack, unforged
from .prompt import BYTES_A_TOKEN, Prompt, room_at

Compose = Callable[[Sequence[str], Sequence[Evidence]], list[BaseMessage]]
"""Put a prompt together of references and passages."""

_UNCOUNTED = 1.25
"""How much longer a prompt is taken to be whose server does not say how long it is."""
_SLACK = 0.95
"""What of a window is used then: what is left of a text may be denser than the whole."""
_TAGS = 64
"""Tokens of a reference's tags, at most."""


def fit(
    seat: Seat,
    compose: Compose,
    texts: Sequence[str],
    evidence: Sequence[Evidence],
    *,
    most: int | None,
    may_fold: bool,
    about: str = "",
) -> Prompt:
    """Write a prompt as it fits the window, and say what was cut for that.

    Args:
        seat: Whom it asks.
        compose: How it is put together.
        texts: The references.
        evidence: The passages; they are cut as references are, and where that is not enough, the last are left out.
        most: How many references it holds at most; None is all.
        may_fold: Whether references that do not fit may be read in windows before it.
        about: What the passages were looked for with: of one that is cut, the part that speaks of it is shown.
    """
    most = most or len(texts)
    left_out, references = max(len(texts) - most, 0), [unforged(text) for text in texts[:most]]
    unread = sum(_TAGS + tokens_at_most(text) for text in texts[most:])
    folds = max(len(texts) - 2, 0) if may_fold else 0
    messages, before = compose(references, evidence), cuts_in(evidence)
    folded = folds if left_out else 0
    whole = Prompt(messages, left_out, before, folds=folded, unread=unread, references=references)
    window = room_of(seat)
    if window is None or (seat.window is None and not (references or evidence)):
        # What its server alone told is no reason not to ask where nothing could be shortened: it counts better.
        return whole
    for rate in BYTES_A_TOKEN:
        room = room_at(seat, window, rate)
        if prompt_at_most(whole.messages, rate=rate) <= room:
            return whole
        for passages in _fewer(evidence):
            bare = compose([""] * len(references), [with_text(passage, "") for passage in passages])
            rest = (room - prompt_at_most(bare, rate=rate)) * rate
            if cut := _cut(compose, references, passages, room=rest, about=about):
                missing = left_out + len(evidence) - len(passages)
                return cut._replace(references_cut=cut.references_cut + missing, folds=folds)
    size = prompt_at_most(bare, rate=rate)
    more = f" and {len(references)} references" if references else ""
    problem = f"found about {size:,} tokens of conversation and instructions{more}"
    return Prompt([], folds=folds, problem=f"{problem}, expected at most {window:,}, the window of {seat.label}")


def _cut(
    compose: Compose, references: Sequence[str], passages: Sequence[Evidence], *, room: int, about: str
) -> Prompt | None:
    """Write a prompt whose passages and references take so many bytes; None where they cannot."""
    texts = [*(unforged(passage["text"]) for passage in passages), *references]
    packed = pack(texts, room - len(texts), about=about, passages=len(passages)) if texts else None
    if not packed:
        return None
    shown = [with_text(passage, text) for passage, text in zip(passages, packed, strict=False)]
    shortened = sum(text != before for text, before in zip(packed, texts, strict=True))
    whole = [p for p, text, before in zip(passages, packed, texts, strict=False) if text == before]
    rest = packed[len(passages) :]
    return Prompt(compose(rest, shown), shortened, cuts_in(whole), references=rest)


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


def _fewer(evidence: Sequence[Evidence]) -> Iterator[Sequence[Evidence]]:
    """Leave out the last passages, half of them at a time; one is left."""
    yield evidence
    while len(evidence) > 1:
        evidence = evidence[: len(evidence) // 2]
        yield evidence
