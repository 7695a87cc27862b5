"""Keep what answers were found to be worth beside the rows, for whoever reads those again."""

import json
from collections.abc import Mapping
from pathlib import Path

from ...core.errors import ConfigError
from ..grading.answered import GradedAnswers
from .in_turn import file_of
from .preparing import GRADES


def note_grades(folder: Path, answered: Mapping[str, GradedAnswers]) -> None:
    """Write the grade of each answer of each system, a line each; an earlier grader's give way.

    Args:
        folder: Where the rows are.
        answered: The rows with their grades.

    Raises:
        ConfigError: The file cannot be written.
    """
    lines = [
        json.dumps({"file": file_of(folder, label).name, "id": row["id"], "score": grade.score})
        for label, one in answered.items()
        for row, grade in zip(one.rows, one.grades, strict=True)
        if grade.score is not None
    ]
    file = folder / GRADES
    try:
        file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"the grades cannot be written to {file}: {exc.strerror or exc}; make room for them") from exc
