"""Who is asked together: a layer, or a wave of it."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from ..run.instead import declared_model
from ..run.records import USABLE, Place, Proposal, Verdict
from .seats import Seat

FIRST = "layer_1"
"""What a verdict calls the first stage."""


@dataclass(frozen=True)
class Stage:
    """Be one step of proposers, with the gate that follows it."""

    layer: int
    wave: int
    """Its part of the layer, from 1."""
    seats: Sequence[Seat]
    """Who is asked now."""
    asked_so_far: Sequence[Seat]
    """Who of the layer has been asked after that, these included."""
    is_last: bool
    """Whether the whole layer has been asked then."""
    escalates: bool = False
    """Whether these are other models than the layer's own, asked for the others did not agree."""

    @property
    def name(self) -> str:
        """Return what a verdict calls it: `layer_1`, or `wave_2` for what is left of a layer."""
        return f"layer_{self.layer}" if self.wave == 1 else f"wave_{self.wave}"

    @property
    def groups(self) -> list[list[Seat]]:
        """Return who is asked by one node: samples that may be asked for in one request are."""
        return by_node(self.seats)

    @property
    def gate(self) -> str:
        """Return the name of the gate that follows it."""
        return _gate(self.layer, None if self.is_last else self.wave)


def gate_of(verdict: Verdict, nodes: Container[str]) -> str:
    """Return the name of the gate that said something, in a graph with these nodes: a layer's last wave has its own."""
    gate = _gate(verdict["layer"], verdict["wave"])
    return gate if gate in nodes else _gate(verdict["layer"], None)


def _gate(layer: int, wave: int | None) -> str:
    return f"gate_{layer}" if wave is None else f"gate_{layer}/wave_{wave}"


def by_node(seats: Sequence[Seat]) -> list[list[Seat]]:
    """Group seats by the node that asks them."""
    groups: dict[str, list[Seat]] = {}
    for seat in seats:
        groups.setdefault(seat.node, []).append(seat)
    return list(groups.values())


def node_name(layer: int, seat: Seat) -> str:
    """Name a proposer's node, as drawings and `updates` show it."""
    return f"layer_{layer}/{seat.node}"


def waves_before(waves: Sequence[int], proposers: int, escalated: int) -> Sequence[int]:
    """Return the sizes of all waves but the last, which is that of who is asked instead of more of the same.

    Args:
        waves: As they were given.
        proposers: How many proposers the first layer has beside those.
        escalated: How many those are.
    """
    rest = proposers - sum(waves)
    return [*waves, rest] if escalated and rest > 0 else waves


def stages_of(panel: Sequence[Sequence[Seat]], waves: Sequence[int], *, escalates: bool = False) -> list[Stage]:
    """Cut the first layer into waves, and make a stage of each and of every other layer.

    Args:
        panel: The proposers of each layer.
        waves: How many declared proposers each wave asks, all samples of each; the rest are asked last.
        escalates: Whether those are others than the layer's own.
    """
    stages = []
    for layer, seats in enumerate(panel, 1):
        start = first = 0
        for wave, size in enumerate([*(waves if layer == 1 else ()), len(seats)], 1):
            first += size
            end = sum(seat.position < first for seat in seats)
            is_last = end == len(seats)
            others = escalates and is_last and layer == 1
            stages.append(Stage(layer, wave, seats[start:end], seats[:end], is_last, escalates=others))
            start = end
    return stages


def unanswered(seats: Sequence[Seat], before: Mapping[Place, Proposal]) -> list[Seat]:
    """Leave out who has answered already, in a run of this turn that did not finish, and who was not sent back.

    Args:
        seats: Whom a step would ask.
        before: This turn's proposals of their layer, by their places.
    """
    if not before:
        return list(seats)
    sent_back = [s for s in seats if s.place in before and before[s.place]["reviewed"] == "sent_back"]
    done = {place for place, p in before.items() if p["status"] in USABLE | {"dropped"}}
    return sent_back or [s for s in seats if s.place not in done or declared_model(before[s.place]) != s.label]
