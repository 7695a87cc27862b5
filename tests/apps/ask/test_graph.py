"""A mixture's graph, printed and drawn."""

import sys
from pathlib import Path

import pytest
from commands import Run


def test_graph_prints_mermaid(run: Run) -> None:
    done = run("graph", "--proposer", "offline:words", "--layers", "3")

    assert "layer_2/words" in done.out
    assert "moa_role" not in done.out


def test_graph_draws_a_picture(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("pygraphviz", reason="the extra `png` is not installed")

    assert run("graph", "--png", str(tmp_path / "moa.png")).code == 0
    assert (tmp_path / "moa.png").read_bytes().startswith(b"\x89PNG")


def test_without_the_extra_its_name_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)

    assert "pip install 'langgraph-moa[png]'" in run("graph", "--png", "x.png").err
