"""Say whether texts agree: which of them say the same, and which one stands for the others.

Whole-text similarity does not tell whether two answers say the same thing: over recorded answers of real models, no
measure of it separated them well, and a high threshold never fired on long answers. What does tell is the short answer
that a question has, compared as what it is.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable, iscoroutinefunction
from itertools import combinations
from operator import mul
from typing import TYPE_CHECKING, Protocol, cast

from typing_extensions import TypedDict

from ..errors import ConfigError, MissingExtra
from ..run.records import Call, Proposal
from ..run.served import asked_of, shares
from ..text import one_line, printable

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

    from .answers import Answer

_AT_ONCE = 50_000
"""Characters that are compared on the event loop; more go to a thread."""
_PATIENCE = 60.0
"""Seconds after which a measure that hangs has failed."""
_LONGEST = 20_000
"""Characters of a text above which near-duplicates are not looked for: it takes their square."""


class Agreement(TypedDict):
    """Say which texts agree. Texts are named by their number, from 0, in the order in which they were given."""

    measure: str
    groups: list[list[int]]
    """Who says the same, the largest group first; texts that say nothing which can be compared are in none."""
    score: float
    """The largest group's share of all texts, those that say nothing included."""
    representative: int | None
    """The text of the largest group that is most like the others of it."""
    answer: str | None
    """What the largest group says, in one line, where the measure knows."""
    abstained: str | None
    """Why nothing can be said; None where something can."""
    call: Call | None
    """The model call that it took, for measures that take one."""


class Measure(Protocol):
    """Compare texts.

    One that is called and answers at once may also end a layer before all have answered; one that has to be awaited
    is asked once, about a whole layer.
    """

    def __call__(self, texts: Sequence[str]) -> Agreement | Awaitable[Agreement]:
        """Compare texts; none of them is ever told as a failure: what cannot be compared is abstained from."""


def abstain(measure: str, why: str, call: Call | None = None) -> Agreement:
    """Say nothing, and why."""
    return Agreement(measure=measure, groups=[], score=0.0, representative=None, answer=None, abstained=why, call=call)


def agree(
    measure: str,
    texts: Sequence[str],
    groups: Sequence[Sequence[int]],
    *,
    answers: Sequence[str | None] = (),
    call: Call | None = None,
) -> Agreement:
    """Make an agreement of groups: the largest first, the earlier one where two are as large."""
    ordered = sorted((sorted(group) for group in groups), key=lambda group: (-len(group), group[0]))
    best = medoid(texts, ordered[0])
    return Agreement(
        measure=measure,
        groups=ordered,
        score=len(ordered[0]) / len(texts),
        representative=best,
        answer=answers[best] if answers else None,
        abstained=None,
        call=call,
    )


def closed_answers(extract: Callable[[str], str | None] | None = None) -> "ClosedAnswers":
    """Compare the short final answers that texts end on; texts without one agree with nobody.

    Numbers are compared as numbers, with their units, option letters as letters, dates as dates, literals of code by
    their value. An open question has no such answer, and the measure abstains. Over recorded answers of six models to
    1,319 arithmetic questions, all agreed on 60 % and were right in 98.7 % of those (docs/agreement.md).

    Args:
        extract: Your own way from a text to its answer, None where there is none; what it returns is compared in the
            same way.

    Raises:
        ConfigError: `extract` is no function.
    """
    if extract is not None and not callable(extract):
        raise ConfigError(f"found extract={extract!r}, expected a function from a text to its answer, or None")
    return ClosedAnswers(extract)


class ClosedAnswers:
    """Compare final answers; see `closed_answers`."""

    name = "closed answers"

    def __init__(self, extract: Callable[[str], str | None] | None = None) -> None:
        self._extract = extract

    def read(self, text: str) -> "Answer | None":
        """Return the answer that a text ends on, None where it has none."""
        from .answers import final_answer, read_answer  # its patterns take a while to compile: not at import

        if self._extract is None:
            return final_answer(text)
        stated = self._extract(text)
        return read_answer(stated) if stated else None

    def __call__(self, texts: Sequence[str]) -> Agreement:
        """Group texts by their answers."""
        answers = [self.read(text) for text in texts]
        if not any(answers):
            return abstain(self.name, "no text ends on a short answer")
        shown = [answer.shown if answer else None for answer in answers]
        return agree(self.name, texts, same_answers(answers), answers=shown)


def same_answers(answers: "Sequence[Answer | None]") -> list[list[int]]:
    """Group answers by value; a unit or an option's text that some name and others leave out tells nobody apart.

    `5` is with `5 km`, but where others say `5 miles`, it is with neither.
    """
    by_value: dict[object, dict[str, list[int]]] = {}
    for number, answer in enumerate(answers):
        if answer is not None:
            by_value.setdefault(answer.value, {}).setdefault(answer.detail, []).append(number)
    groups: list[list[int]] = []
    for details in by_value.values():
        told_apart = len(details.keys() - {""}) > 1
        groups += list(details.values()) if told_apart else [[n for numbers in details.values() for n in numbers]]
    return groups


