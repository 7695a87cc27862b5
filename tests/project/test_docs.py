"""The pages of docs/ make a site: complete, with links that lead somewhere, from this machine alone."""

import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import get_args
from urllib.parse import urlsplit

import langgraph_moa
import pytest
from langgraph_moa.apps.program import app
from langgraph_moa.core.run.records import Status
from markdown.extensions.toc import slugify
from mkdocs.exceptions import PluginError
from scripts import module_at
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
README = ROOT / "README.md"
HOSTS = {"arxiv.org", "github.com", "huggingface.co", "localhost", "127.0.0.1"}
"""What a page may point to; nobody looks whether it is there."""
TABLES = json.loads((ROOT / "docs" / "settings.schema.json").read_text(encoding="utf-8"))["$defs"]
BUILD = """
import sys

def refuse(event, args):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and isinstance(args[1], tuple)):
        raise RuntimeError(f"found {event} {args!r}, expected no network")

sys.addaudithook(refuse)
from mkdocs.__main__ import cli
cli(["build", "--strict", "--site-dir", sys.argv[1]])
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it, strictly: a warning, as of a link that leads nowhere, is an error."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-c", BUILD, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    return module_at(ROOT / "docs" / "site" / "hooks.py")


def html(site: Path) -> dict[str, str]:
    return {path.relative_to(site).as_posix(): path.read_text(encoding="utf-8") for path in site.rglob("*.html")}


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.stem)
def test_no_block_of_code_begins_in_another(page: Path) -> None:
    fences = [line.strip() for line in page.read_text(encoding="utf-8").splitlines() if line.strip().startswith("```")]

    assert [fence for fence in fences[1::2] if fence != "```"] == []


@pytest.mark.soak
def test_every_page_is_in_it(site: Path) -> None:
    made = {"command-line.html", "examples.html", "reference/settings.html", "404.html"}

    assert {page.with_suffix(".html").name for page in PAGES} | made <= set(html(site))
    assert (site / "settings.schema.json").is_file()
    assert not list(site.rglob("*.py*"))


@pytest.mark.soak
def test_the_reference_tells_of_every_public_name_once(site: Path) -> None:
    pages = "".join(text for name, text in html(site).items() if name.startswith("reference/"))
    anchors = re.findall(r'<h2 id="langgraph_moa\.(\w+)"', pages)

    assert sorted(anchors) == sorted(langgraph_moa.__all__)
    assert 'href="#langgraph_moa.create_moa"' in pages


@pytest.mark.soak
def test_every_page_is_there_as_markdown_too(site: Path) -> None:
    pages = {name for name in html(site) if name != "404.html"}
    beside = {path.relative_to(site).as_posix(): path.read_text("utf-8") for path in site.rglob("*.md")}

    assert set(beside) == {f"{page}.md" for page in pages}
    assert beside["resume.html.md"] == (ROOT / "docs" / "resume.md").read_text("utf-8")
    assert [name for name, text in beside.items() if not text.startswith("# ") or "\n:::" in text] == []
    for name, text in beside.items():
        links = re.findall(
            r"\]\((?![a-z]+:)([^)#\s]+)(?:#[^)]*)?\)", re.sub(r"```.*?```|`[^`\n]+`", "", text, flags=re.DOTALL)
        )
        assert [link for link in links if not (site / name).parent.joinpath(link).is_file()] == []
        assert [link for link in links if link.endswith(".md") and not link.endswith(".html.md")] == []


@pytest.mark.soak
def test_the_reference_is_whole_as_markdown(site: Path) -> None:
    text = "\n".join(path.read_text("utf-8") for path in (site / "reference").glob("*.md"))

    assert sorted(re.findall(r"^## (\w+)\n", text, re.MULTILINE)) == sorted([*langgraph_moa.__all__, *TABLES])
    assert "create_moa(*, proposers: " in text
    assert "    layers: Layers as the paper counts them" in text
    assert "- `degraded: str | None`: None for a full answer" in text
    assert "- `usd: float | None`\n" in text
    assert "```python\n\n" not in text


@pytest.mark.soak
def test_llms_txt_lists_every_page_once(site: Path) -> None:
    title, summary, _, *sections = re.split(r"\n{2,}(?=[^-])", (site / "llms.txt").read_text("utf-8"))
    link = re.compile(r"- \[[^\]]+\]\(([^)]+)\): \S.*")
    lines = [line for section in sections for line in section.splitlines() if line and line[0] != "#"]

    assert (title, summary[:2]) == ("# langgraph-moa", "> ")
    assert all(section.startswith("## ") for section in sections)
    assert sections[-1].startswith("## Optional\n")
    assert sorted(found[1] if (found := link.fullmatch(line)) else line for line in lines) == sorted(
        path.relative_to(site).as_posix() for path in site.rglob("*.md")
    )


@pytest.mark.soak
def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    loading = r'<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)="(?:https?:)?//[^"]*"'

    assert {name: found for name, text in html(site).items() if (found := re.findall(loading, text))} == {}


def anchors(page: Path) -> set[str]:
    """Return what can be linked to on a page, as Python-Markdown names headings."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return {slugify(re.sub(r"[`*]", "", line), "-") for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda path: path.name)
def test_links_between_pages_lead_to_headings_that_are_there(page: Path) -> None:
    links = re.findall(r"\]\(((?:[\w/-]+\.md)?)(?:#([\w-]+))?\)", page.read_text(encoding="utf-8"))
    goals = [(page.parent / file if file else page, anchor) for file, anchor in links]

    assert [goal for goal in goals if not goal[0].is_file() or (goal[1] and goal[1] not in anchors(goal[0]))] == []


@pytest.mark.soak
def test_the_readme_links_to_headings_that_are_there(site: Path) -> None:
    links = re.findall(r"\]\(docs/([\w-]+)\.md#([^)]+)\)", README.read_text(encoding="utf-8"))

    assert [link for link in links if f'id="{link[1]}"' not in html(site)[f"{link[0]}.html"]] == []


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda path: path.name)
def test_addresses_are_whole_and_of_few_hosts(page: Path) -> None:
    for address in re.findall(r"[a-z]+://[^\s)`\"'<>|]+", page.read_text(encoding="utf-8")):
        parts = urlsplit(address)
        assert (parts.scheme, parts.username) in {("https", None), ("http", None), ("redis", None)}
        assert parts.hostname in HOSTS
        assert parts.scheme == "https" or parts.hostname in {"localhost", "127.0.0.1"}


