"""A comparison in a notebook: its table, its verdict, and no more than text."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser import opened
from compared import QUESTIONS, compare, mixed, right
from langgraph_moa.evaluation.comparing.cast import ModelRoles, Roles
from langgraph_moa.evaluation.comparing.measures import Comparison
from langgraph_moa.evaluation.comparing.shown import comparison_html, notes_of

ODD = "<img src=x onerror=alert(1)> & \"'"


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare({"one": right(4), "two": right(20), "moa": mixed(1)}, QUESTIONS)


class Reader(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_names_scores_with_intervals_and_the_verdict_are_there(comparison: Comparison) -> None:
    words = Reader(comparison._repr_html_()).words

    assert comparison.verdict in words
    assert {"one *", "two", "moa"} <= set(words)
    score = comparison.named("moa").score
    assert {f"{100 * score.mean:.1f} %", f"{100 * score.low:.1f} to {100 * score.high:.1f} %"} <= set(words)
    assert [word for word in words if re.fullmatch(r"[+-]\d+\.\d \[[+-]\d+\.\d, [+-]\d+\.\d\]", word)]
    assert set(notes_of(comparison)) <= set(words)


def test_what_others_wrote_is_text_and_nothing_is_fetched_or_styled_outside(comparison: Comparison) -> None:
    first, *others = comparison.systems
    odd = replace(comparison, verdict=ODD, grader=ODD, notes=[ODD], systems=[replace(first, label=ODD), *others])
    read = Reader(html := comparison_html(odd))

    assert read.tags == set("div p strong table caption thead tbody tr th td ul li".split())
    assert read.words.count(ODD) == 3
    assert re.findall(r"https?:|url\(|<style|class=|\bid=", html) == []


def test_both_rankings_of_roles_are_a_table_too(comparison: Comparison) -> None:
    spread = comparison.named("moa").score
    model = ModelRoles(ODD, spread, spread, None, (1, 2), None, None)
    html = comparison_html(replace(comparison, roles=Roles("one aggregates", [model], [ODD])))
    read = Reader(html)

    assert read.words.count(ODD) == 2
    assert {"aggregator rank", "missed as proposer", "1 to 2"} <= set(read.words)
    assert html.count("<table") == 2


def test_what_is_not_known_is_never_nothing(comparison: Comparison) -> None:
    systems = [replace(system, usd=None, tokens=None) for system in comparison.systems]
    words = Reader(comparison_html(replace(comparison, systems=systems))).words

    assert words.count("unknown") == 6


def test_lone_halves_of_characters_can_be_written(comparison: Comparison, tmp_path: Path) -> None:
    html = comparison_html(replace(comparison, verdict="a\ud800b"))

    (tmp_path / "x.html").write_text(html, encoding="utf-8")
    assert "a\ufffdb" in html


@pytest.mark.parametrize("colours", [("rgb(10, 10, 10)", "#fff"), ("rgb(230, 230, 230)", "#111")])
def test_in_a_browser_it_takes_on_the_colours_around_it(
    browser: Any, comparison: Comparison, tmp_path: Path, colours: Any
) -> None:
    ink, ground = colours
    page = tmp_path / "comparison.html"
    # Without a doctype, as some hosts have it, tables inherit no colour by themselves.
    page.write_text(f'<body style="margin:8px;color:{ink};background:{ground}">{comparison._repr_html_()}', "utf-8")

    tab, said = opened(browser, page, scheme="dark", width=390)
    inks = tab.evaluate("[...document.querySelectorAll('td, th, caption, p, li')].map(e => getComputedStyle(e).color)")
    width = tab.evaluate("document.documentElement.scrollWidth")

    assert said == []
    assert set(inks) == {ink}
    assert width <= 390
