"""Compare mathematical answers by what they mean, in a process of its own.

Computer algebra can run for ever on a short text (`9^{9^{9}}`), and cannot be stopped from within; a process can.
"""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Sequence
from pathlib import Path

from ..checks import check_number
from ..errors import MissingExtra
from .closed import ClosedAnswers, same_answers, spellings_of
from .measures import Agreement, abstain, agree

_SECONDS = 10.0


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
        check_number("seconds", seconds, above=0)
        try:
            import math_verify  # noqa: F401 - found out when it is asked for, not in the middle of a run
        except ImportError as exc:
            raise MissingExtra("math_answers", "math") from exc
        self.seconds = seconds
        self._closed = ClosedAnswers()

    async def __call__(self, texts: Sequence[str]) -> Agreement:
        """Group texts by what their answers mean."""
        from .values import is_formula

        answers = [self._closed.read(text) for text in texts]
        groups = same_answers(answers)
        if not groups:
            return abstain(self.name, "no text ends on a short answer")
        shown = [answer.shown if answer else None for answer in answers]
        formulas = [group for group in groups if all((answer := answers[n]) and is_formula(answer) for n in group)]
        if len(formulas) > 1:
            try:
                async with asyncio.timeout(self.seconds):
                    meaning = await _in_a_process([shown[group[0]] or "" for group in formulas])
            except TimeoutError:
                return abstain(self.name, f"comparing took longer than {self.seconds:g} s")
            joined: dict[int, list[int]] = {}
            for group, number in zip(formulas, meaning, strict=True):
                joined.setdefault(number, []).extend(group)
            groups = [*(group for group in groups if group not in formulas), *joined.values()]
        return agree(self.name, texts, groups, answers=spellings_of(answers, groups))


async def _in_a_process(written: Sequence[str]) -> list[int]:
    """Ask `algebra`, and end it where nobody waits for it any more."""
    script = str(Path(__file__).with_name("algebra.py"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", script, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    try:
        out, _ = await process.communicate(json.dumps(list(written)).encode())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise ChildProcessError(f"algebra ended with {process.returncode}")
    meaning: list[int] = json.loads(out)
    return meaning
