"""The page about a panel: it says what to do first, runs nothing, and is read on a phone, in the dark and on paper."""

import re
import tomllib
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser import opened
from langgraph_moa.evaluation.panel.analysis import PanelAnalysis, analysed
from langgraph_moa.evaluation.panel.page import panel_html
from langgraph_moa.evaluation.panel.pictures import PICTURES
from langgraph_moa.evaluation.panel.recording import PanelAnswer, PanelRow, Recording
from recorded_panels import HOSTILE, drawn_panel, recording

STYLES = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
NAMES = ["deepseek-chat", "Qwen2-72B-Instruct", "gemma-2-27b-it@together"]
CONTRASTS = """() => {
    const parts = colour => [...colour.match(/[\\d.]+/g).map(Number), 1].slice(0, 4)
    const over = (top, low) => [0, 1, 2].map(n => top[3] * top[n] + (1 - top[3]) * low[n])
    const linear = part => part <= 10.3 ? part / 255 / 12.92 : Math.pow((part / 255 + 0.055) / 1.055, 2.4)
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    const contrast = (one, other) => {
        const [low, high] = [light(one), light(other)].sort((a, b) => a - b)
        return (high + 0.05) / (low + 0.05)
    }
    const paper = parts(getComputedStyle(document.body).backgroundColor)
    const words = [...document.querySelectorAll('h1, h2, p, summary, caption, th, td, pre')].map(element => {
        const own = getComputedStyle(element), ground = parts(own.backgroundColor)
        return [element.textContent, contrast(parts(own.color), over(ground, paper))]
    })
    const drawn = [...document.querySelectorAll('svg')].flatMap(svg => {
        const rects = [...svg.querySelectorAll('rect')]
        const boxes = rects.map(rect => [rect.getBoundingClientRect(), getComputedStyle(rect)])
        return [...svg.querySelectorAll('text')].map(text => {
            const at = text.getBoundingClientRect(), x = at.x + at.width / 2, y = at.y + at.height / 2
            const under = boxes.filter(([box]) => box.left <= x && x <= box.right && box.top <= y && y <= box.bottom)
            const ground = under.reduce((low, [, look]) => {
                const [r, g, b] = parts(look.fill)
                return over([r, g, b, Number(look.fillOpacity)], low)
            }, paper)
            return [text.textContent, contrast(parts(getComputedStyle(text).fill), ground)]
        })
    })
    return [...words, ...drawn]
}"""


def essays() -> Recording:
    rows = [
        PanelRow(f"{n}", (PanelAnswer(None, 0.4, 0.4), PanelAnswer(None, n % 3 / 4, n % 3 / 4)), None, None)
        for n in range(40)
    ]
    return Recording(["steady", "moody"], rows)


@pytest.fixture(scope="module")
def whole() -> PanelAnalysis:
    return analysed(drawn_panel(NAMES, costs=[0.004, 0.0009, 0.0002], systems=["moa"]))


@pytest.fixture(scope="module")
def hostile() -> PanelAnalysis:
    return analysed(drawn_panel(HOSTILE, costs=[0.001] * 5, systems=HOSTILE[:2]))


@pytest.fixture(scope="module")
def many() -> PanelAnalysis:
    return analysed(drawn_panel([f"organisation/member-{n}" for n in range(44)], questions=31, costs=[0.001] * 44))


