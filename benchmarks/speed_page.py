"""Write docs/measured.md: rows with goals, in sections that are written anew one by one."""

import os
import platform
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "tests" / "support" / "slow")]
from tables import columns  # noqa: E402 - found by the line above

PAGE = ROOT / "docs" / "measured.md"
HEAD = ("what", "measured", "goal", "n", "")
_SECTION = re.compile(r"(?m)^## (.+)\n")


class Row(NamedTuple):
    """Hold one measured value, and what it should be."""

    what: str
    value: float
    n: str
    """Of how many runs, or turns, it is the median."""
    goal: float | None = None
    unit: str = ""
    at_least: bool = False
    digits: int = 2

    @property
    def cells(self) -> Sequence[str]:
        """Return what stands in its line."""
        value = f"{self.value:,.{self.digits}f}{self.unit}"
        if self.goal is None:
            return self.what, value, "", self.n, ""
        reached = self.value >= self.goal if self.at_least else self.value <= self.goal
        goal = f"{'≥' if self.at_least else '≤'} {self.goal:g}{self.unit}"
        return self.what, value, goal, self.n, "" if reached else "missed"


def table(rows: Sequence[Row]) -> str:
    """Return rows as a page shows them."""
    return columns([HEAD, *(row.cells for row in rows)])


def when_and_where(command: str) -> str:
    """Say which command wrote a section, when, and on which machine."""
    ran = f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"Written by `{command}` ({ran})."


def with_sections(page: str, sections: dict[str, str]) -> str:
    """Return a page with sections written anew, by their headings; others stay, and new ones come before the last."""
    head, *rest = _SECTION.split(page)
    so_far = dict(zip(rest[::2], rest[1::2], strict=True))
    last = {heading: so_far.pop(heading) for heading in list(so_far)[-1:]}
    whole = {**so_far, **sections, **last} if not last.keys() & sections.keys() else {**so_far, **sections}
    return head + "".join(f"## {heading}\n\n{text.strip()}\n\n" for heading, text in whole.items()).rstrip() + "\n"