def near_duplicates(threshold: float = 0.9) -> "NearDuplicates":
    """Compare whole texts, letter by letter: agreement means nearly the same text, not the same meaning.

    For texts that are meant to be copies, as of code or of extraction. It needs the extra `similarity`.

    Args:
        threshold: Share of letters in common from which two texts are the same, from 0 to 1.

    Raises:
        ConfigError: The threshold is no such share.
        MissingExtra: The package is missing.
    """
    return NearDuplicates(threshold)


class NearDuplicates:
    """Compare whole texts; see `near_duplicates`."""

    name = "near duplicates"
    reads_marks = False
    """It compares whole texts."""
    at_once = False
    """It takes the square of what it compares, so it is kept off the event loop."""

    def __init__(self, threshold: float) -> None:
        check_share("threshold", threshold)
        try:
            import rapidfuzz  # noqa: F401 - found out when it is asked for, not in the middle of a run
        except ImportError as exc:
            raise MissingExtra("near_duplicates", "similarity") from exc
        self.threshold = threshold

    def __call__(self, texts: Sequence[str]) -> Agreement:
        """Group texts that are nearly the same."""
        from rapidfuzz.fuzz import ratio

        if max(map(len, texts)) > _LONGEST:
            return abstain(self.name, f"a text is longer than {_LONGEST:,} characters")
        close = 100 * self.threshold
        alike = [
            (a, b)
            for a, b in combinations(range(len(texts)), 2)
            if ratio(texts[a], texts[b], score_cutoff=close) >= close
        ]
        return agree(self.name, texts, complete_groups(len(texts), alike))


def embedding_agreement(embeddings: "Embeddings", threshold: float) -> "EmbeddingAgreement":
    """Compare what texts mean to an embedding model; agreement is about the topic as much as about the answer.

    Args:
        embeddings: Any LangChain embeddings.
        threshold: Cosine from which two texts are the same, from 0 to 1. There is no default, because none can be
            known: measure your own answers with `langgraph-moa calibrate`.

    Raises:
        ConfigError: The threshold is no such number.
    """
    return EmbeddingAgreement(embeddings, threshold)


class EmbeddingAgreement:
    """Compare embedded texts; see `embedding_agreement`."""

    name = "embeddings"
    reads_marks = False

    def __init__(self, embeddings: "Embeddings", threshold: float) -> None:
        check_share("threshold", threshold)
        if not callable(getattr(embeddings, "aembed_documents", None)):
            raise ConfigError(f"found {type(embeddings).__name__} as embeddings, expected LangChain Embeddings")
        self.embeddings, self.threshold = embeddings, threshold

    async def __call__(self, texts: Sequence[str]) -> Agreement:
        """Group texts whose vectors point the same way."""
        vectors = await self.embeddings.aembed_documents(list(texts))
        if len(vectors) != len(texts) or len({len(vector) for vector in vectors}) != 1:
            raise ValueError("expected one vector a text, all of one length")
        return await asyncio.to_thread(self._compare, texts, vectors)

    def _compare(self, texts: Sequence[str], vectors: Sequence[Sequence[float]]) -> Agreement:
        sizes = [math.sqrt(sum(map(mul, vector, vector))) for vector in vectors]
        alike = [
            (a, b)
            for a, b in combinations(range(len(texts)), 2)
            if math.inf > sum(map(mul, vectors[a], vectors[b])) >= self.threshold * sizes[a] * sizes[b] > 0
        ]
        return agree(self.name, texts, complete_groups(len(texts), alike))


async def compare(measure: Measure, texts: Sequence[str], *, seconds: float | None = None) -> Agreement:
    """Ask a measure; one that fails has nothing to say, and costs the run nothing.

    Args:
        measure: Which one.
        texts: What to compare; with fewer than two, nothing is asked.
        seconds: How long it may take at most; a minute is enough for any.
    """
    name = name_of(measure)
    if len(texts) < 2:
        return abstain(name, "fewer than two texts to compare")
    limit: float | None = _PATIENCE if seconds is None else min(seconds, _PATIENCE)
    if within := getattr(measure, "within", None):
        measure, limit = within(seconds), None  # it keeps the time itself, and tells what it cost
    try:
        async with asyncio.timeout(limit):
            if isinstance(measure, ClosedAnswers) and sum(map(len, texts)) <= _AT_ONCE:
                return _checked(measure(texts), texts)
            found: object = await asyncio.to_thread(measure, texts) if _is_called(measure) else measure(texts)
            return _checked(await found if isawaitable(found) else found, texts)
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is None or task.cancelling():
            raise
        return abstain(name, "it failed: CancelledError")  # not ours: it awaited what somebody else cancelled
    except Exception as exc:  # noqa: BLE001 - a measure of somebody else's; the layer was paid for all the same
        return abstain(name, f"it failed: {type(exc).__name__}")


