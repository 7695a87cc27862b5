"""A judge: one model call that says which proposals come to the same answer."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import ensure_config

from ..core.agreement.measures import Agreement, abstain, agree
from ..core.bounds.budget import call_at_most
from ..core.bounds.quorum import Race
from ..core.models.capabilities import Model
from ..core.models.resolve import resolve_model
from ..core.panel.declared import Aggregator, Defaults
from ..core.panel.seating import seat_of
from ..core.panel.seats import Seat
from ..core.run.records import Cost
from ..core.text import text_in
from ..prompts import bundled, fence
from .calls.call import call_model, unstreamed
from .prompting.prompt import Prompt

_FENCED = re.compile(r"^```(?:json)?|```$")


def judge_agreement(
    model: str | Model | Aggregator,
    *,
    timeout: float | None = 60.0,
    resolve: Callable[..., Model] = resolve_model,
) -> "JudgeAgreement":
    """Ask a model which proposals agree, in one call; for open questions, where nothing else can tell.

    Its answer must be JSON that puts every proposal into one group; anything else, and any failure, is no agreement.
    The call counts in the run's report and against its budget.

    Args:
        model: Whom to ask, as an aggregator is given.
        timeout: Seconds that it may take.
        resolve: Builds a model that is given as a string, as in `create_moa`.

    Raises:
        ConfigError: The model is unknown or cannot be built.
    """
    defaults = Defaults(timeout=timeout, resolve=resolve)
    return JudgeAgreement(seat_of(model, defaults, role="judge"))


class JudgeAgreement:
    """Ask a model; see `judge_agreement`."""

    name = "judge"
    reads_marks = False

    def __init__(self, seat: Seat, seconds: float | None = None) -> None:
        self._seat, self._seconds = seat, seconds
        self._prompt = bundled("judge")

    def within(self, seconds: float | None) -> "JudgeAgreement":
        """Return the same judge with as much time as is left; what is cut counts as a call."""
        return JudgeAgreement(self._seat, seconds)

    async def __call__(self, texts: Sequence[str]) -> Agreement:
        """Group texts as the judge says."""
        prompt = self._asking(texts)
        config = unstreamed(ensure_config())
        call, message = await call_model(
            self._seat,
            prompt,
            config,
            race=Race(seconds=self._seconds),
            fits=lambda answer: _groups_in(answer, texts) is not None,
        )
        if message is None or call["status"] != "ok":
            return abstain(self.name, f"the judge gave no answer: {call['status']}", call)
        groups = _groups_in(message, texts)
        if groups is None:
            return abstain(self.name, "the judge's answer was not the JSON that was asked for", call)
        return agree(self.name, texts, groups, call=call)

    def at_most(self, texts: Sequence[str] | None, authors: Sequence[Seat] = ()) -> Cost:
        """Bound what asking costs, of texts or of what their authors may write."""
        if texts is not None:
            return call_at_most(self._seat, self._asking(texts).messages)
        limits = [author.longest for author in authors]
        more = None if None in limits else sum(2 * (limit or 0) for limit in limits)
        return call_at_most(self._seat, self._asking([""] * len(authors)).messages, more=more)

    def _asking(self, texts: Sequence[str]) -> Prompt:
        return Prompt([HumanMessage(self._prompt.render(references=fence(texts), count=str(len(texts))))])


def _only_groups(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if [key for key, _ in pairs] != ["groups"]:
        raise ValueError("expected one key, groups")
    return dict(pairs)


def _groups_in(answer: AIMessage, texts: Sequence[str]) -> list[list[int]] | None:
    return read_groups(text_in(answer), len(texts))


def read_groups(answer: str, size: int) -> list[list[int]] | None:
    """Read a judge's answer, strictly; None where it is not a partition of all texts.

    Args:
        answer: The answer.
        size: How many texts there are.

    Returns:
        Groups of texts, numbered from 0.
    """
    try:
        verdict: Any = json.loads(_FENCED.sub("", answer.strip()), object_pairs_hook=_only_groups)
    except (ValueError, RecursionError):
        return None
    groups = verdict.get("groups") if isinstance(verdict, dict) else None
    if not isinstance(groups, list) or not all(isinstance(group, list) and group for group in groups):
        return None
    numbers = [number for group in groups for number in group]
    if any(type(number) is not int for number in numbers) or sorted(numbers) != list(range(1, size + 1)):
        return None
    return [[number - 1 for number in group] for group in groups]
