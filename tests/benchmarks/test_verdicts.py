"""What is said of systems whose truth is known."""

import pytest
from verdicts import KINDS, SIZES, simulate

SOAK = pytest.mark.soak


@pytest.mark.parametrize(
    ("kind", "questions", "simulations"),
    [
        ("right and wrong", 200, 200),
        ("marks", 80, 40),
        *(pytest.param(kind, questions, 300, marks=SOAK) for kind in KINDS for questions in SIZES),
    ],
)
def test_verdicts_do_not_claim_too_much(kind: str, questions: int, simulations: int) -> None:
    resamples = 1_000 if simulations > 200 else 200
    gain, equal = (simulate(kind, questions, of, simulations, resamples=resamples) for of in (0.03, 0.0))
    by_luck = 3 * (0.025 * 0.975 / simulations) ** 0.5  # three standard errors of a share of 2.5 %

    assert gain.share("no better") <= 0.025 + by_luck
    assert equal.share("better") <= 0.025 + by_luck
    assert min(gain.held, equal.held) / simulations >= 0.95 - 4 * (0.05 * 0.95 / simulations) ** 0.5
