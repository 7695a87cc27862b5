"""Measure ladders and debates on recorded answers of real models, and print the tables of docs/early-stop.md.

The answers are played through real graphs by scripted models; nothing is asked. They lie beside the project, in
`../shared/data`, and its README says where they are from.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from ladders import as_mean, as_share, debates, ladders  # noqa: E402
from replay import CRUX, DATA, GSM8K, WHY_NOT  # noqa: E402

QUESTIONS = 400
"""How many of each set are asked, the first ones; `--all` asks all."""


def climbed(most: int | None) -> Iterator[Sequence[str]]:
    """Yield the rows of what ladders come to."""
    yield "questions", "who is asked", "right (95 %)", "calls", "of the two strongest", "ended at first", "right there"
    for title, panel in (("GSM8K, easy", GSM8K), ("CRUX, hard", CRUX)):
        for name, climb in ladders(panel, most):
            made = climb()
            ended = as_share(made.ended).partition(" (")[0] if any(made.ended) else "-"
            strong = as_mean(made.strong).partition(" ")[0]
            yield title, name, as_share(made.right), as_mean(made.calls), strong, ended, as_share(made.right_first)
            title = ""


def debated(most: int | None) -> Iterator[Sequence[str]]:
    """Yield the rows of where a debate would not be held."""
    yield "questions", "three agents", "agree at once", "right there (95 %)", "calls, of 6"
    for title, who, debate in debates(most):
        made = debate()
        yield title, who, as_share(made.ended).partition(" (")[0], as_share(made.right_first), as_mean(made.calls)


def table(rows: Iterator[Sequence[str]]) -> str:
    """Write rows as Markdown."""
    head, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *others))


def main() -> None:
    """Print both tables."""
    if not DATA.is_dir():
        sys.exit(WHY_NOT)
    most = None if "--all" in sys.argv else QUESTIONS
    sys.stdout.write(f"{table(climbed(most))}\n\n{table(debated(most))}\n")


if __name__ == "__main__":
    main()
