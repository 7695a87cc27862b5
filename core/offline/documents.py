"""Read files and folders of text as passages, each with its heading."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from .pages import read_html, read_pdf

BUNDLED_DOCS = Path(__file__).parents[2] / "docs"
SUFFIXES = (".md", ".txt", ".rst", ".pdf", ".html", ".htm")
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


def document_files(paths: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    """List the documents under some paths, each with the name to cite it by; hidden files and folders are left out.

    Raises:
        ConfigError: A path does not exist, or there is no document under any of them.
    """
    files: list[tuple[str, Path]] = []
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
        inside = [root] if root.is_file() else sorted(p for p in root.rglob("*") if _is_document(p, root))
        prefix = f"{root.name}/" if len(paths) > 1 and root.is_dir() else ""
        files += [
            (path.name if path == root else f"{prefix}{path.relative_to(root).as_posix()}", path) for path in inside
        ]
    if not files:
        raise ConfigError(
            f"found no documents under {', '.join(paths)}, expected files ending in {', '.join(SUFFIXES)}"
        )
    return tuple(files)


def _is_document(path: Path, root: Path) -> bool:
    parts = path.relative_to(root).parts
    is_hidden = any(part.startswith(".") or part in _NOT_OURS for part in parts)
    return path.suffix.lower() in SUFFIXES and not is_hidden and not path.is_dir()


def passages_in(name: str, path: Path, *, code: bool) -> Iterator[Passage]:
    """Yield the passages of one document.

    Args:
        name: What it is cited by.
        path: The file.
        code: Whether blocks of code are passages too.

    Raises:
        ConfigError: It cannot be read.
        MissingExtra: It is a PDF or a page, and the package that reads it is missing.
    """
    read = {".pdf": read_pdf, ".html": read_html, ".htm": read_html}.get(path.suffix.lower())
    try:
        paragraphs = read(path) if read else _read_text(path, code=code)
        yield from (Passage(name, heading, text) for heading, text in paragraphs)
    except OSError as exc:
        why = exc.strerror or exc
        raise ConfigError(f"found {str(path)!r}, expected a document that can be read: {why}; leave it out") from exc


def _read_text(path: Path, *, code: bool) -> Iterator[tuple[str, str]]:
    """Yield paragraphs but pictures, and items of lists, each with its heading; code between fences if asked for."""
    heading, text, end = path.stem, _decoded(path), 0
    for fenced in [*_FENCED.finditer(text), None]:
        for block in re.split(r"\n\s*\n", text[end : fenced.start() if fenced else len(text)]):
            for part in re.split(r"\n(?=[-*] )", block.strip()):
                if _HEADING.match(part):
                    heading = part.splitlines()[0].lstrip("# ").strip()
                    part = part.partition("\n")[2]
                if (plain := " ".join(part.split())) and not _PICTURE.fullmatch(plain):
                    yield heading, plain
        if fenced and code and (block := " ".join(fenced["code"].split())):
            yield heading, block
        end = fenced.end() if fenced else end


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as exc:
        raise ConfigError(f"found {str(path)!r}, expected text in UTF-8; save it so, or leave it out") from exc
    if "\0" in text:
        raise ConfigError(f"found {str(path)!r}, expected one of {', '.join(SUFFIXES)}; it holds no text")
    return text.replace("\r\n", "\n").replace("\r", "\n")
