"""Read Word files: paragraphs under their headings, tables row by row, notes, text boxes, headers and footers."""

import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import ConfigError, MissingExtra
from ..text import escaped
from .files import bytes_of, title_of
from .sections import under_headings
from .tables import named_rows

UNPACKED_AT_MOST = 300_000_000
XML_AT_MOST = 50_000_000
"""Bytes of a file's parts, and of those of them that are read into memory as a tree."""
_MOST_PARTS = 10_000
_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NOT_SAID = {_FALLBACK, *(f"{_WORD}{name}" for name in "del moveFrom pPr rPr rt sectPr tblPr trPr tcPr sdtPr".split())}
"""Twice there, taken back, or about how the rest looks."""
_SPACES = {f"{_WORD}tab": " ", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}
_BESIDE = {
    "footnotes": "footnotes",
    "endnotes": "endnotes",
    "comments": "comments",
    "header": "header",
    "footer": "footer",
}
"""Parts that are read after the text, by what their type ends with, and their heading."""
_UNREAD = {"chart": "charts", "diagramData": "diagrams", "oleObject": "embedded objects", "package": "embedded files"}


def read_docx(path: Path, unread: list[str]) -> Iterator[tuple[str, str]]:
    """Yield what a Word file says, each paragraph and row with the heading that it stands under.

    Args:
        path: The file.
        unread: Where to tell of parts that are not read.

    Raises:
        MissingExtra: `python-docx` is missing.
        ConfigError: The file is no Word file, broken, encrypted, or unpacks to more than memory should hold.
        OSError: It cannot be read.
    """
    try:
        import docx
        from docx.oxml.parser import parse_xml
    except ImportError as exc:
        raise MissingExtra(f"reading {escaped(path.name)}", "docs") from exc
    expected = "a Word file (.docx) without a password"
    data = bytes_of(path, expected=expected)
    try:
        _check_parts(data)
        document = docx.Document(BytesIO(data))
        parts = [(_kind(part.content_type), part) for part in document.part.package.iter_parts()]
        blocks = [*_Reader(_levels(document)).blocks(document.element.body)]
        for kind, part in parts:
            if kind in _BESIDE:
                beside = [*_Reader({}).blocks(parse_xml(part.blob))]
                blocks += [_Block(1, _BESIDE[kind]), *beside] if beside else []
    except OSError:
        raise
    except Exception as exc:  # a broken file makes zipfile, lxml and python-docx raise nearly anything
        why = str(exc) if isinstance(exc, _Unfit) else f"it cannot be read ({type(exc).__name__})"
        raise ConfigError(f"found {str(path)!r}, expected {expected}: {why}; save it anew, or leave it out") from exc
    counts = Counter(_UNREAD[kind] for kind, _ in parts if kind in _UNREAD)
    if counts:
        unread.append(f"has parts that are not read: {', '.join(f'{n} {kind}' for kind, n in counts.items())}")
    yield from under_headings(blocks, title_of(path))


class _Unfit(Exception):
    """Say what is wrong with a file."""


class _Block(NamedTuple):
    level: int
    """Of a heading, from 1; 0 is text."""
    text: str


def _check_parts(data: bytes) -> None:
    """Unpack a file once, a piece at a time: what its directory says of sizes need not be true."""
    if not zipfile.is_zipfile(BytesIO(data)):
        raise _Unfit("it is something else, or encrypted")
    with zipfile.ZipFile(BytesIO(data)) as packed:
        parts = packed.infolist()
        xml = sum(part.file_size for part in parts if part.filename.lower().endswith((".xml", ".rels")))
        if len(parts) > _MOST_PARTS or xml > XML_AT_MOST or sum(p.file_size for p in parts) > UNPACKED_AT_MOST:
            raise _Unfit(f"it unpacks to more than {XML_AT_MOST:,} bytes of text, or {UNPACKED_AT_MOST:,} in all")
        if any(part.flag_bits & 1 for part in parts):
            raise _Unfit("it is encrypted")
        for part in parts:
            with packed.open(part) as unpacked:
                while unpacked.read(1 << 16):
                    pass


def _kind(content_type: str) -> str:
    """Return what a part is, by the end of its type: `...wordprocessingml.footnotes+xml` are footnotes."""
    return content_type.removesuffix("+xml").rpartition(".")[2]


