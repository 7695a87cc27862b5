"""The same wording for all systems."""

from pathlib import Path

import pytest
from compared import FEW, alone, compare, obeys, right
from langgraph_moa import ConfigError, Vote, create_moa


def test_all_systems_are_asked_to_mark_their_answers_alike() -> None:
    voters = create_moa(proposers=[obeys(4, name_of_model=n) for n in "xyz"], aggregator=[Vote(), obeys(4)])

    found = compare({"single": alone(obeys(4)), "vote": voters}, FEW)

    assert [system.score.mean for system in found.systems] == pytest.approx([6 / 10] * 2)
    assert [system.unread for system in found.systems] == [0, 0]


def test_rows_of_another_wording_are_not_mixed(tmp_path: Path) -> None:
    systems = {"a": right(4), "b": right(5)}
    compare(systems, FEW, out=tmp_path)

    assert compare(systems, FEW, out=tmp_path, grader="exact").grader == "exact"
    with pytest.raises(ConfigError, match=r"^found rows in .* of questions that ask for a marked answer"):
        compare(systems, FEW, out=tmp_path, mark=False)
