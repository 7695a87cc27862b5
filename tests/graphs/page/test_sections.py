"""What the page about a run draws, sums up and puts together, and how it shows itself in a notebook."""

import re
from pathlib import Path
from typing import Any

import pytest
from browser import opened
from langgraph_moa import ConfigError, InputError, Price, Proposer, create_moa, report
from langgraph_moa.core.offline.scripted import ScriptedModel

SCRIPT = "<script>document.title = 'owned'</script>"
QUESTION = {"messages": [("user", f"Which? {SCRIPT}")]}


def says(script: Any, name: str) -> Proposer:
    return Proposer(ScriptedModel(script=script, name_of_model=name), name=name)


def mixture(**options: Any) -> Any:
    eight = [says("Well.\n\nFinal answer: 7", name) for name in "abcdefgh"]
    last = ScriptedModel(script="It is 7.", name_of_model="last")
    return create_moa(**{"proposers": eight, "aggregator": last, "layers": 3, **options})


@pytest.fixture(scope="module")
def moa() -> Any:
    return mixture()


@pytest.fixture(scope="module")
def result(moa: Any) -> Any:
    return moa.invoke(QUESTION)


def titles(page: str) -> list[str]:
    return re.findall(r"<title>([^<]*)</title>", page.partition("<svg")[2])


def test_the_graph_is_drawn_with_what_ran_and_what_did_not(moa: Any, result: Any) -> None:
    page = report(result, moa)

    assert len(titles(page)) == 1 + 2 + 2 * 8 + 2 + 1  # of all, the ends, two layers, their gates, and the aggregator
    assert "layer_2/a, a, skipped, not run" in titles(page)
    assert "gate_1, ran, 8 of 8 usable" in titles(page)
    assert "left out here" not in page


def test_without_the_mixture_the_graph_ends_where_the_run_did(result: Any) -> None:
    page = report(result)

    assert not [title for title in titles(page) if title.startswith("layer_2")]
    assert "8 calls saved" in page
    assert "left out here" in page


def test_another_mixtures_graph_is_refused(result: Any) -> None:
    with pytest.raises(InputError, match="give its own mixture"):
        report(result, mixture(layers=2))
    with pytest.raises(ConfigError, match="no mixture"):
        report(result, ScriptedModel(script="x"))  # type: ignore[arg-type]


def test_eight_who_say_the_same_are_one_card(result: Any) -> None:
    page = report(result)

    assert page.count("<article") == 1
    assert page.count('<div class="text">Well.') == 1
    assert "<h3>a, b, c, d, e, f, g, h</h3>" in page
    assert "8 say the same" in page


def test_eight_who_failed_the_same_way_are_one_card() -> None:
    broken = [says(ConnectionError("refused"), name) for name in "abcdefgh"]
    page = report(mixture(proposers=[*broken, says("x", "i")], layers=2).invoke(QUESTION))

    assert page.count("<article") == 2
    assert "8 × error" in page
    assert page.count('<p class="bad">ConnectionError: refused</p>') == 1


def test_other_words_for_the_same_are_there_once() -> None:
    words = [says("Seven.\n\nFinal answer: 7", "a"), *(says("3 + 4.\n\nFinal answer: 7", name) for name in "bc")]
    page = report(mixture(proposers=words, layers=2).invoke(QUESTION))

    assert page.count("<article") == 1
    assert page.count('<div class="text">3 + 4.') == page.count('<div class="text">Seven.') == 1
    assert page.count("In the words of") == 1


def rows(page: str) -> dict[str, list[str]]:
    """Return the table of costs."""
    table = page.partition('<table class="costs">')[2].partition("</table>")[0]
    cells = [
        re.findall(r"<t[dh]>(.*?)</t[dh]>", row, re.DOTALL) for row in re.findall(r"<tr>.*?</tr>", table, re.DOTALL)
    ]
    return {name: figures for name, *figures in cells}