@pytest.mark.parametrize("page", [p for p in PAGES if "\n# > " in p.read_text(encoding="utf-8")], ids=lambda p: p.name)
def test_python_blocks_print_what_they_say(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for code in re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(code, page.name, "exec"), {})

        assert capsys.readouterr().out.splitlines() == re.findall(r"^# > (.*)$", code, re.MULTILINE)


def test_the_first_run_is_real() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    ((command, output),) = re.findall(
        r'```console\n\$ langgraph-moa (ask "What is 17 \* 24\?".*)\n((?:.*\n)*?)```', text
    )
    done = CliRunner().invoke(app, ["ask", "What is 17 * 24?", *command.rpartition('"')[2].split()])

    shown = re.sub(r"\d+\.\d s", "0.0 s", done.output)
    assert sorted(shown.splitlines()) == sorted(output.splitlines())


def drawings() -> list[tuple[str, str]]:
    found = r"```console\n\$ langgraph-moa (graph[^\n]*)\n```\n\n```mermaid\n(.*?)```"
    return [pair for page in PAGES for pair in re.findall(found, page.read_text(encoding="utf-8"), re.DOTALL)]


@pytest.mark.parametrize(("command", "drawn"), drawings(), ids=[command for command, _ in drawings()])
def test_drawings_are_the_graphs(command: str, drawn: str) -> None:
    done = CliRunner().invoke(app, command.split())

    assert drawn.strip() == done.stdout.strip()


def test_tests_that_a_page_names_are_there() -> None:
    named = {name for page in PAGES for name in re.findall(r"`(test_\w+)`", page.read_text(encoding="utf-8"))}
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))

    assert len(named) >= 30
    assert [name for name in sorted(named) if not re.search(rf"def {name}\(", text)] == []


