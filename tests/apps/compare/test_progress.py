"""How far a comparison has come: each system in turn, then the judge."""

from types import SimpleNamespace
from typing import Any

import pytest
from langgraph_moa.apps.compare import progress
from langgraph_moa.evaluation.batch.tally import Tally

ROW: Any = {"id": "a", "error": None}


def test_each_system_is_named_with_who_sits_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    watch, tally = progress.Watch(), Tally(questions=2)
    watch.know({"one": "one model: a", "moa": "models: as given"})
    for label in ("one", "moa"):
        watch.begin(label, tally.report())
        tally.count(ROW)
        watch.add(label, ROW, tally.report())
    watch.end()
    watch.end()  # it may be ended where it has ended

    lines = capsys.readouterr().err.splitlines()
    assert lines == ["one (one model: a)", "2 questions", "moa (models: as given)", "2 questions"]


def test_a_row_that_comes_after_the_end_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    progress.Watch().add("one", ROW, Tally().report())

    assert capsys.readouterr().err == ""


def test_verdicts_are_told_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = iter([0.0, 9.0, 10.0, 12.0, 20.5])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    watch = progress.Watch()
    for verdicts in (10, 1_020, 1_030, 1_040):
        watch.judged(verdicts)

    assert capsys.readouterr().err.splitlines() == ["1,020 verdicts", "1,040 verdicts"]
