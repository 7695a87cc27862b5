"""Pictures of a panel: well-formed, nothing from elsewhere, as they are expected to look, and no more than text."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from langgraph_moa.core.text import printable
from langgraph_moa.evaluation.panel.analysis import PanelAnalysis, analysed
from langgraph_moa.evaluation.panel.pictures import ABSENCES, PICTURES
from langgraph_moa.evaluation.panel.recording import PanelAnswer, PanelRow, Recording
from recorded_panels import HOSTILE, drawn_panel, recording

SVG = "{http://www.w3.org/2000/svg}"


def essays() -> Recording:
    """Make a panel whose answers have marks, and a judge's scores."""
    rows = [
        PanelRow(f"{n}", (PanelAnswer(None, 0.4, 0.4), PanelAnswer(None, n % 3 / 4, n % 3 / 4)), None, None)
        for n in range(40)
    ]
    return Recording(["steady", "moody"], rows)


@pytest.fixture(scope="module")
def panels() -> Mapping[str, PanelAnalysis]:
    names = ["deepseek-chat", "Qwen2-72B-Instruct", "gemma-2-27b-it@together"]
    alike = {"a": ["1"] * 40, "b": ["1"] * 40}
    return {
        "whole": analysed(drawn_panel(names, costs=[0.004, 0.0009, 0.0002], systems=["moa", "ranked"])),
        "bare": analysed(drawn_panel(names)),
        "essays": analysed(essays()),
        "alike": analysed(recording(alike, ["1"] * 40)),
        "hostile": analysed(drawn_panel(HOSTILE, costs=[0.001] * 5, systems=HOSTILE[:2])),
        "many": analysed(drawn_panel([f"member-{n}-of-many" for n in range(44)], questions=35, costs=[0.001] * 44)),
    }


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def words(svg: str) -> str:
    return " ".join(parsed(svg).itertext())


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("panel", ["whole", "bare", "essays", "alike", "hostile", "many"])
def test_each_is_well_formed_with_a_title_and_fetches_nothing(
    panels: Mapping[str, PanelAnalysis], name: str, panel: str
) -> None:
    svg = PICTURES[name](panels[panel])

    root = parsed(svg)
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg title desc style rect line polyline path text".split())
    }
    assert root.findtext(f"{SVG}title")
    assert root.findtext(f"{SVG}desc")
    assert root.get("role") == "img"
    assert re.findall(r"url\(|href|@import|<script|<image|\bid=|\son\w+=", re.sub(r">[^<]*<", "><", svg)) == []
    assert svg.replace('xmlns="http://www.w3.org/2000/svg"', "").count("http") == 0
    assert [value for value in re.findall(r'="([^"]*)"', svg) if value in ("nan", "inf")] == []


@pytest.mark.parametrize("name", PICTURES)
def test_all_is_on_the_sheet(panels: Mapping[str, PanelAnalysis], name: str) -> None:
    for analysis in panels.values():
        root = parsed(PICTURES[name](analysis))
        wide, high = (float(root.get(side) or 0) for side in ("width", "height"))
        for text in root.iter(f"{SVG}text"):
            assert 0 <= float(text.get("x") or -1) <= wide
            assert 0 <= float(text.get("y") or -1) <= high


@pytest.mark.parametrize("name", PICTURES)
def test_as_it_is_expected_to_look(panels: Mapping[str, PanelAnalysis], name: str, snapshot: Any) -> None:
    assert PICTURES[name](panels["whole"]).replace("><", ">\n<") == snapshot


def test_what_others_named_is_text_and_no_more(panels: Mapping[str, PanelAnalysis]) -> None:
    for draw in PICTURES.values():
        shown = words(draw(panels["hostile"]))
        assert [char for char in shown if char in "\x1b\x03\u202e\ufffe\ud800"] == []
    shown = words(PICTURES["accuracy"](panels["hostile"]))
    assert HOSTILE[0] in shown
    assert printable(HOSTILE[1]).replace("\ufffe", "") in shown
    assert "(no name)" in shown


@pytest.mark.parametrize(
    ("panel", "name", "sentence"),
    [
        ("bare", "cost", "What answers cost is not known"),
        ("alike", "correlation", "No two members can be compared"),
        ("alike", "saves", "Nobody saves anybody"),
    ],
)
def test_where_there_is_nothing_to_draw_a_sentence_says_why(
    panels: Mapping[str, PanelAnalysis], panel: str, name: str, sentence: str
) -> None:
    assert sentence in words(PICTURES[name](panels[panel]))
    assert (ABSENCES[name](panels[panel]) or "").startswith(sentence)
    assert ABSENCES[name](panels["whole"]) is None


def test_numbers_say_what_colours_do(panels: Mapping[str, PanelAnalysis]) -> None:
    analysis = panels["whole"]
    cells = [text.text or "" for text in parsed(PICTURES["saves"](analysis)).iter(f"{SVG}text")]
    cells += ["".join(text.itertext()) for text in parsed(PICTURES["saves"](analysis)).iter(f"{SVG}text")]

    for m, row in enumerate(analysis.saves):
        for n, count in enumerate(row):
            assert m == n or any(cell.endswith(f"{count}") for cell in cells)
    for fate in analysis.fates:
        for counts in fate.savers.values():
            assert f"{counts['kept']} kept, {counts['lost']} lost" in cells


def test_the_elbow_the_ceiling_and_mixtures_are_on_the_curve(panels: Mapping[str, PanelAnalysis]) -> None:
    analysis = panels["whole"]

    shown = words(PICTURES["curve"](analysis))

    assert f"elbow: {analysis.curve.elbow}" in shown
    assert "ceiling: one of them is right" in shown
    assert "A: moa, " in shown
    assert "B: ranked, " in shown
    assert "whom the recorded judge puts first" in words(PICTURES["curve"](panels["essays"]))
    assert "elbow" not in words(PICTURES["curve"](panels["essays"]))


def test_money_is_drawn_where_it_is_known_else_tokens(panels: Mapping[str, PanelAnalysis]) -> None:
    free = analysed(drawn_panel(["a", "b"], costs=[0.0, 0.0]))
    partly = replace(
        panels["whole"], members=[replace(panels["whole"].members[0], usd=None), *panels["whole"].members[1:]]
    )

    assert "US dollars a question" in words(PICTURES["cost"](panels["whole"]))
    assert "tokens of answers a question" in words(PICTURES["cost"](free))
    assert "nobody knows what they cost: deepseek-chat" in words(PICTURES["cost"](partly))
