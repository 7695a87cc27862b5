"""What a person sees of a batch while it runs."""

import io
from types import SimpleNamespace

import pytest
from langgraph_moa.apps.batch import progress
from langgraph_moa.evaluation.batch.questions import Row
from langgraph_moa.evaluation.batch.tally import BatchReport
from rich.console import Console

ROW = Row(id="a", answer=None, run=None, error="x", gold=None, seconds=0.1)


def sums(done: int, *, errors: int = 0, usd: float | None = 0.5) -> BatchReport:
    return BatchReport(
        questions=2_000,
        done_before=100,
        answered=done - errors,
        errors=errors,
        left=2_000 - done,
        calls=4 * done,
        tokens=10 * done,
        usd=usd,
        seconds=10.0,
        stopped=None,
    )


def shown(*, terminal: bool, clock: list[float], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.pop(0)))
    console = Console(file=io.StringIO(), force_terminal=terminal, width=120, color_system=None)
    with progress.BatchView(console) as view:
        view.begin(sums(100))
        for done in (400, 1_000, 2_000):
            view.add(ROW, sums(done, errors=done // 1_000, usd=None if done > 1_000 else 0.5))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_without_a_terminal_it_is_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(terminal=False, clock=[0.0, 5.0, 11.0, 21.0], monkeypatch=monkeypatch).splitlines() == [
        "2,000 questions, 100 done before",
        "1,000 of 2,000 questions: 90.0 questions/s, $0.5000, 1 error",
        "2,000 of 2,000 questions: 190.0 questions/s, 20,000 tokens, 2 errors",
    ]


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_on_a_narrow_terminal_no_figure_is_cut(columns: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=columns, color_system=None)
    with progress.BatchView(console) as view:
        view.begin(sums(100))
        view.add(ROW, {**sums(1_000, errors=7), "usd": 1234.5, "questions": 1_000_000})

    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert "…" not in told
    for figure in ("1000/2000", "90.0", "$1,234.5000,", " 7", "errors,"):
        assert figure in told
    assert ("time left" in told) == (columns >= 60)


def test_on_a_terminal_it_is_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    told = shown(terminal=True, clock=[0.0] * 99, monkeypatch=monkeypatch)

    assert "2000/2000 190.0 questions/s, 20,000 tokens, 2 errors, time left 0:00:00" in told


def test_the_sums_are_one_line() -> None:
    assert progress.batch_summary(sums(1_000, errors=2)) == (
        "2,000 questions: 998 answered, 2 errors, 1,000 left; 4,000 calls, 10,000 tokens, $0.5000, 10.0 s"
    )
    assert "cost unknown" in progress.batch_summary(sums(1_000, usd=None))
