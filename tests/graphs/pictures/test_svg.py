"""The drawing: well-formed, nothing from elsewhere, for who sees it and who does not, and no more than text."""

import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.runnables.graph import Edge, Node
from langchain_core.runnables.graph import Graph as Drawing
from langgraph_moa.graphs.pictures.svg import Mark, svg_of

ODD = "<img src=x onerror=alert(1)>&\"'"
SVG = "{http://www.w3.org/2000/svg}"


def drawing(*names: str, label: Any = None) -> Drawing:
    nodes = {name: Node(name, name, None, {"moa_role": "proposer", "moa_model": f"model of {name}"}) for name in names}
    edges = [Edge(one, other, label, conditional=True) for one, other in pairwise(names)]
    return Drawing(nodes, edges)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def words(svg: str) -> str:
    return " ".join(parsed(svg).itertext())


def test_names_models_and_reasons_are_there() -> None:
    svg = svg_of(drawing("gate_1", "aggregate", label="agreed"), title="The graph moa", is_alone=True)

    root = parsed(svg)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "The graph moa"
    assert root.findtext(f"{SVG}desc") == "gate_1 leads to aggregate"
    assert [text.text for text in root.iter(f"{SVG}tspan")] == ["gate_1", "aggregate"]
    assert "model of gate_1" in words(svg)
    assert "agreed" in words(svg)


def test_what_others_wrote_is_text_and_no_more() -> None:
    svg = svg_of(drawing(ODD, "b", label=ODD), title=ODD, marks={ODD: Mark("ran", ODD)}, is_alone=True)

    assert {element.tag.removeprefix(SVG) for element in parsed(svg).iter()} == {
        *("svg title desc style rect g polyline path text tspan".split())
    }
    assert ODD in words(svg)


@pytest.mark.parametrize("examples", [60, pytest.param(500, marks=pytest.mark.soak)])
def test_any_name_makes_well_formed_xml(examples: int) -> None:
    def check(name: str, label: str) -> None:
        parsed(svg_of(drawing(name or "x", "other" + name, label=label), title=name, is_alone=True))

    settings(max_examples=examples, deadline=None)(given(st.text(), st.text())(check))()


@pytest.mark.parametrize("is_alone", [False, True])
def test_nothing_is_fetched_and_nothing_is_named_twice(is_alone: bool) -> None:
    svg = svg_of(drawing("a", "b", "c"), title="t", is_alone=is_alone)

    assert re.findall(r"url\(|href|@import|<script|<image|\bid=", svg) == []
    assert svg.replace('xmlns="http://www.w3.org/2000/svg"', "").count("http") == 0
    assert ("<style>" in svg) == is_alone


def test_a_file_of_its_own_has_a_ground_for_either_scheme() -> None:
    svg = svg_of(drawing("a", "b"), title="t", is_alone=True)

    assert "prefers-color-scheme:dark" in svg
    assert all(rule.startswith((".moa-alone", "@media")) for rule in re.findall(r"(?<=[>}])[.@][^{]+", svg))


def test_a_run_says_in_words_what_it_shows() -> None:
    marks = {
        "a": Mark("ran", "0.10 s"),
        "b": Mark("cut", "cancelled"),
        "c": Mark("failed", "error"),
        "d": Mark("skipped"),
    }
    svg = svg_of(drawing(*"abcd"), title="t", marks=marks, taken=[("a", "b")])

    assert [text.text for text in parsed(svg).iter("tspan")] == ["a", "0.10 s", "b", "cancelled", "c", "error", "d"]
    assert svg.count('stroke-width="2"') == 1
    assert "d: skipped" in words(svg)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", ["#ffffff", "#111111", "#1e1e1e", "#15171c"])
def test_lines_are_told_from_light_and_dark_grounds(ground: str) -> None:
    svg = svg_of(drawing("a", "b"), title="t", marks={"a": Mark("failed"), "b": Mark("ran")})

    for colour in {*re.findall(r'stroke="(#\w{6})"', svg)}:
        low, high = sorted([luminance(colour), luminance(ground)])
        assert (high + 0.05) / (low + 0.05) >= 3, colour
