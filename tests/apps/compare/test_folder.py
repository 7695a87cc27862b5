"""A folder that holds a comparison's rows."""

import json
import re
from pathlib import Path

import pytest
from commands import Run
from sums import TWO


def test_rows_that_are_kept_go_on_and_are_graded_anew(run: Run, few: str) -> None:
    run("compare", few, *TWO, "--keep", "kept")
    Path("grade.py").write_text("def short(question, answer):\n    return len(answer) < 5 or None\n")
    again = run("compare", few, *TWO, "--keep", "kept", "--grader", "exact", "--json")

    assert "8 questions, 8 done before" in again.err
    assert Path("kept").stat().st_mode & 0o777 == 0o700
    assert json.loads(again.out)["grader"] == "exact"
    assert json.loads(again.out)["systems"][0]["score"]["mean"] == 0


def test_a_folder_knows_whose_rows_it_holds(run: Run, few: str) -> None:
    run("compare", few, *TWO, "--keep", "kept")

    other = run("compare", few, "--system", "offline:stems,label=words", "--system", "vote", "--keep", "kept")
    slower = run("compare", few, *TWO, "--keep", "kept", "--timeout", "9")

    assert other.code == 1
    assert other.err.startswith("error: found the rows of another system called words in kept, expected those of this")
    assert slower.code == 0


def test_another_aggregator_or_address_is_no_other_single_model(run: Run, few: str) -> None:
    both = [*TWO[:2], "--system", "single,proposers=offline:stems"]

    for aggregator in ("offline:stems", "offline:phrases"):
        done = run("compare", few, *both, "--keep", "kept", "--aggregator", aggregator)

        assert done.code == 0, done.err
    assert done.err.count("8 done before") == 2


@pytest.mark.parametrize("written", ["{", "[]", '{"words": 5}', '{"words": null}', "[" * 100_000, "\x00"])
@pytest.mark.parametrize("name", ["_systems.json", "_asked.json"])
def test_what_no_comparison_wrote_is_told_with_what_to_do(run: Run, few: str, name: str, written: str) -> None:
    run("compare", few, *TWO, "--keep", "kept")
    Path("kept", name).write_text(written)

    done = run("compare", few, *TWO, "--keep", "kept")

    assert done.code == 1
    assert re.search(
        rf"error: found no (JSON|systems) in kept/{name}, expected what an earlier comparison wrote; move", done.err
    )
    assert Path("kept", name).read_text() == written
