"""The sheet: scales with round ticks, names that fit, and text that is no more than text."""

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.evaluation.panel.sheet import (
    HUES,
    Scale,
    Sheet,
    nice_step,
    notice,
    share_scale,
    shortened,
    shown_name,
)
from rich.cells import cell_len

shares = st.floats(0, 1)


@given(st.lists(shares, min_size=1))
def test_a_scale_of_shares_holds_them_all_within_what_is_possible(values: list[float]) -> None:
    scale = share_scale(values, 0, 100)

    assert 0 <= scale.low <= min(values)
    assert max(values) <= scale.high <= 1
    assert scale.low < scale.high
    assert all(0 <= scale.at(value) <= 100 for value in values)
    assert 2 <= len(scale.ticks()) <= 9


@given(st.floats(1e-9, 1e9), st.floats(1.5, 1e6))
def test_ticks_are_few_and_inside(low: float, times: float) -> None:
    for scale in (Scale(low, low * times, 0, 1, is_log=True), Scale(0, low, 0, 1)):
        ticks = scale.ticks()
        assert len(ticks) <= 13
        assert all(-1e-6 <= scale.at(tick) <= 1 + 1e-6 for tick in ticks)


@pytest.mark.parametrize(("length", "step"), [(0.1, 0.02), (1, 0.2), (7, 2), (0, 1), (0.029, 0.005)])
def test_steps_are_round(length: float, step: float) -> None:
    assert nice_step(length) == pytest.approx(step)


@given(st.text(), st.integers(4, 60))
def test_a_shortened_name_fits(name: str, cells: int) -> None:
    assert cell_len(shortened(shown_name(name), cells)) <= max(cells, 1)


def test_a_name_is_shortened_in_its_middle() -> None:
    assert shortened("claude-3-5-sonnet-20241022", 16) == "claude-3…0241022"
    assert shortened("short", 16) == "short"
    assert shown_name("\u200b ") == "(no name)"
    assert shown_name("two\nlines") == "two lines"


@given(st.text(), st.text())
def test_any_words_make_well_formed_xml(title: str, words: str) -> None:
    svg = notice(title, words)

    assert "\ufffe" not in svg
    ElementTree.fromstring(svg)


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("ground", ["#ffffff", "#15171c"])
def test_hues_are_told_from_light_and_dark_grounds(ground: str) -> None:
    for hue in HUES.values():
        low, high = sorted([luminance(hue), luminance(ground)])
        assert (high + 0.05) / (low + 0.05) >= 3, hue


def test_a_long_title_or_word_stays_inside() -> None:
    root = ElementTree.fromstring(Sheet("t").svg(10, "x" * 9000))
    assert len(root.findtext("{http://www.w3.org/2000/svg}desc") or "") == 4000

    lines = ElementTree.fromstring(notice("t", "模型" * 200)).iter("{http://www.w3.org/2000/svg}text")
    assert all(cell_len(line.text or "") <= 66 for line in lines)
