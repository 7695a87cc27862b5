"""Compare mathematical answers by what they mean, in a process of its own.

Computer algebra can run for ever on a short text (`9^{9^{9}}`), and cannot be stopped from within; a process can.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .agreement import Agreement, ClosedAnswers, abstain, agree, same_answers
from .errors import ConfigError, MissingExtra

_SECONDS = 10.0
_LONGEST = 200


def math_answers(seconds: float = _SECONDS) -> "MathAnswers":
    """Compare final answers as mathematics: `\\frac{1}{2}`, `0.5` and `2^{-1}` are the same.

    What `closed_answers` finds equal is equal; the rest is compared by math-verify (the extra `math`).

    Args:
        seconds: How long the comparison may take; it is abstained from then.

    Raises:
        ConfigError: The seconds are none.
        MissingExtra: The package is missing.
    """
    return MathAnswers(seconds)


class MathAnswers:
    """Compare final answers as mathematics; see `math_answers`."""

    name = "mathematical answers"

    def __init__(self, seconds: float) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
            raise ConfigError(f"found seconds={seconds!r}, expected a number above 0")
        try:
            import math_verify  # noqa: F401 - found out when it is asked for, not in the middle of a run
        except ImportError as exc:
            raise MissingExtra("math_answers", "math") from exc
        self.seconds = seconds
        self._closed = ClosedAnswers()

    async def __call__(self, texts: Sequence[str]) -> Agreement:
        """Group texts by what their answers mean."""
        answers = [self._closed.read(text) for text in texts]
        groups = same_answers(answers)
        if not groups:
            return abstain(self.name, "no text ends on a short answer")
        shown = [answer.shown if answer else None for answer in answers]
        if len(groups) > 1:
            ones = [(shown[group[0]] or "")[:_LONGEST] for group in groups]
            try:
                meaning = await asyncio.to_thread(_in_a_process, ones, self.seconds)
            except subprocess.TimeoutExpired:
                return abstain(self.name, f"comparing took longer than {self.seconds:g} s")
            joined: dict[int, list[int]] = {}
            for group, number in zip(groups, meaning, strict=True):
                joined.setdefault(number, []).extend(group)
            groups = list(joined.values())
        return agree(self.name, texts, groups, answers=shown)


def _in_a_process(written: Sequence[str], seconds: float) -> list[int]:
    done = subprocess.run(  # noqa: S603 - our own file, and the answers go in as data
        [sys.executable, "-P", str(Path(__file__).with_name("algebra.py"))],
        input=json.dumps(written),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=True,
    )
    meaning: list[int] = json.loads(done.stdout)
    return meaning
