"""Plots that could not be written are refused, and those that can be are searchable SVG."""

import sys
from pathlib import Path

import pytest
from langgraph_moa import ConfigError, MissingExtra
from langgraph_moa.apps.plotting import check_plot, plotted


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plot.png", "found --plot .*plot.png, expected a name that ends in .svg; name it so"),
        ("plot", "expected a name that ends in .svg"),
        ("nowhere/plot.svg", "found no folder .*nowhere for --plot, expected one; make it first"),
    ],
)
def test_what_could_not_be_written_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        check_plot(tmp_path / name)


def test_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    with pytest.raises(MissingExtra, match="plot"):
        check_plot(tmp_path / "plot.SVG")


def test_text_stays_text_and_the_file_is_the_same_every_time(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        with plotted(file, size=(2, 1)) as figure:
            figure.text(0.1, 0.5, "precision")

    assert ">precision</text>" in files[0].read_text()
    assert files[0].read_bytes() == files[1].read_bytes()


def test_where_nothing_can_be_written_it_is_told(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    (tmp_path / "plot.svg").mkdir()

    with pytest.raises(ConfigError, match=r"^the plot cannot be written to .*plot\.svg: Is a directory"):  # noqa: SIM117
        with plotted(tmp_path / "plot.svg", size=(2, 1)):
            pass