def _levels(document: Any) -> dict[str, int]:
    """Return which styles are headings, and of which level; a style takes after the one that it is based on."""
    levels: dict[str, int] = {}
    styles = {style.style_id: style for style in document.styles if style.style_id}
    for name, style in styles.items():
        ancestor, chain = style, 0
        while ancestor is not None and chain < 20 and not (level := _level_of(ancestor)):
            ancestor, chain = getattr(ancestor, "base_style", None), chain + 1
        if ancestor is not None and level:
            levels[name] = level
    return levels


def _level_of(style: Any) -> int:
    title = str(style.name or "").lower()
    if title == "title":
        return 1
    if title.startswith("heading ") and title[8:].isdigit():
        return int(title[8:])
    return _outline(style.element)


def _outline(element: Any) -> int:
    level = next(iter(element.iterfind(f"{_WORD}pPr/{_WORD}outlineLvl")), None)
    value = "" if level is None else str(level.get(f"{_WORD}val"))
    return int(value) + 1 if value.isdigit() and int(value) < 9 else 0


class _Reader:
    """Walk through a part: python-docx passes over controls, inserted text, boxes and tags, which hold text too."""

    def __init__(self, levels: Mapping[str, int]) -> None:
        self._levels = levels

    def blocks(self, element: Any) -> Iterator[_Block]:
        """Yield headings, paragraphs and rows in their order; what stands in a box follows its paragraph."""
        for child in element:
            if child.tag == f"{_WORD}p":
                if text := self._text(child).strip():
                    yield _Block(self._level(child), text)
                for box in self._boxes(child):
                    yield from self.blocks(box)
            elif child.tag == f"{_WORD}tbl":
                yield from (_Block(0, row) for row in named_rows(self._rows(child)))
            elif child.tag not in _NOT_SAID:
                yield from self.blocks(child)

    def _level(self, paragraph: Any) -> int:
        if level := _outline(paragraph):
            return level
        style = next(iter(paragraph.iterfind(f"{_WORD}pPr/{_WORD}pStyle")), None)
        return 0 if style is None else self._levels.get(str(style.get(f"{_WORD}val")), 0)

    def _text(self, element: Any) -> str:
        parts: list[str] = []
        stack = [element]
        while stack:
            one = stack.pop()
            if one.tag in (f"{_WORD}t", f"{_MATH}t"):
                parts.append(one.text or "")
            elif one.tag in _SPACES:
                parts.append(_SPACES[one.tag])
            elif one.tag not in _NOT_SAID and one.tag != f"{_WORD}txbxContent":
                stack.extend(reversed(one))
        return "".join(parts)

    def _boxes(self, element: Any) -> Iterator[Any]:
        """Yield the text boxes in a paragraph, but those in others."""
        stack = [element]
        while stack:
            one = stack.pop()
            if one.tag == f"{_WORD}txbxContent":
                yield one
            elif one.tag not in _NOT_SAID:
                stack.extend(reversed(one))

    def _rows(self, table: Any) -> Iterator[list[str]]:
        """Yield the cells of each row; one that spans several is told once, one that goes on from above again."""
        above: list[str] = []
        for row in self._inside(table, f"{_WORD}tr"):
            cells: list[str] = []
            for cell in self._inside(row, f"{_WORD}tc"):
                merged = next(iter(cell.iterfind(f"{_WORD}tcPr/{_WORD}vMerge")), None)
                goes_on = merged is not None and merged.get(f"{_WORD}val") in (None, "continue")
                text = " ".join(block.text for block in self.blocks(cell))
                cells.append(above[len(cells)] if goes_on and len(cells) < len(above) else text)
                span = next(iter(cell.iterfind(f"{_WORD}tcPr/{_WORD}gridSpan")), None)
                width = "1" if span is None else str(span.get(f"{_WORD}val"))
                cells += [""] * (min(int(width), 100) - 1 if width.isdigit() else 0)
            above = cells
            yield cells

    def _inside(self, element: Any, tag: str) -> Iterator[Any]:
        """Yield rows or cells, also those that a control wraps."""
        for child in element:
            if child.tag == tag:
                yield child
            elif child.tag not in _NOT_SAID and child.tag not in (f"{_WORD}p", f"{_WORD}tbl", f"{_WORD}tc"):
                yield from self._inside(child, tag)
