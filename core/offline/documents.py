"""Read files and folders of text as passages, each with its heading."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError
from ..ordinary import file_kind
from ..text import one_line
from .files import decoded_text, title_of
from .folders import DocumentFiles, documents_under
from .pages import read_html, read_pdf
from .pieces import spans_of
from .sections import under_headings
from .tables import read_table
from .word_files import read_docx

BUNDLED_DOCS = Path(__file__).parents[2] / "docs"
BYTES_IN_ALL = 2_000_000_000
TEXT_IN_ALL = 200_000_000
"""Bytes of all files that are read, and characters of what they say."""
_FRONT_MATTER = re.compile(r"(?ms)\A---[ \t]*\n[\w -]{1,80}:.*?^(?:---|\.\.\.)[ \t]*$")
_log = logging.getLogger(__name__)
_FENCED = re.compile(r"(?ms)^[ ]*(?P<fence>(?>`{3,9}|~{3,9}))[^\n]*\n(?P<code>.*?)^[ ]*(?P=fence)[^\n]*$")
_HEADING = re.compile(r"#{1,6}\s")
_PICTURE = re.compile(r"!\[[^\[\]]*\]\([^()]*\)")


@dataclass(frozen=True)
class Passage:
    """Quote one paragraph and say where it stands."""

    source: str
    heading: str
    text: str


def document_files(paths: tuple[str, ...]) -> DocumentFiles:
    """List the documents under some paths; no paths means this package's own docs.

    Raises:
        ConfigError: A path does not exist, leads elsewhere by a link in it, or there is no document under any of them.
    """
    ours = str(BUNDLED_DOCS)
    files = documents_under(paths or (ours,), linked=not paths or paths == (ours,))
    return files if paths else files._replace(unread=())  # nobody misses anything in our own


class Documents(NamedTuple):
    """Hold what some files say, and what of them says nothing."""

    passages: tuple[Passage, ...]
    unread: tuple[str, ...]
    """Files, and parts of files, that hold no text or are not read: a sentence each, with the file's name."""


@lru_cache(maxsize=8)
def read_documents(paths: tuple[str, ...], where: Path) -> Documents:
    """Read files and folders, once per process; no paths means this package's own docs.

    Args:
        paths: The files and folders.
        where: The working directory, which the paths may be relative to.

    Raises:
        ConfigError: One of them does not exist, or cannot be read, or there is no text in any of them.
        MissingExtra: One needs a package that is missing.
    """
    passages: list[Passage] = []
    files = document_files(paths)
    unread = [*files.unread]
    size = length = 0
    for number, (name, path) in enumerate(files.documents):
        size += _size_of(path)
        if limit := _limit(size, length):
            remaining = len(files.documents) - number
            after = f", nor are the {remaining - 1:,} after it" if remaining > 1 else ""
            unread.append(f"{name} is not read{after}: {limit} in all are the most")
            break
        notes: list[str] = []
        new = [*passages_in(name, path, code=bool(paths), unread=notes)]
        notes = notes if new else notes or [_why_empty(path)]
        length += sum(len(passage.text) for passage in new)
        passages += new
        unread += (f"{name} {note}" for note in notes)
    unread = [one_line(sentence, limit=400) for sentence in unread]
    if not passages:
        why = "; ".join(unread[:3]) + (f"; and {len(unread) - 3} more" if len(unread) > 3 else "")
        raise ConfigError(f"found no text in {', '.join(map(repr, paths))}, expected documents to answer from: {why}")
    for sentence in unread:
        _log.warning("%s", sentence)
    return Documents(tuple(passages), tuple(unread))


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # told when it is read
        return 0


def _limit(size: int, length: int) -> str | None:
    """Say which limit of all files is reached."""
    if size > BYTES_IN_ALL:
        return f"{BYTES_IN_ALL:,} bytes"
    return f"{TEXT_IN_ALL:,} characters" if length > TEXT_IN_ALL else None


def _why_empty(path: Path) -> str:
    """Say why a file has no passage."""
    if kind := file_kind(path):
        return f"is {kind} by now, and no file"
    if not path.stat().st_size:
        return "is empty"
    suffix = path.suffix.lower()
    if suffix == ".pdf":
        return "holds no text; have it read first, if it is a scan"
    return "holds no text outside of scripts and tags" if suffix in (".html", ".htm") else "holds no text"


def passages_in(name: str, path: Path, *, code: bool, unread: list[str]) -> Iterator[Passage]:
    """Yield the passages of one document; what is longer than one is split.

    Args:
        name: What it is cited by.
        path: The file.
        code: Whether blocks of code are passages too.
        unread: Where to tell what of it holds no text, or is not read.

    Raises:
        ConfigError: It cannot be read.
        MissingExtra: The package that reads it is missing.
    """
    read = _READERS.get(path.suffix.lower())
    try:
        if not path.stat().st_size:  # no file of its kind, and no broken one
            return
        for heading, text in read(path, unread) if read else _read_text(path, unread, code=code):
            for start, end in spans_of(text):
                if passage := " ".join(text[start:end].split()):
                    yield Passage(name, heading, passage)
    except OSError as exc:
        why = exc.strerror or exc
        raise ConfigError(f"found {str(path)!r}, expected a document that can be read: {why}; leave it out") from exc


_READERS: Mapping[str, Callable[[Path, list[str]], Iterator[tuple[str, str]]]] = {
    ".pdf": read_pdf,
    ".html": read_html,
    ".htm": read_html,
    ".csv": read_table,
    ".tsv": read_table,
    ".docx": read_docx,
}
"""What is not read as text."""


def _read_text(path: Path, unread: list[str], *, code: bool) -> Iterator[tuple[str, str]]:
    """Yield paragraphs but pictures, and items of lists, each with its heading; code between fences if asked for."""
    text = decoded_text(path, expected="text")
    matter = _FRONT_MATTER.match(text)
    if matter and not text[matter.end() :].strip():
        unread.append("holds front matter only")
        return
    yield from under_headings(_blocks(text, code=code), title_of(path))


def _blocks(text: str, *, code: bool) -> Iterator[tuple[int, str]]:
    """Yield headings with their level, and with level 0 what stands under them: nothing where that is left out."""
    end = 0
    for fenced in [*_FENCED.finditer(text), None]:
        for block in re.split(r"\n\s*\n", text[end : fenced.start() if fenced else len(text)]):
            for part in re.split(r"\n(?=[-*] )", block.strip()):
                if heading := _HEADING.match(part):
                    title, _, part = part.partition("\n")
                    yield len(heading[0].rstrip()), title.lstrip("# ").strip()
                if part.strip():
                    yield 0, "" if _PICTURE.fullmatch(" ".join(part.split())) else part
        if fenced:
            yield 0, fenced["code"] if code else ""
        end = fenced.end() if fenced else end
