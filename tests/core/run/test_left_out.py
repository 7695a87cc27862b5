"""What a request may go without is told in a note, and explained on a page."""

from pathlib import Path
from typing import get_args

from langgraph_moa.core.run.left_out import LeftOut
from langgraph_moa.core.run.report import make_report
from records import a_proposal

PAGE = Path(__file__).parents[3] / "docs" / "models.md"


def test_each_part_has_its_note_and_its_row() -> None:
    parts = get_args(LeftOut)
    run = make_report([a_proposal(left_out=[*parts])], [], turn="t", mixture="m")

    assert len(run["notes"]) == len(parts)
    rows = [line.split(" | ")[0] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert [part for part in parts if not any(f"`{part}`" in row for row in rows)] == []
