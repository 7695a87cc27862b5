"""Write the site for who reads Markdown rather than HTML, as language models do; MkDocs runs it after hooks.py.

Each page stands once more beside itself, under its own address and `.md`, and `llms.txt` lists them all, in the form of
llmstxt.org.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeGuard

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import event_priority
from mkdocs.structure import StructureItem
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

OPTIONAL = ("Measured",)
"""Sections that who has little room may leave out; llms.txt has a name for that."""
_CODE = re.compile(r"^(?P<fence>`{3,})[^`\n]*\n(?:.*\n)*?(?P=fence)$|`[^`\n]+`", re.MULTILINE)
_TO_A_PAGE = re.compile(r"(?<=\]\()(?![a-z]+:)([^)#\s]+)\.md(?=[#)])")
_OBJECT = re.compile(r"^::: (\S+)$", re.MULTILINE)
_ANCHOR = re.compile(r" \{ #[\w-]+ \}$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]+)\]\([^)]*\)")
_PROSE = re.compile(r"(?!Written by)(?:[A-Z0-9]|`[^`])")
_FIRST_SENTENCE = re.compile(r".*?[.?](?=\s|$)")
_pages: dict[str, tuple[Page, str]] = {}
_navigation: list[Navigation] = []


@event_priority(-100)  # after hooks.py has mended its links
def on_page_markdown(markdown: str, page: Page, **_: Any) -> None:
    """Keep a page as it is before it becomes HTML."""
    _pages[page.file.src_uri] = page, markdown


def on_nav(nav: Navigation, **_: Any) -> None:
    """Keep the order of pages."""
    _navigation[:] = [nav]


def on_post_build(config: MkDocsConfig) -> None:
    """Write all of it."""
    (path, *_) = config.plugins["mkdocstrings"].config.handlers["python"]["paths"]
    mending = griffe.load_extensions(str(Path(__file__).with_name("docstrings.py")))
    package = griffe.load("langgraph_moa", search_paths=[path], extensions=mending, allow_inspection=False)
    site = Path(config.site_dir)
    for page, markdown in _pages.values():
        (site / f"{page.file.dest_uri}.md").write_text(f"{plain(markdown, package).strip()}\n", encoding="utf-8")
    (site / "llms.txt").write_text("\n".join(listed(config, _navigation[0])), encoding="utf-8")
    _pages.clear()


def listed(config: MkDocsConfig, nav: Navigation) -> Iterator[str]:
    """Write llms.txt: what this is, and every page with what it is about."""
    yield f"# {config.site_name}\n\n> {config.site_description}\n"
    yield "Several models answer in parallel, a gate collects and counts their answers, and an aggregator writes the"
    yield "final one: an ordinary compiled LangGraph graph. Each page is here as Markdown, under its address and `.md`."
    for item in sorted(nav.items, key=lambda item: item.title in OPTIONAL):
        yield f"\n## {'Optional' if item.title in OPTIONAL else item.title}\n"
        for page in filter(_is_page, item.children if isinstance(item, Section) else [item]):
            yield f"- [{page.title}]({page.file.dest_uri}.md): {about(_pages[page.file.src_uri][1])}"
    yield ""


def _is_page(item: StructureItem) -> TypeGuard[Page]:
    return isinstance(item, Page)


def about(markdown: str) -> str:
    """Return the first sentence of a page, or the names that a page of the reference tells of."""
    if names := _OBJECT.findall(markdown):
        return ", ".join(f"`{name.rpartition('.')[2]}`" for name in names)
    prose = (part for part in markdown.split("\n\n") if _PROSE.match(part))
    text = " ".join(_LINK.sub(r"\1", next(prose, "")).split())
    sentence = _FIRST_SENTENCE.match(text)
    return sentence[0] if sentence else text


def plain(markdown: str, package: griffe.Object | griffe.Alias) -> str:
    """Return a page whose links lead to Markdown, and which holds itself what mkdocstrings would add."""
    written = _OBJECT.sub(lambda name: "\n".join(told(package[name[1].partition(".")[2]])), _ANCHOR.sub("", markdown))
    end, parts = 0, []
    for code in _CODE.finditer(written):
        parts += [_TO_A_PAGE.sub(r"\1.html.md", written[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, _TO_A_PAGE.sub(r"\1.html.md", written[end:])])


def told(thing: griffe.Object | griffe.Alias, level: int = 2) -> Iterator[str]:
    """Write a public name: how it is called, what it says of itself, and what it has."""
    yield f"{'#' * level} {thing.name}\n"
    target = thing.final_target if isinstance(thing, griffe.Alias) else thing
    if isinstance(target, griffe.Function | griffe.Class) and (signature := target.signature()):
        yield f"```python\n{signature}\n```\n"
    if thing.docstring:
        yield f"{thing.docstring.value.strip()}\n"
    members = [member for name, member in thing.members.items() if not name.startswith("_")]
    yield from fields(member for member in members if member.is_attribute)
    for member in members:
        if member.is_function and member.docstring:
            yield from told(member, level + 1)


def fields(attributes: Iterable[griffe.Object | griffe.Alias]) -> Iterator[str]:
    """Write attributes, a line each."""
    lines = []
    for attribute in attributes:
        target = attribute.final_target if isinstance(attribute, griffe.Alias) else attribute
        kind = f": {target.annotation}" if isinstance(target, griffe.Attribute) and target.annotation else ""
        meaning = f": {' '.join(attribute.docstring.value.split())}" if attribute.docstring else ""
        lines.append(f"- `{attribute.name}{kind}`{meaning}")
    if lines:
        yield "\n".join(lines) + "\n"
