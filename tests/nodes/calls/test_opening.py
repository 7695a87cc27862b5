"""The prompts of a first layer are written once, bounded once, and each is taken by whoever sends it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.core.panel.seats import Seat
from langgraph_moa.core.run.records import Cost
from langgraph_moa.nodes.calls.opening import Opening
from langgraph_moa.nodes.prompting.prompt import Prompt

SEAT = seat_of("offline:words", Defaults(max_tokens=9), role="proposer")


def seats(samples: int, **options: Any) -> list[Seat]:
    several = [replace(SEAT, position=n, name=f"p{n}", samples=samples) for n in range(2)]
    return [replace(seat, sample=sample + 1, **options) for seat in several for sample in range(samples)]


class Writer:
    """Count what is written and bounded."""

    def __init__(self, too_much: str | None = None) -> None:
        self.too_much = too_much
        self.names: list[str] = []
        self.bounded: list[Cost] = []

    def write(self, seat: Seat) -> Prompt:
        self.names.append(seat.title)
        return Prompt([HumanMessage("Which?")])

    def misfit(self, step: Iterable[Cost]) -> str | None:
        self.bounded += step
        return self.too_much


@pytest.mark.parametrize(
    ("samples", "shares", "names"),
    [(1, False, ["p0", "p1"]), (3, True, ["p0/1", "p1/1"]), (2, False, ["p0/1", "p0/2", "p1/1", "p1/2"])],
)
def test_one_prompt_a_request_and_a_bound_for_each_call(samples: int, names: list[str], *, shares: bool) -> None:
    opening, writer = Opening(), Writer()

    for _ in range(2):
        opening.bound(seats(samples, shares=shares), writer.write, writer.misfit)

    assert writer.names == names
    assert (len(writer.bounded), {cost["calls"] for cost in writer.bounded}) == (2 * samples, {1})
    assert opening.too_much is None


def test_what_does_not_fit_is_said_to_all_and_sent_by_nobody() -> None:
    opening, writer = Opening(), Writer("Budget(calls=1): ...")

    for _ in range(2):
        opening.bound(seats(1), writer.write, writer.misfit)

    assert opening.too_much == "Budget(calls=1): ..."
    assert len(writer.names) == 2
    assert opening.take(seats(1)) is None


def test_each_prompt_is_taken_once() -> None:
    opening, writer = Opening(), Writer()
    first, second = seats(1)

    assert opening.take([first]) is None
    opening.bound([first, second], writer.write, writer.misfit)

    assert isinstance(opening.take([second]), Prompt)
    assert isinstance(opening.take([first]), Prompt)
    assert [opening.take(seats) for seats in ([first], [second], [])] == [None, None, None]