def test_every_status_is_explained() -> None:
    text = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8").partition("\n## ")[0]

    assert re.findall(r"^- `(\w+)` (?:is|means) ", text, re.MULTILINE) == [*get_args(Status)]


PAPERS = [ROOT / name for name in ("CONTRIBUTING.md", "SECURITY.md", "RELEASING.md")]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.name)
def test_papers_at_the_root_name_what_is_there(paper: Path) -> None:
    text = paper.read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    assert [link for link in re.findall(r"\]\((?!https?:)([^)#]+)", text) if not (ROOT / link).exists()] == []
    for target in re.findall(r"(?:^|`)make ([a-z]+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_page_about_the_graph_has_drawings() -> None:
    assert len(drawings()) >= 3


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[tools](../examples/tool.py)", "[tools](examples.md#tool)"),
        ("[`examples/`](../examples)", "[`examples/`](examples.md)"),
        ("[the graph](../graphs/moa.py#L3)", "the graph (`graphs/moa.py`)"),
        ("[`graphs/moa.py`](../graphs/moa.py)", "`graphs/moa.py`"),
        ("[here](graph.md#drawn)", "[here](graph.md#drawn)"),
    ],
)
def test_links_out_of_the_folder_become_what_the_site_has(hooks: ModuleType, written: str, shown: str) -> None:
    page = SimpleNamespace(file=SimpleNamespace(generated_by=None))

    assert hooks.on_page_markdown(f"See {written}.", page) == f"See {shown}."


def test_a_link_out_of_the_folder_leads_somewhere(hooks: ModuleType) -> None:
    page = SimpleNamespace(file=SimpleNamespace(generated_by=None))

    with pytest.raises(PluginError, match=r"found a link to \.\./graphs/gone\.py"):
        hooks.on_page_markdown("[gone](../graphs/gone.py)", page)


@pytest.mark.parametrize("pages", [{}, {"all": ("All", " ".join([*langgraph_moa.__all__, "Budget"]))}])
def test_a_name_that_is_nowhere_or_twice_in_the_reference_is_told(
    hooks: ModuleType, pages: dict[str, tuple[str, str]]
) -> None:
    with pytest.raises(PluginError, match=r"found \[.*'Budget'.*\] .*docs/site/hooks\.py"):
        hooks.checked(pages)


WORDS = {name: f"{name}s?" for name in ("layer", "gate", "verdict", "quorum", "wave")} | {"fence": "fence[sd]?"}
"""What only this project says so, or says in another sense."""
EXPLAINED = {
    "mixture.md": {*WORDS},
    "graph.md": {"gate", "verdict", "fence", "layer"},
    "resume.md": {"layer"},  # `make demo` quotes the sentence: no place for a link
    "failures.md": {"quorum"},
    "early-stop.md": {"quorum", "verdict", "wave"},
    "compare.md": {"verdict"},
}
"""Pages whose own sentences say what the words mean."""


def first_stands(page: Path, word: str) -> str:
    """Return the paragraph in which a word first stands outside of headings, drawings and code; nothing for nowhere."""
    prose = re.sub(r"(?ms)^```.*?^```$|^#.*?$", "", page.read_text(encoding="utf-8"))
    paragraphs = re.split(r"\n\s*\n", prose)
    return next((p for p in paragraphs if re.search(rf"\b{word}\b", re.sub("`[^`]*`", "", p), re.IGNORECASE)), "")


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda path: path.name)
def test_our_own_words_are_explained_where_they_first_stand(page: Path) -> None:
    explained = r"\[[^\]]*\b{0}\b[^\]]*\]\([^)]+\)|\b{0}\b \("
    lost = [
        name
        for name, word in WORDS.items()
        if name not in EXPLAINED.get(page.name, ())
        if (paragraph := first_stands(page, word))
        if not re.search(explained.format(word), paragraph, re.IGNORECASE)
    ]

    assert lost == [], f"say what they mean in brackets, or link them to {'docs/' * (page == README)}mixture.md#words"


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda path: path.name)
def test_whoever_names_offline_models_says_what_they_are(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert "offline:" not in text or "no language model" in text or re.search(r"\[[^\]]*offline[^\]]*\]\(", text)
