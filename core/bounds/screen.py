"""A screen: takes proposals out of a layer whose claims stand alone, before anybody else is shown them."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..agreement.closed import ClosedAnswers, closed_answers
from ..agreement.comparing import compare_texts
from ..agreement.measures import Measure
from ..run.records import Proposal
from ..run.screening import Alone, Screening
from ..run.served import asked_of, same_models
from .claims import Lone, lone_texts


@dataclass(frozen=True, kw_only=True)
class Screen:
    """Keep from later models what one proposer alone says, where the others agree: one of them may lie.

        create_moa(..., screen=Screen())            # as many as stand alone, if they are fewer than half
        create_moa(..., screen=Screen(most=1))      # one of a layer at most

    A proposal with a short answer stands alone where at least two other models come to one answer, and none to its own.
    One without is compared by its words, names and numbers: it stands alone where far more of them are in no other
    model's proposal than the median of the others. Samples of one model support one another as little as several names
    of it do; where all are samples of one, each is a voice.

    Fewer than half of a layer's usable proposals are ever taken out: of two nobody, of three or four one, of five two;
    and never so many that a layer has fewer than `min_proposals`. Where more stand alone, the layer is of several
    minds, and nobody is taken out. What a person has edited stays. Texts stay in the state, and the verdict says who
    was taken out, and why. Weights of a vote are not looked at.

    A screen makes no agreement. An early stop is judged over all proposals, as without one: who was taken out still
    counts as asked, and as one who says something else, but not among those who agree.

    The idea is from Wolf, Yoon and Bogunovic 2025 (arXiv 2503.05856): one deceptive agent of seven took away all that a
    mixture had gained, and looking at how references lie beside one another gave much of it back. They embed them, cut
    them into two clusters and keep the larger one, tell the aggregator the clusters, or aggregate each subset and let
    the results vote. Taken from there: to trust what several say, to keep the larger part, to ask nobody who may lie.
    Not taken: embeddings, a second aggregation, and a cut in two where a layer is of one mind or of many. What this
    does not see is measured in docs/liars.md: two who lie alike are not alone, a copy of an honest text with another
    figure looks like the rest, and an honest model that alone is right is taken out.
    """

    measure: Measure = field(default_factory=closed_answers)
    """How proposals are compared; those of which it says nothing are compared by their words."""
    most: int | None = None
    """How many proposals of a layer are taken out at most; None is as many as are fewer than half."""


async def screen_layer(
    screen: Screen,
    proposals: Sequence[Proposal],
    *,
    needed: int = 1,
    shown: Callable[[str], str] = str,
    seconds: float | None = None,
) -> Screening:
    """Look at a layer's usable proposals.

    Args:
        screen: How.
        proposals: The usable ones, as declared.
        needed: How many a layer needs.
        shown: Returns a text as it is compared.
        seconds: How long comparing may take.
    """
    size = len(proposals)
    most = max(min((size - 1) // 2, size - needed, size if screen.most is None else screen.most), 0)
    if not most:
        return Screening(alone=[], removed=[], most=0)
    texts, voices = [shown(p["text"]) for p in proposals], _voices(proposals)
    # An answer that was cut may have gone on: 12 to 1250.
    whole = [n for n, p in enumerate(proposals) if p["status"] == "ok"]
    agreement = await compare_texts(screen.measure, [texts[n] for n in whole], seconds=seconds)
    groups = [[whole[n] for n in group] for group in agreement["groups"]]
    lone, compared = _lone_answers(groups, voices)
    alone = {n: _by_answer(proposals[n], screen.measure, texts[n]) for n in lone}
    if len(compared) < size:  # in a thread: words take CPU in proportion to all texts
        by_words = await asyncio.to_thread(lone_texts, texts, voices)
        alone |= {n: _by_words(proposals[n], how) for n, how in by_words.items() if n not in compared}
    listed = [alone[n] for n in sorted(alone) if proposals[n]["reviewed"] != "edited"]
    removed = [one["proposer"] for one in listed] if len(listed) <= most else []
    return Screening(alone=listed, removed=removed, most=most)


def _lone_answers(groups: Sequence[Sequence[int]], voices: Sequence[int]) -> tuple[set[int], set[int]]:
    """Return whose answer is only one voice's, and who was compared by answers; nobody, where no two voices agree.

    There words have to tell: else who marks an answer where nobody else does would be compared with nobody.
    """
    heard = [len({voices[n] for n in group}) for group in groups]
    if max(heard, default=0) < 2:
        return set(), set()
    lone = {n for group, number in zip(groups, heard, strict=True) if number == 1 for n in group}
    return lone, {n for group in groups for n in group}


def _by_answer(proposal: Proposal, measure: Measure, text: str) -> Alone:
    answer = measure.read(text) if isinstance(measure, ClosedAnswers) else None
    return Alone(proposer=proposal["proposer"], answer=answer.shown if answer else None, claims=None, others=None)


def _by_words(proposal: Proposal, lone: Lone) -> Alone:
    share, others = round(lone.share, 4), round(lone.others, 4)
    return Alone(proposer=proposal["proposer"], answer=None, claims=share, others=others)


def _voices(proposals: Sequence[Proposal]) -> list[int]:
    """Number the models behind proposals; samples of one, where there is no other, are a voice each."""
    models = same_models(asked_of(proposals))
    if len(models) == 1:
        return list(range(len(proposals)))
    voice_of = {n: voice for voice, members in enumerate(models) for n in members}
    return [voice_of[n] for n in range(len(proposals))]
