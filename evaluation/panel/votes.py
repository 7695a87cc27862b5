"""Count votes of any part of a panel over and over: who says the same is found out once a question."""

from collections.abc import Sequence

from ..stop_rules import is_right, vote
from .recording import PanelRow

NOBODY = -1


class Ballots:
    """Be the answers of a panel as ballots: a vote of any of its members is counted without comparing texts again."""

    def __init__(self, rows: Sequence[PanelRow]) -> None:
        """Find out who says the same.

        Args:
            rows: Questions with gold.
        """
        self._rows = list(rows)
        self._choices: list[tuple[int, ...]] = []
        self._right: list[tuple[bool, ...]] = []
        self._unsure: list[bool] = []
        """Whether units told some apart: who agrees then depends on who else is there."""
        for row in rows:
            numbers: dict[tuple[object, str], int] = {}
            right: list[bool] = []
            choices = []
            for answer in (each.answer for each in row.answers):
                if answer is None:
                    choices.append(NOBODY)
                    continue
                choices.append(numbers.setdefault((answer.value, answer.detail), len(numbers)))
                if choices[-1] == len(right):
                    right.append(is_right([answer], row.gold, row.question))
            self._choices.append(tuple(choices))
            self._right.append(tuple(right))
            self._unsure.append(len({value for value, _ in numbers}) < len(numbers))

    def part(self, questions: Sequence[int]) -> "Ballots":
        """Return the ballots of some questions, by number."""
        part = Ballots([])
        part._rows = [self._rows[n] for n in questions]
        part._choices = [self._choices[n] for n in questions]
        part._right = [self._right[n] for n in questions]
        part._unsure = [self._unsure[n] for n in questions]
        return part

    def marks(self, members: Sequence[int]) -> list[float]:
        """Return 1 for each question on which the largest group of these members is right, else 0.

        Args:
            members: By number, in the order of their declaration, which ties go by.
        """
        return [float(self._is_right(number, members)) for number in range(len(self._rows))]

    def _is_right(self, number: int, members: Sequence[int]) -> bool:
        if self._unsure[number]:
            row = self._rows[number]
            return is_right(vote([row.answers[n].answer for n in members]), row.gold, row.question)
        choices = self._choices[number]
        votes: dict[int, int] = {}
        for member in members:
            choice = choices[member]
            if choice != NOBODY:
                votes[choice] = votes.get(choice, 0) + 1
        # Of answers that are level, the one that was there first: dicts keep the order.
        return bool(votes) and self._right[number][max(votes, key=lambda choice: votes[choice])]

    def count(self) -> "VoteCount":
        """Return a count of nobody's votes, to which members are added."""
        return VoteCount(self._choices, self._right)


class VoteCount:
    """Count votes as members are added, and know what one more would make of them.

    Whoever is level wins by lot here: by the order of declaration a second member would change nothing.
    """

    def __init__(self, choices: Sequence[Sequence[int]], right: Sequence[Sequence[bool]]) -> None:
        self._choices, self._right = choices, right
        self._votes: list[dict[int, int]] = [{} for _ in choices]
        self._most = [0] * len(choices)
        self._level = [0] * len(choices)
        """How many answers have the most votes."""
        self._level_right = [0] * len(choices)
        """How many of those are right."""

    def with_one_more(self, member: int) -> float:
        """Return the share of right votes with a member more."""
        total = 0.0
        for number, choices in enumerate(self._choices):
            choice = choices[member]
            most = self._most[number]
            if choice == NOBODY:
                total += self._level_right[number] / self._level[number] if most else 0.0
                continue
            votes = self._votes[number].get(choice, 0) + 1
            if votes > most:
                total += self._right[number][choice]
            elif votes == most:
                total += (self._level_right[number] + self._right[number][choice]) / (self._level[number] + 1)
            else:
                total += self._level_right[number] / self._level[number]
        return total / len(self._choices)

    def add(self, member: int) -> None:
        """Add a member's votes."""
        for number, choices in enumerate(self._choices):
            choice = choices[member]
            if choice == NOBODY:
                continue
            votes = self._votes[number][choice] = self._votes[number].get(choice, 0) + 1
            if votes > self._most[number]:
                self._most[number], self._level[number] = votes, 1
                self._level_right[number] = int(self._right[number][choice])
            elif votes == self._most[number]:
                self._level[number] += 1
                self._level_right[number] += int(self._right[number][choice])
