"""What pictures show, as figures: every number that was measured is there, and nothing is made up."""

import pytest
from langgraph_moa.evaluation.panel.analysis import PanelAnalysis, analysed
from langgraph_moa.evaluation.panel.pictures import PICTURES
from langgraph_moa.evaluation.panel.tables import captions_of, figures_about
from recorded_panels import drawn_panel, recording


@pytest.fixture(scope="module")
def analysis() -> PanelAnalysis:
    return analysed(drawn_panel(["a", "b", "c"], costs=[0.004, 0.002, 0.001], systems=["moa"]))


@pytest.mark.parametrize("name", PICTURES)
def test_rows_are_as_long_as_their_heads(analysis: PanelAnalysis, name: str) -> None:
    tables = figures_about(name, analysis)

    assert tables
    assert all(len(row) == len(table.heads) for table in tables for row in table.rows)
    assert captions_of(name, analysis)


def test_figures_are_those_that_were_measured(analysis: PanelAnalysis) -> None:
    members, steps = figures_about("accuracy", analysis)
    square, kept_or_lost = figures_about("saves", analysis)
    sizes, mixtures = figures_about("curve", analysis)
    (costs,) = figures_about("cost", analysis)

    assert [row[1] for row in members.rows] == [f"{100 * m.accuracy.mean:.1f} %" for m in analysis.members]
    assert [row[0] for row in steps.rows] == [step.name for step in analysis.steps]
    assert square.rows[0] == ["1 a", "–", *(f"{count}" for count in analysis.saves[0][1:])]
    assert {row[0]: {"kept": int(row[1]), "lost": int(row[2])} for row in kept_or_lost.rows} == analysis.fates[0].savers
    assert [row[0] for row in sizes.rows] == ["1", "2", "3"]
    assert mixtures.rows[0][:2] == ["moa", "3"]
    assert [row[0] for row in costs.rows[3:]] == ["vote of 2", "vote of 3", "moa"]
    assert {row[0]: row[2:] for row in costs.rows}["a"] == ["4,000", "$0.004"]


def test_what_is_not_there_is_said_in_words() -> None:
    alike = analysed(recording({"a": ["1"] * 20 + ["2"] * 20, "b": ["1"] * 20 + ["2"] * 20}, ["1"] * 40))

    assert figures_about("cost", alike) == []
    assert figures_about("saves", alike) == []
    assert any("nothing is known of what an aggregator kept" in words for words in captions_of("saves", alike))
    assert any("No mixture's own answers" in words for words in captions_of("curve", alike))
    assert [words for words in captions_of("correlation", alike) if words.startswith("Least")] == []
    assert "The elbow is at a single member: what more of them get is within noise." in captions_of("curve", alike)
