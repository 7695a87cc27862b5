"""Read PDF and HTML files as headings and paragraphs; what a file says is never passed over in silence."""

import re
from collections.abc import Iterator
from io import StringIO
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError, MissingExtra
from ..text import plain, printable

if TYPE_CHECKING:
    from bs4.element import PageElement, Tag

_PARAGRAPH_END = re.compile(r"\n\s*\n|(?<=[.!?])[ \t]*\n")
"""A PDF has lines, not paragraphs: a line that ends with its sentence most often ends a paragraph as well."""
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
_BLOCKS = [*_HEADINGS, *"p li tr dt dd pre blockquote caption figcaption div section article main body".split()]
_NOT_SAID = ["script", "style", "nav", "noscript", "template", "head"]
_APART = ["br", "td", "th"]
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DECLARATION = re.compile(r"<!\[CDATA\[|\]\]>|<[!?][^<>]*+>")
_OPENS_NOTHING = re.compile(
    r"""<(?!/?[a-z](?:[^<>]*+>|(?:[^<>"']++|"[^"]{0,1000}"|'[^']{0,1000}'){0,30}+>))"""
    r"|&(?!(?:[a-z]\w{0,40}|#\d{1,8}|#x[0-9a-f]{1,8})(?!\w))",
    re.IGNORECASE,
)
"""What begins like a tag or an entity, and is none. Python's parser looks for the end of each as far as the page goes:
some of its versions take an hour for a page of `<a` (github.com/python/cpython/issues/135462)."""


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
        OSError: The file cannot be read.
    """
    try:
        from bs4 import BeautifulSoup
        from bs4.dammit import UnicodeDammit
    except ImportError as exc:
        raise MissingExtra(f"reading {path.name}", "docs") from exc
    markup = UnicodeDammit(path.read_bytes(), is_html=True).unicode_markup or ""
    soup = BeautifulSoup(StringIO(_whole(markup)), "html.parser")
    heading = _clean(soup.title.get_text()) if soup.title else ""
    heading = heading or path.stem
    for block, strings in groupby(_strings(soup), key=itemgetter(0)):
        text = _clean("".join(string for _, string in strings))
        if text and block.name in _HEADINGS:
            heading = text
        elif text:
            yield heading, text


class _Block:
    """Be what a string stands in: known by identity, for two paragraphs may say the same."""

    def __init__(self, name: str) -> None:
        self.name = name


def _strings(soup: "Tag") -> Iterator[tuple[_Block, str]]:
    """Yield what a page says, in its order, with the block that it stands in; elements may be nested for ever."""
    from bs4.element import CData, NavigableString, Tag

    stack: list[tuple[PageElement, _Block]] = [(soup, _Block(""))]
    while stack:
        element, block = stack.pop()
        if isinstance(element, Tag) and element.name not in _NOT_SAID:
            block = _Block(element.name) if element.name in _BLOCKS else block
            if element.name in _APART:
                yield block, " "
            stack.extend((inner, block) for inner in reversed(element.contents))
        elif type(element) in (NavigableString, CData):  # others are comments, and the like
            yield block, str(element)


def _whole(markup: str) -> str:
    """Return a page whose every tag has an end, so that reading it takes time in proportion; all else is text."""
    commented, end, rest = markup.rpartition("-->")
    markup = _DECLARATION.sub("", _COMMENT.sub("", commented + end) + rest)
    return _OPENS_NOTHING.sub(lambda mark: "&lt;" if mark[0] == "<" else "&amp;", markup)


def _clean(text: str) -> str:
    return printable(plain(" ".join(text.split())))
