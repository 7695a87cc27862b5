"""What came of it: shares, and differences on the same questions."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from textwrap import fill

from grading import SETS, questions_of
from langgraph_moa.evaluation.comparing.paired import Paired, Spread, newcombe, paired
from quality_systems import NOTE, SELF, Row, baseline_of, graded

_SURE = 0.05
"""McNemar's p below which a gain counts as one; a loss counts by its interval alone."""


def load(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def regraded(rows: Sequence[Row], gsm8k: Path) -> list[Row]:
    """Grade answers by today's rules, so that two files are graded alike; those to questions that are gone stay."""
    sets = [name for name in SETS if name != "gsm8k" or gsm8k.is_file()]
    questions = {(of, question.id): question for of in sets for question in questions_of(of, gsm8k)}
    return [
        {**row, "right": graded(question, row["text"])} if (question := questions.get((row["set"], row["id"]))) else row
        for row in rows
    ]


def by_system(rows: Sequence[Row]) -> dict[tuple[str, str], dict[str, Row]]:
    """Return answers by set and system, and there by question."""
    answers: dict[tuple[str, str], dict[str, Row]] = {}
    for row in rows:
        answers.setdefault((row["set"], row["system"]), {})[row["id"]] = row
    return dict(sorted(answers.items(), key=lambda item: (SETS.index(item[0][0]), place_of_system(item[0][1]))))


def place_of_system(system: str) -> tuple[bool, bool, str]:
    return system.startswith(("moa", SELF)), system.endswith(NOTE), system


@dataclass(frozen=True)
class Difference:
    """Hold how one system differs from another on the questions that both were asked."""

    of: str
    system: str
    other: str
    questions: int
    change: Paired
    spread: Spread
    shares: tuple[float, float]

    @property
    def verdict(self) -> str:
        """Conclude what the interval allows, and no more."""
        if self.spread.high < 0:
            return "worse"
        is_better = self.spread.low > 0 and self.change.p < _SURE
        return "better" if is_better else "no worse, as far as can be told"

    def cells(self) -> Sequence[str]:
        one, other = self.shares
        gains, losses = self.change.gains, self.change.losses
        return (
            self.of,
            self.system,
            self.other,
            str(self.questions),
            f"{100 * (one - other):+.0f}",
            f"{100 * self.spread.low:+.0f} to {100 * self.spread.high:+.0f}",
            f"+{gains} -{losses}",
            f"{self.change.p:.3f}",
            self.verdict,
        )


HEAD = ("questions", "system", "against", "asked both", "points", "95 % interval", "won, lost", "p", "that is")


def difference(of: str, names: tuple[str, str], one: Mapping[str, Row], other: Mapping[str, Row]) -> Difference | None:
    """Compare answers to the same questions; None where there are none."""
    shared = [name for name in one if name in other]
    grades = [[float(side[name]["right"]) for name in shared] for side in (one, other)]
    change = paired(*grades) if shared else None
    if change is None:
        return None
    return Difference(of, *names, len(shared), change, newcombe(*grades), (fmean(grades[0]), fmean(grades[1])))


def differences(rows: Sequence[Row], aggregator: str) -> list[Difference]:
    """Compare each system with the model alone that it must not be worse than."""
    answers = by_system(rows)
    compared_pairs = []
    for (of, system), mine in answers.items():
        against = baseline_of(system, aggregator)
        if against is not None and (of, against) in answers:
            compared_pairs.append(difference(of, (system, against), mine, answers[of, against]))
    return [one for one in compared_pairs if one is not None]


def concluded(compared_pairs: Sequence[Difference]) -> str:
    """Say in words what the differences come to."""
    sentences = []
    for kind, what in (("mixtures", _is_mixture), ("the note on marked answers", lambda d: d.system.endswith(NOTE))):
        held = [one for one in compared_pairs if what(one)]
        worse = [f"{one.system} on {one.of}" for one in held if one.verdict == "worse"]
        better = [f"{one.system} on {one.of}" for one in held if one.verdict == "better"]
        if not held:
            continue
        subject = kind[0].upper() + kind[1:]
        if worse:
            sentences.append(f"{subject}: worse than the model alone, by more than chance: {', '.join(worse)}.")
        else:
            sentences.append(
                f"{subject}: nowhere worse than the model alone by more than chance; every interval of the "
                "difference holds 0, or lies above it."
            )
        if better:
            sentences.append(f"Better, by more than chance: {', '.join(better)}.")
    widest = min((100 * one.spread.low for one in compared_pairs), default=0.0)
    if compared_pairs:
        sentences.append(
            f"So few questions cannot show small harm: the lowest end of all these intervals is {widest:+.0f} points."
        )
    return fill(" ".join(sentences), 120)


def _is_mixture(one: Difference) -> bool:
    return not one.system.endswith(NOTE)


def compared(before: Sequence[Row], after: Sequence[Row]) -> Iterator[Sequence[str]]:
    """Compare two runs, system by system, on the questions of both."""
    yield *HEAD, "tokens", "now wrong", "now right"
    old, new = by_system(before), by_system(after)
    for place, mine in new.items():
        theirs = old.get(place, {})
        change = difference(place[0], ("after", "before"), mine, theirs)
        if change is None:
            continue
        shared = [name for name in mine if name in theirs]
        tokens = [fmean(side[name]["tokens"] for name in shared) for side in (theirs, mine)]
        lost, won = (
            " ".join(name for name in shared if bool(a[name]["right"]) > bool(b[name]["right"]))
            for a, b in ((theirs, mine), (mine, theirs))
        )
        cells = change.cells()
        yield place[0], place[1], *cells[2:], f"{tokens[0]:.0f} > {tokens[1]:.0f}", lost or "-", won or "-"