def test_costs_stand_by_model_and_what_is_unknown_is_not_nothing() -> None:
    prices = {"last": Price(input=1e4, output=1e4)}
    unpriced = says(ConnectionError("broken off"), "unpriced")
    state = mixture(proposers=[unpriced, says("y", "b")], prices=prices, layers=2).invoke(QUESTION)
    costs = rows(report(state))

    assert list(costs) == ["model", "unpriced", "last", "b", "all"]
    assert costs["unpriced"][0] == costs["unpriced"][2] == "unknown"
    assert costs["b"][0] == "free"
    assert costs["last"][0].startswith("$")
    assert costs["all"][0] == f"unknown, ≥ {costs['last'][0]}"
    assert costs["all"][1] == str(state["run"]["calls"])


def test_it_is_a_string_that_shows_itself_and_styles_nothing_else(moa: Any, result: Any) -> None:
    page = report(result, moa)
    shown = page._repr_html_()
    style, _, body = shown.partition("</style>")

    assert isinstance(page, str)
    assert style.startswith("<style>")
    assert body.strip().startswith('<div class="moa-page">')
    assert body.strip().endswith("</div>")
    selectors = [part for rule in re.findall(r"(?<=[{}>])([^{}@]+)\{", style) for part in rule.split(",")]
    assert [part for part in selectors if ".moa-page" not in part] == []
    assert re.findall(r"<script|<iframe|<link|<meta|<body|https?:|url\(|@import|\bid=", shown) == []


def test_ipython_gets_the_page_and_a_short_word_for_terminals(result: Any) -> None:
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    data, _ = formatters.DisplayFormatter().format(report(result))

    assert data["text/html"] == report(result)._repr_html_()
    assert re.fullmatch(r"<a page of [\d,]+ characters about a run>", data["text/plain"])


HOSTS = {
    "JupyterLab, light": ('<body data-jp-theme-light="true">', True),
    "JupyterLab, dark": ('<body data-jp-theme-light="false">', False),
    "VS Code, dark": ('<body class="vscode-dark">', False),
    "VS Code, light contrast": ('<body class="vscode-high-contrast vscode-high-contrast-light vscode-light">', True),
    "Colab, dark": ('<html theme="dark"><body>', False),
    "nobody knows": ("<body>", None),
}


def test_in_a_notebook_it_goes_by_the_theme_and_can_be_read(
    browser: Any, moa: Any, result: Any, tmp_path: Path
) -> None:
    """Open each host once, without the page and with it, in one tab, which takes on both schemes."""
    looks = (
        "(q => { const s = getComputedStyle(document.querySelector(q)); return [s.color, s.backgroundColor, s.font] })"
    )
    inks = "[...document.querySelectorAll('.moa-page td, .moa-page h1')].map(e => getComputedStyle(e).color)"
    file = tmp_path / "notebook.html"
    file.touch()
    tab, said = opened(browser, file, scheme="light", width=390)

    def seen(html: str, *scripts: str) -> list[list[Any]]:
        file.write_text(html, encoding="utf-8")
        tab.reload()
        found = []
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)
            found.append([tab.evaluate(script) for script in scripts])
        return found

    for host, (start, is_light) in HOSTS.items():
        bare = f"{start}<h1 id='mine'>mine</h1>"
        untouched = seen(bare, f"{looks}('#mine')")
        shown = seen(
            f"{bare}{report(result, moa)._repr_html_()}",
            f"{looks}('#mine')",
            f"{looks}('.moa-page')",
            inks,
            "document.documentElement.scrollWidth",
        )

        for scheme, (alone,), (mine, (ink, ground, _), others, width) in zip(
            ("light", "dark"), untouched, shown, strict=True
        ):
            assert is_bright(ground) == (scheme == "light" if is_light is None else is_light), (host, scheme)
            assert is_bright(ink) != is_bright(ground), (host, scheme)
            assert set(others) == {ink}, (host, scheme)
            assert mine == alone, (host, scheme)
            assert width <= 390, (host, scheme)
    assert said == []


def is_bright(colour: str) -> bool:
    return sum(map(int, re.findall(r"\d+", colour)[:3])) > 382


def test_on_paper_what_is_folded_is_there(browser: Any, result: Any, tmp_path: Path) -> None:
    file = tmp_path / "run.html"
    file.write_text(report(result), encoding="utf-8")
    tab, _ = opened(browser, file, scheme="light")
    is_seen = "document.querySelector('ul.members').checkVisibility()"

    on_screen = tab.evaluate(is_seen)
    tab.emulate_media(media="print")

    assert (on_screen, tab.evaluate(is_seen)) == (False, True)
