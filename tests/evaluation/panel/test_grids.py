"""Squares of members: numbers that are short, cells whose words can be read, and names that are told apart."""

import re
from xml.etree import ElementTree

import pytest
from langgraph_moa.evaluation.panel.analysis import analysed
from langgraph_moa.evaluation.panel.grids import STRONGEST, draw_correlation, draw_saves, short_correlation
from langgraph_moa.evaluation.panel.sheet import HUES
from recorded_panels import drawn_panel, recording

SVG = "{http://www.w3.org/2000/svg}"


def luminance(parts: list[float]) -> float:
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def rgb(colour: str) -> list[float]:
    return [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]


@pytest.mark.parametrize(("ink", "ground"), [("#1c1d21", "#ffffff"), ("#e7e9ee", "#15171c")])
@pytest.mark.parametrize("hue", HUES)
def test_words_on_the_strongest_cell_stand_out(hue: str, ink: str, ground: str) -> None:
    cell = [STRONGEST * a + (1 - STRONGEST) * b for a, b in zip(rgb(HUES[hue]), rgb(ground), strict=True)]

    low, high = sorted([luminance(cell), luminance(rgb(ink))])

    assert (high + 0.05) / (low + 0.05) >= 4.5


@pytest.mark.parametrize(
    ("value", "words"), [(0.421, "+.42"), (-0.1, "−.10"), (1.0, "+1.00"), (-1.0, "−1.00"), (0.001, ".00"), (0.0, ".00")]
)
def test_correlations_are_short(value: float, words: str) -> None:
    assert short_correlation(value) == words


def test_errors_that_part_are_told_from_those_that_meet_without_colour() -> None:
    columns = {"a": ["1", "2"] * 20, "b": ["2", "1"] * 20, "c": ["1", "2"] * 20, "sure": ["1"] * 40}

    svg = draw_correlation(analysed(recording(columns, ["1"] * 40)))

    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    assert sum(text.endswith("+1.00") for text in texts) == 2
    assert sum(text.endswith("−1.00") for text in texts) == 4
    assert sum(text.endswith("?") for text in texts) == 6
    assert len(re.findall(r'stroke-dasharray="3 2"', svg)) == 4 + 2  # of the scale, too


def test_a_few_fit_a_phone_and_many_scroll() -> None:
    few, many = (drawn_panel([f"claude-3-5-sonnet-2024{n:04}" for n in range(count)]) for count in (6, 14))

    assert 'width="440"' in draw_saves(analysed(few))
    assert "max-width" in draw_saves(analysed(few))
    assert "max-width" not in draw_saves(analysed(many))
    assert ">1 claude-3-5-sonnet-20240000<" in draw_saves(analysed(many))
