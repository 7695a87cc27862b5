"""`help`, `-h` and `--help` say the same."""

import pytest
from commands import Run
from langgraph_moa.apps.program import COMMANDS


def test_of_the_program(run: Run) -> None:
    helps = {run(*line).out for line in (["help"], ["-h"], ["--help"], [])}

    assert len(helps) == 1
    assert all(f"  {name} " in text for text in helps for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_of_a_command(run: Run, name: str) -> None:
    helps = {run(*line) for line in (["help", name], [name, "-h"], [name, "--help"])}

    assert len(helps) == 1
    assert next(iter(helps)).out.startswith(f"Usage: langgraph-moa {name} ")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_no_sentence_is_cut(run: Run, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    words = run("-h").out.split()
    assert not [word for word in words if word.endswith("...") and word != "[ARGS]..."]