class Elements(HTMLParser):
    """Read a page as a browser does: its elements, and what they are given."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_what_to_do_and_what_can_be_won_come_first(whole: PanelAnalysis) -> None:
    html = unescape(panel_html(whole))

    places = [html.index(words[1:]) for words in (whole.recommendation.sentence, whole.ceiling.sentence())]
    places += [html.index(f'<h2 id="{name}">') for name in PICTURES]
    assert places == sorted(places)
    assert whole.recommendation.sure[1:] in html


def test_each_picture_has_words_and_figures(whole: PanelAnalysis) -> None:
    html = panel_html(whole)

    assert html.count("<svg") == html.count("<figcaption>") == html.count("The same in figures") == len(PICTURES)
    assert all(draw(whole) in html for draw in PICTURES.values())


def test_settings_are_those_of_a_settings_file(hostile: PanelAnalysis) -> None:
    (lines,) = re.findall(r"<pre>(.*?)</pre>", panel_html(hostile), re.DOTALL)

    settings = tomllib.loads(unescape(lines))

    assert settings["system"] == hostile.recommendation.settings["system"]
    assert len(settings["proposers"]) == len(hostile.recommendation.members)


@pytest.mark.parametrize("panel", ["whole", "hostile"])
def test_nothing_in_it_is_more_than_text_and_nothing_is_fetched(request: Any, panel: str) -> None:
    html = panel_html(request.getfixturevalue(panel))

    page = Elements(html)
    assert {"script", "img", "link", "a", "iframe", "image", "use"} & page.tags == set()
    assert {"src", "href", "srcset"} & page.attributes == set()
    assert [name for name in page.attributes if name.startswith("on")] == []
    assert f'content="{STYLES}"' in html
    assert re.findall(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", html) == []
    assert [char for char in html if char in "\x1b\x03\u202e\ud800"] == []
    html.encode("utf-8")


def test_empty_parts_are_told_in_sentences() -> None:
    alike = panel_html(analysed(recording({"a": ["1"] * 40, "b": ["1"] * 40}, ["1"] * 40)))
    marked = unescape(panel_html(analysed(essays())))

    assert alike.count("<svg") == 2
    assert "What answers cost is not known" in alike
    assert "No two members can be compared" in alike
    assert "Nobody saves anybody" in alike
    assert "There is no vote to draw" in marked
    assert "marked from 0 to 1" in marked


def test_too_few_questions_and_notes_are_told(whole: PanelAnalysis) -> None:
    few = analysed(drawn_panel(["a", "b"], questions=9))
    few.notes.append("a <b>note</b>")

    html = panel_html(few)

    assert "Too few questions to recommend a panel" in html
    assert "Note: a &lt;b&gt;note&lt;/b&gt;" in html
    assert "As settings" not in html


@pytest.mark.parametrize("panel", ["whole", "hostile"])
def test_in_a_browser_all_fits_and_stands_out(browser: Any, request: Any, tmp_path: Path, panel: str) -> None:
    file = tmp_path / "panel.html"
    file.write_text(panel_html(request.getfixturevalue(panel)), encoding="utf-8")

    tab, complaints = opened(browser, file, scheme="light", width=400)
    tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")

    for scheme, width in [("light", 400), ("dark", 400), ("dark", 1000), ("light", 1000)]:
        tab.emulate_media(color_scheme=scheme)
        tab.set_viewport_size({"width": width, "height": 900})
        measured = tab.evaluate(CONTRASTS)
        paper = tab.evaluate("getComputedStyle(document.body).backgroundColor")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        assert len(measured) > 100
        assert [(words, contrast) for words, contrast in measured if contrast < 4.5] == []
        assert (sum(map(int, re.findall(r"\d+", paper))) > 382) == (scheme == "light")
    assert tab.title() == "Which models belong in the panel"
    assert complaints == []


def test_words_of_a_picture_are_as_high_on_the_page_as_alone(
    browser: Any, whole: PanelAnalysis, tmp_path: Path
) -> None:
    """Styles of a page are about the pictures in it, too."""
    (tmp_path / "panel.html").write_text(panel_html(whole), encoding="utf-8")
    (tmp_path / "alone.svg").write_text(PICTURES["accuracy"](whole), encoding="utf-8")
    texts = "[...document.querySelectorAll('svg text')].slice(0, 9)"
    size = f"{texts}.map(one => getComputedStyle(one).fontSize)"

    sizes = [opened(browser, tmp_path / name, scheme="light")[0].evaluate(size) for name in ("panel.html", "alone.svg")]

    assert sizes[0] == sizes[1]
    for scheme, ground in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(21, 23, 28)")):
        tab, complaints = opened(browser, tmp_path / "alone.svg", scheme=scheme)
        assert tab.evaluate("getComputedStyle(document.querySelector('rect')).fill") == ground
        assert complaints == []


def test_many_members_scroll_in_their_own_box(browser: Any, many: PanelAnalysis, tmp_path: Path) -> None:
    file = tmp_path / "panel.html"
    file.write_text(panel_html(many), encoding="utf-8")

    tab, complaints = opened(browser, file, scheme="dark", width=400)

    assert complaints == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400
    assert tab.evaluate("document.querySelector('#correlation + figure .wide').scrollWidth") > 1000


def test_on_paper_it_is_light(browser: Any, whole: PanelAnalysis, tmp_path: Path) -> None:
    file = tmp_path / "panel.html"
    file.write_text(panel_html(whole), encoding="utf-8")
    tab, _ = opened(browser, file, scheme="dark")

    tab.emulate_media(media="print", color_scheme="dark")

    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate("getComputedStyle(document.querySelector('svg rect')).fill") == "rgb(255, 255, 255)"
    assert tab.evaluate("getComputedStyle(document.querySelector('svg text')).fill") == "rgb(28, 29, 33)"
