"""The first layer of a run under a budget: bounded once, with the very prompts that are then sent."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from ...core.panel.seats import Seat
from ...core.panel.stages import by_node
from ...core.run.records import Cost, Place
from ..prompting.prompt import Prompt


@dataclass(eq=False)
class Opening:
    """Be what the proposers of one first layer know together: each of them would write the prompts of all others."""

    joined: set[str] = field(default_factory=set)
    too_much: str | None = None
    """The limit of the budget that asking all of them does not fit in."""
    _prompts: dict[Place, Prompt] | None = None

    def bound(
        self,
        seats: Sequence[Seat],
        write: Callable[[Seat], Prompt],
        misfit: Callable[[Iterable[Cost]], str | None],
    ) -> None:
        """Write the prompts of all and bound what they cost, where nobody has yet.

        Args:
            seats: Who is asked now.
            write: Writes one's prompt.
            misfit: Says which limit a step does not fit in.
        """
        if self._prompts is not None:
            return
        groups = by_node(seats)
        prompts = {group[0].place: write(group[0]) for group in groups}
        self.too_much = misfit(prompts[group[0].place].at_most(seat) for group in groups for seat in group)
        self._prompts = {} if self.too_much else prompts

    def take(self, seats: Sequence[Seat]) -> Prompt | None:
        """Return the prompt of a node that asks for these, which is kept for nobody else; None where there is none."""
        return self._prompts.pop(seats[0].place, None) if self._prompts and seats else None
