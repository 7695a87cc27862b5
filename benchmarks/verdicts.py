"""How often a comparison's verdicts and intervals are right, on simulated grades of systems whose truth is known.

    python benchmarks/verdicts.py [SIMULATIONS]

Nothing is asked, and it takes minutes. A question is as hard for both systems. Grades are right or wrong; or marks,
the mean of three repeats, of which a fifth as many comparisons are made, because they take longer.
"""

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from langgraph_moa.evaluation.comparing.conclusion import verdict
from langgraph_moa.evaluation.comparing.measures import MeasuredSystem
from langgraph_moa.evaluation.comparing.paired import Bootstrap, Paired, Spread, newcombe, paired

SIZES = (80, 200, 500)
GAINS = (0.0, 0.03)
_SAID = ("better", "worse", "no better", "no gain shown")
Pairs = tuple[list[float], list[float]]
"""The grades of the mixture, and those of the baseline."""


def shares(draw: Random, questions: int, gain: float) -> Pairs:
    """Draw grades of right and wrong: the two differ on 12 questions of a hundred, in truth by the gain."""
    more, less = 0.06 + gain / 2, 0.06 - gain / 2
    kinds = draw.choices([(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)], [0.7, more, less, 0.18], k=questions)
    return [one for one, _ in kinds], [other for _, other in kinds]


def marks(draw: Random, questions: int, gain: float) -> Pairs:
    """Draw means of three repeats, of questions that are more or less hard."""
    ease = [0.95 * draw.betavariate(0.8, 0.4) for _ in range(questions)]
    one = [sum(draw.random() < chance + gain for _ in range(3)) / 3 for chance in ease]
    return one, [sum(draw.random() < chance for _ in range(3)) / 3 for chance in ease]


KINDS: dict[str, Callable[[Random, int, float], Pairs]] = {"right and wrong": shares, "marks": marks}


@dataclass
class Tally:
    """Count what was said of systems whose truth is known."""

    simulations: int
    held: int
    """Intervals that hold the truth."""
    verdicts: Counter[str]

    def share(self, words: str) -> float:
        """Return how often something was said."""
        return self.verdicts[words] / self.simulations


def simulate(kind: str, questions: int, gain: float, simulations: int, *, resamples: int = 1_000) -> Tally:
    """Compare again and again.

    Args:
        kind: How answers are graded.
        questions: How many there are.
        gain: By how much the mixture is better in truth.
        simulations: How many comparisons.
        resamples: How often marks are drawn anew.
    """
    tally, draw = Tally(simulations, 0, Counter()), Random(f"{kind} {questions} {gain}")
    for seed in range(simulations):
        one, other = KINDS[kind](draw, questions, gain)
        change = paired(one, other)
        drawn = Bootstrap([one, other], resamples=resamples, seed=seed)
        difference = newcombe(one, other) if change else drawn.difference(0, 1)
        tally.held += difference.low <= gain <= difference.high
        moa, single = _system("moa", one, difference, change), _system("a", other)
        sentence = verdict([moa, single], single, questions, named=False, judged=False)
        tally.verdicts[next((words for words in _SAID if sentence.startswith(f"moa: {words} ")), "other")] += 1
    return tally


def _system(
    label: str, grades: list[float], difference: Spread | None = None, change: Paired | None = None
) -> MeasuredSystem:
    mean = sum(grades) / len(grades)
    return MeasuredSystem(
        label=label,
        is_single=label != "moa",
        score=Spread(mean, mean, mean),
        difference=difference,
        calls=5.0 if difference else 1.0,
        tokens=None,
        usd=None,
        p50=None,
        p95=None,
        length=None,
        errors=0,
        unread=0,
        paired=change,
    )


def main(simulations: int) -> None:
    """Print a row for each way of grading, number of questions, and truth."""
    print(f"{'graded by':15}  {'questions':>9}  {'in truth':>8}  {'intervals hold':>14}  {'  '.join(_SAID)}")
    for kind in KINDS:
        for questions in SIZES:
            for gain in GAINS:
                tally = simulate(kind, questions, gain, simulations if kind == "right and wrong" else simulations // 5)
                words = "  ".join(f"{100 * tally.share(one):{len(one) - 2}.1f} %" for one in _SAID)
                held = f"{100 * tally.held / tally.simulations:.1f} %"
                print(f"{kind:15}  {questions:9}  {100 * gain:+8.0f}  {held:>14}  {words}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
