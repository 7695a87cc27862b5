"""What a run came to, as a page."""

from pathlib import Path

import pytest
from commands import Run
from loopback import Loopback, Reply


def test_a_report_is_a_page_of_the_run(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "run.html"

    done = run("ask", "What is 17 * 24?", "--report", str(page))

    assert (done.code, done.out) == (0, "17 * 24 = 408\n")
    assert f"report: {page}" in done.err
    assert "17 * 24 = 408" in page.read_text(encoding="utf-8")


def test_a_report_tells_of_a_run_that_failed_too(run: Run, loopback: Loopback, tmp_path: Path) -> None:
    loopback.default = Reply(status=500)
    page = tmp_path / "run.html"

    done = run("ask", "Why?", "--base-url", loopback.url, "--proposer", "a", "--report", str(page))

    assert done.code == 1
    html = page.read_text(encoding="utf-8")
    assert "There is no answer." in html
    assert "<b>failed</b>" in html
    assert "Why?" in html
    assert "0 of 1 proposals were usable, expected at least 1: a: error (Error code: 500" in html


@pytest.mark.parametrize("where", ["nowhere/run.html", "."])
def test_a_report_that_cannot_be_written_is_told_before_anything_is_asked(
    run: Run, loopback: Loopback, where: str
) -> None:
    done = run("ask", "x", "--base-url", loopback.url, "--proposer", "a", "--report", where)

    assert (done.code, done.out) == (1, "")
    assert f"the report cannot be written to {where}, expected a file in a folder that is there" in done.err
    assert loopback.requests == []


def test_the_report_holds_the_graph_with_what_was_left_out(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "run.html"

    assert run("ask", "What is 17 * 24?", "--layers", "3", "--report", str(page)).code == 0

    html = page.read_text(encoding="utf-8")
    assert "<title>layer_1/words, offline:words, ran, " in html
    assert "<title>layer_2/words, offline:words, skipped, not run</title>" in html
