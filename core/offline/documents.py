"""Read files and folders of text as passages, each with its heading."""

import logging
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError
from ..text import one_line
from .files import decoded_text
from .pages import read_html, read_pdf
from .pieces import spans_of
from .sections import under_headings
from .tables import read_table
from .word_files import read_docx

BUNDLED_DOCS = Path(__file__).parents[2] / "docs"
SUFFIXES = (".md", ".txt", ".rst", ".pdf", ".html", ".htm", ".csv", ".tsv", ".docx")
_DOCUMENTS_ELSEWHERE = frozenset(
    f".{suffix}"
    for suffix in "doc docm odt rtf pages xls xlsx ods numbers ppt pptx odp epub eml msg log json jsonl xml".split()
)
_LOOKED_AT = _DOCUMENTS_ELSEWHERE.union(SUFFIXES)
_FRONT_MATTER = re.compile(r"(?ms)\A---[ \t]*\n[\w -]{1,80}:.*?^(?:---|\.\.\.)[ \t]*$")
_log = logging.getLogger(__name__)
_FENCED = re.compile(r"(?ms)^[ ]*(?P<fence>(?>`{3,9}|~{3,9}))[^\n]*\n(?P<code>.*?)^[ ]*(?P=fence)[^\n]*$")
_HEADING = re.compile(r"#{1,6}\s")
_PICTURE = re.compile(r"!\[[^\[\]]*\]\([^()]*\)")
_NOT_OURS = frozenset({"node_modules", "__pycache__"})


@dataclass(frozen=True)
class Passage:
    """Quote one paragraph and say where it stands."""

    source: str
    heading: str
    text: str


class DocumentFiles(NamedTuple):
    """List files and what is in folders."""

    documents: tuple[tuple[str, Path], ...]
    """Each with the name to cite it by."""
    others: tuple[str, ...]
    """The names of what people would take for documents, and are none here."""


def document_files(paths: tuple[str, ...]) -> DocumentFiles:
    """List the documents under some paths; hidden files and folders are left out.

    Raises:
        ConfigError: A path does not exist, or there is no document under any of them.
    """
    files: list[tuple[str, Path]] = []
    others: list[str] = []
    for given in paths or (str(BUNDLED_DOCS),):
        if not given.strip() or "://" in given:
            raise ConfigError(f"found {given!r} as documents, expected a file or a folder of this machine")
        root = Path(given)
        try:
            exists = root.exists()
        except OSError as exc:
            raise ConfigError(f"found {str(root)[:80]!r}, expected a file or folder: {exc.strerror}") from exc
        if not exists:
            raise ConfigError(f"found no file or folder {str(root)!r}, expected documents to answer from")
        shown = [] if root.is_file() else sorted(p for p in root.rglob("*") if _is_shown(p, root))
        inside = [root] if root.is_file() else [p for p in shown if p.suffix.lower() in SUFFIXES]
        others += [p.name for p in shown if p.suffix.lower() in _DOCUMENTS_ELSEWHERE]
        prefix = f"{root.name}/" if len(paths) > 1 and root.is_dir() else ""
        files += [
            (path.name if path == root else f"{prefix}{path.relative_to(root).as_posix()}", path) for path in inside
        ]
    if not files:
        raise ConfigError(
            f"found no documents under {', '.join(paths)}, expected files ending in {', '.join(SUFFIXES)}"
        )
    return DocumentFiles(tuple(files), tuple(others) if paths else ())  # nobody misses anything in our own


def _is_shown(path: Path, root: Path) -> bool:
    """Tell a file that may be a document, is not hidden, and no lock of Word's."""
    if path.suffix.lower() not in _LOOKED_AT:
        return False
    parts = path.relative_to(root).parts
    is_hidden = any(part.startswith((".", "~$")) or part in _NOT_OURS for part in parts)
    return not is_hidden and (path.is_file() or not path.exists())


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
    unread = [one_line(f"{name} is not read: it is none of {', '.join(SUFFIXES)}") for name in files.others]
    for name, path in files.documents:
        notes: list[str] = []
        size = len(passages)
        passages += passages_in(name, path, code=bool(paths), unread=notes)
        if len(passages) == size:
            notes = notes or [_why_empty(path)]
        unread += (one_line(f"{name} {note}", limit=400) for note in notes)
    if not passages:
        why = "; ".join(unread[:3]) + (f"; and {len(unread) - 3} more" if len(unread) > 3 else "")
        raise ConfigError(f"found no text in {', '.join(map(repr, paths))}, expected documents to answer from: {why}")
    for sentence in unread:
        _log.warning("%s", sentence)
    return Documents(tuple(passages), tuple(unread))


def _why_empty(path: Path) -> str:
    """Say why a file has no passage."""
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
    yield from under_headings(_blocks(text, code=code), path.stem)


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
