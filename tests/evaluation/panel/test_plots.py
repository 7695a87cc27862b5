"""Plots: points where their values are, each with its interval."""

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from langgraph_moa.evaluation.panel.analysis import PanelAnalysis, analysed
from langgraph_moa.evaluation.panel.plots import draw_accuracy, draw_curve
from recorded_panels import drawn_panel

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["a", "b", "c", "d"]


@pytest.fixture(scope="module")
def analysis() -> PanelAnalysis:
    return analysed(drawn_panel(NAMES, costs=[0.5, 0.05, 0.005, 0.0005], systems=["moa"]))


def points(svg: str) -> list[tuple[str, float, float]]:
    """Return what each point is called, and where it is."""
    return [
        (title, *map(float, re.findall(r"[\d.]+", path.get("d") or "")[:2]))  # type: ignore[misc]
        for path in ElementTree.fromstring(svg).iter(f"{SVG}path")
        if (title := path.findtext(f"{SVG}title") or "")
    ]


def test_the_stronger_stands_higher_and_further_right(analysis: PanelAnalysis) -> None:
    places = [x for _, x, _ in points(draw_accuracy(analysis))]

    assert places == sorted(places, reverse=True)
    assert len(places) == len(NAMES)


def test_each_point_has_its_interval(analysis: PanelAnalysis) -> None:
    svg = draw_curve(analysis)

    lines = [line.attrib for line in ElementTree.fromstring(svg).iter(f"{SVG}line")]
    upright = [line for line in lines if line["x1"] == line["x2"] and "stroke-width" in line]
    assert len(points(svg)) == 2 * len(NAMES) + 1
    assert len(upright) == len(points(svg)) + (analysis.curve.elbow is not None)


@pytest.mark.parametrize("draw", [draw_accuracy, draw_curve])
def test_nobody_recommended_and_no_elbow_can_be_drawn(analysis: PanelAnalysis, draw: Any) -> None:
    nobody = replace(analysis.recommendation, members=[])
    shown = draw(replace(analysis, recommendation=nobody, curve=replace(analysis.curve, elbow=None)))

    assert "recommended" not in shown
    assert "elbow" not in shown
