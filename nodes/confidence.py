"""How sure the one model of a first stage is: asked in a call of its own, told by its server, or by a function."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig
from langgraph.errors import GraphBubbleUp

from ..core.bounds.confident import Confident
from ..core.bounds.quorum import Race
from ..core.functions import is_cancelled, value_of
from ..core.models.parts import secrets_of
from ..core.panel.declared import Defaults
from ..core.panel.seating import seat_of
from ..core.panel.seats import Seat
from ..core.run.records import Call, Confidence, Cost, Proposal
from ..core.run.turn import Turn
from ..core.text import one_line, plain, redact, text_in
from ..prompts import Placement, Template, bundled
from .calls.call import call_model, unstreamed
from .moderator import choosing
from .prompting.forecast import forecast
from .prompting.prompt import Prompt
from .prompting.prompt_writer import PromptWriter

_BRACE = re.compile(r"[{}]")
_BEGUN = re.compile(r"\{\s*[\"'}]")
"""What begins an object, where a brace may also be a formula's."""
_MOST_BROKEN = 20
"""Objects that are not whole, each of which may be read to the end of the answer."""
_LONGEST = 160
"""Characters that are told of what a function raised."""
_UNREAD = "its answer holds no probability as it was asked for"


@dataclass(frozen=True)
class Weighing:
    """Find out how sure a first model is; see `Confident`."""

    declared: Confident
    first: Seat
    """Whose answer it is."""
    checker: Seat | None
    """Who is asked whether it is right; None where nobody is."""
    writer: PromptWriter

    @property
    def measure(self) -> str:
        """Return what reports call it."""
        if self.declared.function is not None:
            return str(getattr(self.declared.function, "__name__", type(self.declared.function).__name__))
        if self.declared.logprobs:
            return "logprobs"
        return "check" if self.declared.model is not None else "self-check"

    def prompt(self, proposal: Proposal, turn: Turn, layer: int) -> Prompt | None:
        """Write the prompt of the call that it takes; None where it takes none."""
        if self.checker is None or proposal["status"] != "ok":
            return None
        return self.writer.write(self.checker, turn, layer + 1, [proposal["text"]])

    async def weigh(
        self, proposal: Proposal, turn: Turn, config: RunnableConfig, *, prompt: Prompt | None, seconds: float | None
    ) -> Confidence:
        """Say how sure it is; whatever fails is unsure, and costs the run nothing but that.

        Args:
            proposal: The answer.
            turn: The turn.
            config: The gate's.
            prompt: What `prompt` wrote.
            seconds: What the budget leaves.
        """
        clock = time.perf_counter()
        if proposal["status"] != "ok":
            return self.told(proposal, None, f"its answer is {proposal['status']}")
        if self.checker and prompt:
            return await self._check(self.checker, prompt, proposal, config, seconds)
        if self.declared.function is not None:
            probability, unknown = await self._ask_function(proposal, turn, seconds)
            return {**self.told(proposal, probability, unknown), "seconds": round(time.perf_counter() - clock, 3)}
        probability = proposal.get("probability")
        return self.told(proposal, probability, None if probability is not None else "its server told no logprobs")

    async def _check(
        self, checker: Seat, prompt: Prompt, proposal: Proposal, config: RunnableConfig, seconds: float | None
    ) -> Confidence:
        call, message = await call_model(
            checker,
            prompt,
            unstreamed(config),
            race=Race(seconds=seconds),
            fits=lambda answer: read_probability(text_in(answer)) is not None,
        )
        probability = read_probability(text_in(message)) if message and call["status"] == "ok" else None
        if probability is None and call["status"] == "ok":
            call = {**call, "status": "invalid", "error": _UNREAD}
        unknown = None if probability is not None else f"{call['model']}: {call['status']} ({call['error']})"
        return self.told(proposal, probability, unknown, call)

    async def _ask_function(
        self, proposal: Proposal, turn: Turn, seconds: float | None
    ) -> tuple[float | None, str | None]:
        """Ask a function of somebody's, which may raise, hang and return anything."""
        function: Any = self.declared.function
        limit = self.declared.timeout if seconds is None else min(seconds, self.declared.timeout)
        try:
            async with asyncio.timeout(limit):
                figure = await value_of(function, turn.question, dict(proposal))
        except GraphBubbleUp:
            raise
        except asyncio.CancelledError:
            if is_cancelled():
                raise
            return None, f"{self.measure} was cancelled"  # not ours: it awaited what somebody else cancelled
        except TimeoutError:
            return None, f"{self.measure} gave no answer within {limit:g} s"
        except Exception as exc:  # noqa: BLE001 - a function of somebody else's; the answer was paid for all the same
            words = one_line(redact(plain(str(exc)), secrets_of(self.first.model)), limit=_LONGEST)
            return None, f"{self.measure} failed: {type(exc).__name__}{f': {words}' if words else ''}"
        if (number := _probability(figure)) is None:
            return None, f"{self.measure} returned {one_line(plain(repr(figure)), limit=40)}, no number from 0 to 1"
        return number, None

    def told(
        self, proposal: Proposal, probability: float | None, unknown: str | None, call: Call | None = None
    ) -> Confidence:
        """Write down what is known."""
        return Confidence(
            measure=self.measure,
            proposer=proposal["proposer"],
            probability=probability,
            threshold=self.declared.threshold,
            unknown=unknown,
            reached=probability is not None and probability >= self.declared.threshold,
            seconds=0.0,
            call=call,
        )

    def at_most(self, conversation: Sequence[AnyMessage]) -> dict[str, Cost]:
        """Bound what the call costs that it takes, by who is asked."""
        if self.checker is None:
            return {}
        return {
            f"{self.checker.label} ({self.measure})": forecast(self.writer, self.checker, conversation, [self.first])
        }


