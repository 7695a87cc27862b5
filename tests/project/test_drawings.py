"""The pictures of docs/ can be read on light pages and on dark ones, and the site draws its graphs by itself."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree

import pytest
from browser import opened
from mkdocs.exceptions import PluginError
from scripts import module_at

ROOT = Path(__file__).parents[2]
PICTURES = sorted((ROOT / "docs" / "images").glob("*.svg"))
CONTRASTS = """() => {
    const parts = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(Number)
    const linear = part => part <= 10.3 ? part / 255 / 12.92 : Math.pow((part / 255 + 0.055) / 1.055, 2.4)
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    const shapes = [...document.querySelectorAll('rect')].filter(shape => !shape.closest('defs'))
    return [...document.querySelectorAll('text')].filter(text => text.textContent.trim()).map(text => {
        const box = text.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2
        const under = shapes.filter(shape => {
            const ground = shape.getBoundingClientRect()
            return ground.left <= x && x <= ground.right && ground.top <= y && y <= ground.bottom
        }).pop()
        const two = [text, under].map(element => light(parts(getComputedStyle(element).fill))).sort((a, b) => a - b)
        return [text.textContent, (two[1] + 0.05) / (two[0] + 0.05), getComputedStyle(under).fill]
    })
}"""


@pytest.mark.parametrize("picture", PICTURES, ids=lambda path: path.stem)
def test_a_picture_follows_the_scheme_and_its_words_stand_out(browser: Any, picture: Path) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        tab, said = opened(browser, picture, scheme=scheme)
        measured = tab.evaluate(CONTRASTS)

        assert said == []
        assert [(words, contrast) for words, contrast, _ in measured if contrast < 4.5] == []
        grounds.append([ground for _, _, ground in measured])

    assert all(light != dark for light, dark in zip(*grounds, strict=True))


def test_a_page_that_is_dark_on_a_light_system_has_the_dark_picture(browser: Any, tmp_path: Path) -> None:
    """As the site's switch has it: browsers hand an image the scheme of the page around it."""
    shots = []
    for scheme, page in (("light", "dark"), ("dark", "dark")):
        file = tmp_path / "page.html"
        file.write_text(f'<body style="color-scheme:{page}"><img src="{PICTURES[0].as_uri()}">', encoding="utf-8")
        tab, _ = opened(browser, file, scheme=scheme)
        shots.append(tab.locator("img").screenshot())

    assert shots[0] == shots[1]


@pytest.fixture(scope="module")
def drawings() -> ModuleType:
    return module_at(ROOT / "docs" / "site" / "drawings.py")


def test_the_site_draws_every_graph_of_its_pages(drawings: ModuleType) -> None:
    text = (ROOT / "docs" / "graph.md").read_text(encoding="utf-8")
    fences = re.findall(r"```mermaid\n(.*?)```", text, re.DOTALL)

    for mermaid in fences:
        root = ElementTree.fromstring(drawings.picture(mermaid))
        names = re.findall(r"^\t[\w\\]+\((?:\[<p>)?([\w/]+)", mermaid, re.MULTILINE)
        assert [node.partition(" ")[0] for node in (root.findtext("desc") or "").split("; ")] == [
            *dict.fromkeys(re.sub(r"\\2f", "/", line) for line in re.findall(r"^\t([\w\\]+) -", mermaid, re.MULTILINE))
        ]
        assert {title.text for title in root.iter("title")} >= set(names)
    assert len(fences) == 3


def test_a_drawing_that_nobody_printed_is_refused(drawings: ModuleType) -> None:
    with pytest.raises(PluginError, match="expected a drawing"):
        drawings.picture("graph TD;\n\ta --> b;\n\tsomething else;\n")
