"""The moderator: a model that keeps the best proposals of a layer, and says when no more are needed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from langchain_core.messages import AnyMessage
from langchain_core.runnables import RunnableConfig

from ..core.bounds.quorum import Race
from ..core.panel.declared import Defaults, Moderator
from ..core.panel.seating import seat_of
from ..core.panel.seats import Seat
from ..core.run.records import Cost, Moderation, Proposal
from ..core.run.turn import Turn
from ..core.text import text_in
from ..prompts import Placement, Template, bundled
from .calls.call import call_model, unstreamed
from .choice import read_choice, shuffled
from .prompting.forecast import forecast
from .prompting.prompt import Prompt
from .prompting.prompt_writer import PromptWriter
from .ranker import NO_VERDICT


@dataclass(frozen=True)
class Moderating:
    """Ask a moderator about layers; see `Moderator`."""

    declared: Moderator
    seat: Seat
    writer: PromptWriter

    def prompt(self, usable: Sequence[Proposal], turn: Turn, layer: int) -> tuple[list[Proposal], Prompt]:
        """Write its prompt; proposals come in the order in which it is shown them."""
        order = shuffled(usable, self.declared.seed, self.seat.name)
        return order, self.writer.write(self.seat, turn, layer + 1, [p["text"] for p in order])

    async def moderate(
        self,
        usable: Sequence[Proposal],
        turn: Turn,
        config: RunnableConfig,
        *,
        layer: int,
        seconds: float | None,
    ) -> Moderation:
        """Ask which proposals of a layer to keep; all of them, where it does not say.

        Args:
            usable: Those that can be kept, in the order of declaration.
            turn: The turn.
            config: The gate's.
            layer: The layer.
            seconds: What the budget leaves.
        """
        order, prompt = self.prompt(usable, turn, layer)
        call, message = await call_model(
            self.seat,
            prompt,
            unstreamed(config),
            race=Race(seconds=seconds),
            fits=lambda answer: read_choice(text_in(answer), len(order)) is not None,
        )
        choice = read_choice(text_in(message), len(order)) if message and call["status"] == "ok" else None
        if choice is None:
            if call["status"] == "ok":
                call = {**call, "status": "invalid", "error": NO_VERDICT}
            return Moderation(kept=[p["proposer"] for p in usable], stop=False, skipped=None, call=call)
        best = {order[n]["proposer"] for n in choice.best[: self.declared.keep]}
        names = [p["proposer"] for p in usable if p["proposer"] in best]
        return Moderation(kept=names, stop=choice.stop and self.declared.stops, skipped=None, call=call)

    def at_most(self, conversation: Sequence[AnyMessage], authors: Sequence[Seat]) -> Cost:
        """Bound what asking costs, of what these may write."""
        return forecast(self.writer, replace(self.seat, reads=None), conversation, authors)


def choosing(template: Template, placement: Placement, shown: Mapping[str, Any]) -> PromptWriter:
    """Return how proposals are put to one who chooses among all of them.

    Args:
        template: What it is told.
        placement: Where proposals go.
        shown: How evidence is put, where there is any.
    """
    cut: dict[str, Any] = {**shown, "overflow": "cut", "window": None}
    return PromptWriter(template, placement, kind="proposal", asks_last=True, **cut)


def seat_moderator(
    declared: Moderator | None, defaults: Defaults, placement: Placement, shown: Mapping[str, Any]
) -> Moderating | None:
    """Resolve a moderator, and write down how proposals are put to it."""
    if declared is None:
        return None
    template = Template(bundled("moderate").text.replace("$keep", str(declared.keep)))
    seat = seat_of(declared.model, defaults, role="moderator")
    return Moderating(declared, seat, choosing(template, placement, shown))
