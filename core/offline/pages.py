"""Read PDF and HTML files as headings and paragraphs; what a file says is never passed over in silence."""

import re
from collections.abc import Iterator, Sequence
from io import BytesIO, StringIO
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError, MissingExtra
from ..text import escaped, plain, printable
from .files import bytes_of, checked_bytes, title_of
from .sections import under_headings

if TYPE_CHECKING:
    from bs4.element import PageElement, Tag

MOST_PAGES = 5_000
MOST_OF_PAGES = 20_000_000
"""Pages of a PDF that are read, and characters on them: one page may stand there many times."""
_PARAGRAPH_END = re.compile(r"\n\s*\n|(?<=[.!?])[ \t]*\n")
"""A PDF has lines, not paragraphs: a line that ends with its sentence most often ends a paragraph as well."""
_HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
_BLOCKS = [*_HEADINGS, *"p li tr dt dd pre blockquote caption figcaption div section article main body".split()]
_NOT_SAID = ["script", "style", "nav", "noscript", "template", "head"]
_APART = {"br": "\n", "td": " ", "th": " "}
_MOST_SPANS = 8
_HYPHENATED = re.compile(r"([^\W\d_]{2,40})[-\u00ad\u2010][ \t]{0,8}\n[ \t]{0,8}([^\W\d_]{1,40})")
"""A word that a line's end cuts in two."""
_WORD = re.compile(r"[^\W\d_]++(?:-[^\W\d_]++)*+")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_DECLARATION = re.compile(r"<!\[CDATA\[|\]\]>|<[!?][^<>]*+>")
_OPENS_NOTHING = re.compile(
    r"""<(?!/?[a-z](?:[^<>]*+>|(?:[^<>"']++|"[^"]{0,1000}"|'[^']{0,1000}'){0,30}+>))"""
    r"|&(?!(?:[a-z]\w{0,40}|#\d{1,8}|#x[0-9a-f]{1,8})(?!\w))",
    re.IGNORECASE,
)
"""What begins like a tag or an entity, and is none. Python's parser looks for the end of each as far as the page goes:
some of its versions take an hour for a page of `<a` (github.com/python/cpython/issues/135462)."""


def read_pdf(path: Path, unread: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the paragraphs of a PDF, each with its page as its heading.

    Args:
        path: The file.
        unread: Where to tell which pages hold no text, or are not read.

    Raises:
        MissingExtra: `pypdf` is missing.
        ConfigError: The file cannot be read, or needs a password.
        OSError: It cannot be read at all.
    """
    try:
        from pypdf import PdfReader
    except ImportError as exc:
        raise MissingExtra(f"reading {escaped(path.name)}", "docs") from exc
    expected = "a PDF without a password"
    data = BytesIO(bytes_of(path, expected=expected))
    try:
        book = PdfReader(data).pages
        pages = [*_within_limits(clean(page.extract_text()) for page in book)]
        size = len(book)
    except Exception as exc:  # a broken file makes pypdf raise nearly anything
        why = f"it cannot be read ({type(exc).__name__})"
        raise ConfigError(f"found {str(path)!r}, expected {expected}: {why}; leave it out") from exc
    if len(pages) < size:
        limit = f"{MOST_PAGES:,} pages" if len(pages) == MOST_PAGES else f"{MOST_OF_PAGES:,} characters"
        unread.append(f"has {size:,} pages, and is read to page {len(pages):,}: {limit} are the most")
    blank = [number for number, page in enumerate(pages, 1) if not page.strip()]
    if 0 < len(blank) < len(pages):
        unread.append(f"holds no text on {_listed(blank)} of {len(pages)}; have it read first, if these are scans")
    words = {word for page in pages for word in _WORD.findall(_HYPHENATED.sub(" ", page).lower())}
    for number, page in enumerate(pages, 1):
        whole = _HYPHENATED.sub(lambda cut: _whole_word(cut[1], cut[2], words), page)
        for paragraph in _PARAGRAPH_END.split(whole):
            yield f"page {number}", paragraph


def _within_limits(pages: Iterator[str]) -> Iterator[str]:
    length = 0
    for page in islice(pages, MOST_PAGES):
        yield page
        length += len(page)
        if length > MOST_OF_PAGES:
            return


def _whole_word(first: str, second: str, words: set[str]) -> str:
    """Join a word that a line's end cut; its hyphen stays where the document writes one there, or both are words."""
    joined, hyphenated = first + second, f"{first}-{second}"
    if joined.lower() in words:
        return joined
    are_words = first.lower() in words and second.lower() in words
    return hyphenated if hyphenated.lower() in words or are_words or second[0].isupper() else joined


def _listed(numbers: Sequence[int]) -> str:
    """Write numbers of pages, those in a row as from and to; many are cut short."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    names = [str(first) if first == last else f"{first}-{last}" for first, last in spans]
    more = f" and {len(names) - _MOST_SPANS} more places" if len(names) > _MOST_SPANS else ""
    return f"page{'s' if len(numbers) > 1 else ''} {', '.join(names[:_MOST_SPANS])}{more}"


def read_html(path: Path, unread: list[str]) -> Iterator[tuple[str, str]]:
    """Yield the paragraphs, list items and table rows of a page, each under the heading before it.

    Args:
        path: The file.
        unread: Where to tell what is not read; nothing is.

    Raises:
        MissingExtra: `beautifulsoup4` is missing.
        ConfigError: The file is no page.
        OSError: It cannot be read.
    """
    try:
        from bs4 import BeautifulSoup
        from bs4.dammit import UnicodeDammit
    except ImportError as exc:
        raise MissingExtra(f"reading {escaped(path.name)}", "docs") from exc
    data = checked_bytes(path, expected="a page (HTML)")
    soup = BeautifulSoup(StringIO(_whole(UnicodeDammit(data, is_html=True).unicode_markup or "")), "html.parser")
    title = clean(soup.title.get_text()) if soup.title else ""
    pieces = groupby(_strings(soup), key=itemgetter(0))
    texts = ((block.name, clean("".join(string for _, string in strings))) for block, strings in pieces)
    blocks = ((_HEADINGS.index(name) + 1 if name in _HEADINGS else 0, text) for name, text in texts if text.strip())
    yield from under_headings(blocks, " ".join(title.split()) or title_of(path))


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
                yield block, _APART[element.name]
            stack.extend((inner, block) for inner in reversed(element.contents))
        elif type(element) in (NavigableString, CData):  # others are comments, and the like
            yield block, str(element)


def _whole(markup: str) -> str:
    """Return a page whose every tag has an end, so that reading it takes time in proportion; all else is text."""
    commented, end, rest = markup.rpartition("-->")
    markup = _DECLARATION.sub("", _COMMENT.sub("", commented + end) + rest)
    return _OPENS_NOTHING.sub(lambda mark: "&lt;" if mark[0] == "<" else "&amp;", markup)


def clean(text: str) -> str:
    """Return a foreign text that any encoding can carry, without control characters, in its lines."""
    return "\n".join(printable(plain(line)) for line in text.splitlines())