def confidence_words(confidence: Confidence) -> str:
    """Say how sure somebody is, for people."""
    who, needed = confidence["proposer"], f"{confidence['threshold']:g} needed"
    if confidence["probability"] is None:
        return f"how sure {who} is, is not known: {confidence['unknown']}"
    sure = "sure" if confidence["reached"] else "not sure enough"
    return f"{who} is {sure}: {confidence['probability']:.3g} by {confidence['measure']}, {needed}"


def read_probability(answer: str) -> float | None:
    """Read how likely somebody calls an answer, strictly: the last JSON object counts, and nothing that is within one.

    Args:
        answer: What was said.

    Returns:
        The probability; None where there is none, or the last object is not whole.
    """
    decoder, ends = json.JSONDecoder(), _ends_of(answer)
    last: Any = None
    at = broken = 0
    while (start := answer.find("{", at)) >= 0:
        begun = _BEGUN.match(answer, start)
        try:
            last, at = decoder.raw_decode(answer, start) if begun else (None, ends.get(start, start + 1))
        except (ValueError, RecursionError):
            broken += 1
            if broken > _MOST_BROKEN or start not in ends:
                return None
            last, at = None, ends[start]
    return _probability(last.get("probability")) if last else None


def _ends_of(answer: str) -> dict[int, int]:
    """Return where what each brace opens is closed, for those that are."""
    opened: list[int] = []
    ends: dict[int, int] = {}
    for brace in _BRACE.finditer(answer):
        if brace[0] == "{":
            opened.append(brace.start())
        elif opened:
            ends[opened.pop()] = brace.end()
    return ends


def _probability(figure: object) -> float | None:
    """Return what can be a probability: nothing is clamped, or taken for hundredths."""
    if isinstance(figure, bool) or not isinstance(figure, int | float):
        return None
    return float(figure) if 0 <= figure <= 1 else None


def seat_weighing(
    declared: Confident | None, first: Seat | None, defaults: Defaults, placement: Placement, shown: dict[str, Any]
) -> Weighing | None:
    """Resolve who is asked how sure the first model is, and write down how its answer is put.

    Args:
        declared: How that is found out.
        first: Who answers first.
        defaults: What a model does not say for itself.
        placement: Where the answer goes.
        shown: How evidence is put, where there is any.
    """
    if declared is None or first is None:
        return None
    writer = choosing(Template(bundled("confident").text), placement, shown)
    if not declared.asks:
        return Weighing(declared, first, None, writer)
    if declared.model is not None:
        return Weighing(declared, first, seat_of(declared.model, defaults, role="judge"), writer)
    alone: dict[str, Any] = {"system_prompt": None, "reads": None, "debates": False, "carries": False, "shares": False}
    alone["instead"] = ()
    return Weighing(declared, first, replace(first, role="judge", sample=1, samples=1, **alone), writer)