def compare_at_once(measure: Measure, texts: Sequence[str]) -> Agreement:
    """Ask a measure that need not be awaited, as `compare` does."""
    try:
        return _checked(measure(texts), texts)
    except Exception as exc:  # noqa: BLE001 - as above
        return abstain(name_of(measure), f"it failed: {type(exc).__name__}")


def _checked(found: object, texts: Sequence[str]) -> Agreement:
    """Trust no measure to return what it should.

    Raises:
        TypeError: It did not.
    """
    if not isinstance(found, dict) or not Agreement.__required_keys__ <= found.keys():
        raise TypeError("a measure returned something else than an Agreement")
    groups = sorted((sorted(group) for group in found["groups"]), key=lambda group: (-len(group), group))
    numbers = [number for group in groups for number in group]
    if any(type(number) is not int for number in numbers) or not set(numbers) <= set(range(len(texts))):
        raise TypeError("a measure named texts that there are not")
    if len(set(numbers)) != len(numbers) or not all(groups) or bool(groups) == bool(found["abstained"]):
        raise TypeError("a measure named a text twice, or found groups and abstained, or neither")
    if groups and found["representative"] not in groups[0]:
        raise TypeError("a measure's representative is not of the largest group")
    call, answer = found["call"], found["answer"]
    if call is not None and not (isinstance(call, dict) and Call.__required_keys__ <= call.keys()):
        raise TypeError("a measure's call is none")
    shown = one_line(printable(answer)) if isinstance(answer, str) else None
    return cast("Agreement", {**found, "groups": groups, "answer": shown})


def _is_called(measure: Measure) -> bool:
    """Tell a function from a coroutine function; what a function does may take its time, or the loop's."""
    return not (iscoroutinefunction(measure) or iscoroutinefunction(type(measure).__call__))


def is_sync(measure: Measure) -> bool:
    """Tell a measure that answers at once from one that has to be awaited, or takes its time."""
    return bool(getattr(measure, "at_once", True)) and _is_called(measure)


def name_of(measure: Measure) -> str:
    """Return what a measure is called in reports."""
    return str(getattr(measure, "name", None) or getattr(measure, "__name__", type(measure).__name__))


def check_share(option: str, value: object) -> None:
    """Refuse anything but a share.

    Raises:
        ConfigError: It is something else.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise ConfigError(f"found {option}={value!r}, expected a share above 0, up to 1")


def complete_groups(size: int, alike: Sequence[tuple[int, int]]) -> list[list[int]]:
    """Group numbers so that all of a group are alike, each one; likeness is not passed on from one to the next."""
    pairs = set(alike)
    groups: list[list[int]] = []
    for number in range(size):
        home = next((group for group in groups if all((other, number) in pairs for other in group)), None)
        if home is None:
            groups.append([number])
        else:
            home.append(number)
    return groups


def medoid(texts: Sequence[str], group: Sequence[int]) -> int:
    """Return the one of a group that has most words in common with the rest of it, the earlier one in a tie."""
    words = {number: set(texts[number][-_LONGEST:].casefold().split()) for number in group}
    share = {number: 1 / math.sqrt(len(held) or 1) for number, held in words.items()}
    said: dict[str, float] = defaultdict(float)
    for number, held in words.items():
        for word in held:
            said[word] += share[number]
    # The sum of cosines with all others, in one pass.
    likeness = {n: share[n] * (sum(map(said.__getitem__, held)) - len(held) * share[n]) for n, held in words.items()}
    return max(group, key=lambda number: (round(likeness[number], 9), -number))


def best_proposal(proposals: Sequence[Proposal]) -> Proposal:
    """Return the one proposal that stands for the others.

    That is the medoid of the largest group whose final answers agree, in which a model that was asked under several
    names has the part of one, as in a vote; where no two agree, the first one that is whole.

    Args:
        proposals: Usable proposals of one layer, as declared; at least one.
    """
    whole = [p for p in proposals if p["status"] == "ok"] or list(proposals)
    found = closed_answers()([p["text"] for p in proposals])
    part = shares(asked_of(proposals))
    largest = max(found["groups"], key=lambda group: (round(sum(part[n] for n in group), 9), len(group)), default=[])
    if len(largest) < 2:
        return whole[0]
    chosen = [proposals[n] for n in largest if proposals[n]["status"] == "ok"] or [proposals[n] for n in largest]
    return chosen[medoid([p["text"] for p in chosen], range(len(chosen)))]
