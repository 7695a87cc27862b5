"""What a comparison comes to, as a table and as a picture."""

import re
from pathlib import Path

import pytest
from commands import Run
from sums import SUMS, TWO
from syrupy.assertion import SnapshotAssertion

_SECONDS = re.compile(r"\d\.\d\d s")


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_on_screens(
    monkeypatch: pytest.MonkeyPatch, run: Run, few: str, columns: int, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    wide = ["--system", "vote,label=名前 of all 👍🏽"]

    assert _SECONDS.sub("0.00 s", run("compare", few, *TWO, *wide).out) == snapshot


def test_what_is_missing_comes_first_in_the_notes(run: Run, sums: str) -> None:
    Path(sums).write_text(SUMS + '{"question": "Why?"}\n{"question": "What is a gate?", "gold": "a node"}\n')

    notes = run("compare", sums, *TWO).out.partition("\n- ")[2].splitlines()

    assert notes[0] == "left out: 1 without gold that can be read"
    assert notes[1].startswith(
        "- no short answer was found at the end, which counts as wrong: words in 1, self-moa in 1"
    )


def test_the_plot_is_the_same_every_time_and_can_be_read(run: Run, few: str) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    drawn = []
    for file in ("one.svg", "two.svg"):
        run("compare", few, *TWO, "--keep", "kept", "--plot", file)
        drawn.append(Path(file).read_text("utf-8"))

    assert drawn[0] == drawn[1]
    for label in ("words", "self-moa", "tokens a question", "seconds a question, the median"):
        assert f">{label}</text>" in drawn[0]
