"""Read PDF and HTML files as headings and paragraphs; what a file says is never passed over in silence."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from ..errors import ConfigError, MissingExtra
from ..text import plain, printable

_PARAGRAPH_END = re.compile(r"\n\s*\n|(?<=[.!?])[ \t]*\n")
"""A PDF has lines, not paragraphs: a line that ends with its sentence most often ends a paragraph as well."""
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
_BLOCKS = [*_HEADINGS, *"p li tr dt dd pre blockquote caption figcaption div section article main body".split()]
_NOT_SAID = ["script", "style", "nav", "noscript", "template", "head"]


def read_pdf(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the paragraphs of a PDF, each with its page as its heading.

    Raises:
        MissingExtra: `pypdf` is missing.
        ConfigError: The file cannot be read, needs a password, or holds no text.
    """
    try:
        from pypdf import PdfReader
    except ImportError as exc:
        raise MissingExtra(f"reading {path.name}", "docs") from exc
    try:
        pages = [page.extract_text() for page in PdfReader(path).pages]
    except Exception as exc:  # a broken file makes pypdf raise nearly anything
        why = f"it cannot be read ({type(exc).__name__})"
        raise ConfigError(f"found {str(path)!r}, expected a PDF without a password: {why}; leave it out") from exc
    if not "".join(pages).strip():
        raise ConfigError(
            f"found no text in {str(path)!r}, expected a PDF that is not a scan; have its text read first"
        )
    for number, page in enumerate(pages, 1):
        for paragraph in filter(None, map(_clean, _PARAGRAPH_END.split(page))):
            yield f"page {number}", paragraph


def read_html(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the paragraphs, list items and table rows of a page, each under the heading before it.

    Raises:
        MissingExtra: `beautifulsoup4` is missing.
        ConfigError: The file cannot be read.
    """
    try:
        from bs4 import BeautifulSoup
        from bs4.exceptions import ParserRejectedMarkup
    except ImportError as exc:
        raise MissingExtra(f"reading {path.name}", "docs") from exc
    try:
        with path.open("rb") as file:
            soup = BeautifulSoup(file, "html.parser")
    except (ParserRejectedMarkup, OSError) as exc:
        raise ConfigError(f"found {str(path)!r}, expected a readable HTML page; mend it, or leave it out") from exc
    heading = _clean(soup.title.get_text()) if soup.title else ""
    heading = heading or path.stem
    for tag in soup.find_all(_NOT_SAID):
        tag.decompose()
    for tag in soup.find_all(["br", "td", "th"]):
        tag.append(" ")
    # by identity: Beautiful Soup calls two tags equal that say the same
    for _, group in groupby(soup.strings, key=lambda string: id(string.find_parent(_BLOCKS))):
        strings = list(group)
        block, text = strings[0].find_parent(_BLOCKS), _clean("".join(strings))
        if text and block and block.name in _HEADINGS:
            heading = text
        elif text:
            yield heading, text


def _clean(text: str) -> str:
    return printable(plain(" ".join(text.split())))
