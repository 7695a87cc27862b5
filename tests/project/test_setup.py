"""What an index shows is the README, with links that lead somewhere and nothing that it cannot draw."""

import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest
from readme_renderer import markdown
from scripts import module_at

ROOT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/owner/name"


@pytest.fixture(scope="module")
def setup() -> ModuleType:
    return module_at(ROOT / "setup.py")


class Shown(HTMLParser):
    """What an index's page of a text points to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.to: list[str] = []
        self.headings: set[str] = set()
        shown = markdown.render(text)
        assert shown
        self.feed(shown)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.to += [value for key in ("href", "src", "srcset") if (value := named.get(key))]
        self.headings |= {value for key in ("id", "name") if (value := named.get(key))}

    def leads_nowhere(self) -> list[str]:
        whole = re.compile(r"https?://|mailto:")
        anchors = {f"#{heading}" for heading in self.headings}
        return [address for address in self.to if not whole.match(address) and address not in anchors]


@pytest.mark.parametrize("repository", [None, REPOSITORY])
def test_the_readme_leads_nowhere_else_on_an_index(setup: ModuleType, repository: str | None) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    shown = setup.description(readme, repository, "1.2.3")

    assert Shown(readme).leads_nowhere()  # else there would be nothing to mend
    assert Shown(shown).leads_nowhere() == []
    assert "```mermaid" not in shown
    assert re.findall(r"```python\n(?:.*\n)*?```", shown) == re.findall(r"```python\n(?:.*\n)*?```", readme)
    for address in Shown(shown).to:
        path = re.fullmatch(rf"{REPOSITORY}/(?:blob|raw)/v1\.2\.3/([^#]+)(?:#.*)?", address)
        assert path is None or (ROOT / path[1]).exists()


def test_addresses_wait_for_one_that_is_there(setup: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("See [graph](docs/graph.md).", "utf-8")
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nversion = "1.2.3"\n', "utf-8")
    assert setup.long_description(tmp_path) == "See graph (`docs/graph.md`)."

    project.write_text(f'[project]\nversion = "1.2.3"\n[project.urls]\nRepository = "{REPOSITORY}/"\n', "utf-8")
    assert setup.long_description(tmp_path) == f"See [graph]({REPOSITORY}/blob/v1.2.3/docs/graph.md)."


@pytest.mark.parametrize(
    ("written", "plain", "linked"),
    [
        ("[a](docs/a.md#b)", "a (`docs/a.md`)", "[a](R/blob/v1/docs/a.md#b)"),
        ("[a](./docs/a.md 'title')", "a (`./docs/a.md`)", "[a](R/blob/v1/docs/a.md 'title')"),
        ("[a](<docs/a.md>)", "a (`docs/a.md`)", "[a](<R/blob/v1/docs/a.md>)"),
        ("[AGENTS.md](AGENTS.md)", "AGENTS.md", "[AGENTS.md](R/blob/v1/AGENTS.md)"),
        ("[`core/a.py`](core/a.py)", "`core/a.py`", "[`core/a.py`](R/blob/v1/core/a.py)"),
        ("[examples/](examples)", "examples/", "[examples/](R/blob/v1/examples)"),
        ("[a\nb](docs/a.md)", "a\nb (`docs/a.md`)", "[a\nb](R/blob/v1/docs/a.md)"),
        ("![The idea](docs/i.svg)", "The idea", "![The idea](R/raw/v1/docs/i.svg)"),
        (
            "[![Idea](docs/i.svg)](docs/a.md)",
            "Idea (`docs/a.md`)",
            "[![Idea](R/raw/v1/docs/i.svg)](R/blob/v1/docs/a.md)",
        ),
        ("[![Idea](docs/i.svg)](https://a.b)", "[Idea](https://a.b)", "[![Idea](R/raw/v1/docs/i.svg)](https://a.b)"),
        ('<img alt="Idea" src="i.svg" width="9">', "Idea", '<img alt="Idea" src="R/raw/v1/i.svg" width="9">'),
        ('<a href="a.md"><b>a</b></a>', "<b>a</b> (`a.md`)", '<a href="R/blob/v1/a.md"><b>a</b></a>'),
        (
            '<picture><source srcset="d.svg"><img src="l.svg" alt="I"></picture>',
            "<picture>I</picture>",
            '<picture><source srcset="R/raw/v1/d.svg"><img src="R/raw/v1/l.svg" alt="I"></picture>',
        ),
        (
            "[a][one] and [One]\n\n[one]: a.md\n[two]: https://b.c\n",
            "a (`a.md`) and One (`a.md`)\n\n[two]: https://b.c\n",
            "[a](R/blob/v1/a.md) and [One](R/blob/v1/a.md)\n\n[two]: https://b.c\n",
        ),
        ("a\n\n```mermaid\ngraph TD;\n```\n\nb", "a\n\n\nb", "a\n\n\nb"),
        *[
            (same, same, same)
            for same in [
                "[a](https://arxiv.org/abs/1)",
                "[a](#heading)",
                "[a](mailto:a@b.c)",
                "[a](https://b.c 'title')",
                "[![a](https://b.c/d.svg)](\nhttps://b.c)",
                '<picture><source media="m" srcset="https://b.c/d.svg"></picture>',
                "<!-- [a](b.md) -->",
                "said[^1] [^2]\n\n[^1]: by whom\n[^2]: when\n",
                "`[a](b.md)`",
                "``[a](b.md) ` ``",
                "```text\n[a](b.md)\n```\n",
                "~~~\n![a](b.png)\n~~~\n",
                "- x\n  ```\n  [a](b.md)\n  ```\n",
                "list[int] and [x] done",
            ]
        ],
    ],
)
def test_each_kind_of_link_is_mended(setup: ModuleType, written: str, plain: str, linked: str) -> None:
    assert setup.description(written, None, "1") == plain
    assert setup.description(written, "R", "1") == linked
