"""What one part of chaos came to: what was tried, and what was lost, doubled, leaked or mixed."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
for folder in ("", "slow", "servers", "processes"):
    sys.path.append(str(ROOT / "tests" / "support" / folder))

HEAD = ["what", "tried", "lost", "doubled", "leaked", "mixed", "and"]


@dataclass
class Outcome:
    """Hold what came of one thing."""

    what: str
    tried: str
    lost: int = 0
    """Rows, turns or answers that were paid for and are not there."""
    doubled: int = 0
    """Rows or turns that are there twice."""
    leaked: int = 0
    """Files, tasks and connections that stay behind."""
    mixed: int = 0
    """Answers to somebody else's question."""
    notes: str = ""
    wrong: list[str] = field(default_factory=list)
    """What else is not as it should be."""
    skipped: str = ""
    """Why it could not be tried here."""

    def cells(self) -> list[str]:
        """Write it down as a line of the table."""
        if self.skipped:
            return [self.what, f"not here: {self.skipped}", *[""] * 5]
        counts = [str(count) for count in (self.lost, self.doubled, self.leaked, self.mixed)]
        return [self.what, self.tried, *counts, "; ".join(filter(None, [self.notes, *self.wrong]))]

    def broken(self) -> list[str]:
        """Say what is not as it should be."""
        counts = {"lost": self.lost, "doubled": self.doubled, "leaked": self.leaked, "mixed": self.mixed}
        return [*(f"{count} {what}" for what, count in counts.items() if count), *self.wrong]


def told_badly(err: str) -> list[str]:
    """Say what a person should not have been shown."""
    bad = [what for what in ("Traceback", "unexpected") if what in err]
    return [f"{bad[0]}: {err.strip().splitlines()[-1]!r:.200}"] if bad else []
