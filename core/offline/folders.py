"""Look for documents in folders, never out of them, and tell what is passed over."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from ..errors import ConfigError
from ..ordinary import file_kind
from ..text import escaped

SUFFIXES = (".md", ".txt", ".rst", ".pdf", ".html", ".htm", ".csv", ".tsv", ".docx")
"""How the names of what can be read end."""
DEEPEST = 40
"""Folders within folders that are looked into."""
MOST_ENTRIES = 200_000
"""Names that are looked at under one path."""
MOST_FILES = 20_000
"""Documents that are read."""
_DOCUMENTS_ELSEWHERE = frozenset(
    f".{suffix}"
    for suffix in "doc docm odt rtf pages xls xlsx ods numbers ppt pptx odp epub eml msg log json jsonl xml".split()
)
_NOT_OURS = frozenset({"node_modules", "__pycache__"})


class DocumentFiles(NamedTuple):
    """List files and what is in folders."""

    documents: tuple[tuple[str, Path], ...]
    """Each with the name to cite it by."""
    unread: tuple[str, ...]
    """What may hold documents, or be one, and is not read: a sentence each, with its name."""


class _Listed(NamedTuple):
    name: str
    path: Path
    place: Path
    """Where it is, without links."""
    is_link: bool


def documents_under(paths: Sequence[str], *, linked: bool = False) -> DocumentFiles:
    """List the documents under some paths; hidden files and folders are left out.

    A path may be a link itself. Within a folder, a link to a file in one of the paths is that file, which is read once,
    and a link to a folder is not followed: what is in the paths is read where it is.

    Args:
        paths: Files and folders of this machine.
        linked: Whether links may lead anywhere: for files that are an installer's links.

    Raises:
        ConfigError: A path does not exist or is no file or folder, a link leads out of all of them, or there is no
            document under any.
    """
    roots = [_root(given) for given in paths]
    places = [Path(os.path.realpath(root)) for root in roots]
    listed: list[_Listed] = []
    unread: list[str] = []
    for root, place in zip(roots, places, strict=True):
        if not root.is_dir():
            listed.append(_Listed(escaped(root.name), root, place, False))
            continue
        walk = _Walk(root, f"{escaped(root.name)}/" if len(roots) > 1 else "", () if linked else places)
        listed += walk.documents(root, place, "", 0)
        unread += walk.unread
    files = [*_each_once(listed)]
    if not files:
        raise ConfigError(
            f"found no documents under {', '.join(map(repr, paths))}, expected files ending in {', '.join(SUFFIXES)}"
            + "".join(f"; {sentence}" for sentence in unread[:3])
        )
    if len(files) > MOST_FILES:
        unread.append(f"{_many(len(files) - MOST_FILES)}, from {files[MOST_FILES][0]} on: {MOST_FILES:,} are the most")
    return DocumentFiles(tuple(files[:MOST_FILES]), tuple(unread))


def _many(documents: int) -> str:
    return "1 document is not read" if documents == 1 else f"{documents:,} documents are not read"


def _root(given: str) -> Path:
    """Return a file or folder that was named."""
    if not given.strip() or "://" in given:
        raise ConfigError(f"found {given!r} as documents, expected a file or a folder of this machine")
    root = Path(given)
    try:
        root.stat()
    except FileNotFoundError as exc:
        raise ConfigError(f"found no file or folder {given!r:.400}, expected documents to answer from") from exc
    except (OSError, ValueError) as exc:
        why = getattr(exc, "strerror", None) or exc
        raise ConfigError(f"found {given!r:.80}, expected a file or folder: {why}") from exc
    if (kind := file_kind(root)) not in (None, "a folder"):
        raise ConfigError(
            f"found {kind} as documents, {given!r}, expected a file or a folder; copy what it gives to a file"
        )
    return root


def _each_once(listed: Sequence[_Listed]) -> Iterator[tuple[str, Path]]:
    """Leave out links to what is listed itself, or by an earlier link."""
    places = {one.place for one in listed if not one.is_link}
    for one in listed:
        if not one.is_link or one.place not in places:
            yield one.name, one.path
            places.add(one.place)


class _Walk:
    """Go through one folder, in the order of its names."""

    def __init__(self, root: Path, prefix: str, within: Sequence[Path]) -> None:
        self.unread: list[str] = []
        self._root = root
        self._prefix = prefix
        self._within = within
        self._remaining = MOST_ENTRIES
        self._is_over = False

    def documents(self, folder: Path, place: Path, name: str, depth: int) -> Iterator[_Listed]:
        """Yield what ends as documents do.

        Args:
            folder: Where to look.
            place: The same, without links.
            name: What its files' names begin with.
            depth: How many folders it is in.
        """
        for entry in self._entries(folder, name):
            path, inner, kind = folder / entry.name, f"{name}{escaped(entry.name)}", _kind(entry)
            suffix = path.suffix.lower()
            if kind == "a folder":
                if depth < DEEPEST:
                    yield from self.documents(path, place / entry.name, f"{inner}/", depth + 1)
                else:
                    self._tell(f"{inner}/", f"it is in {DEEPEST} folders, which are the most")
            elif kind == "a link":
                yield from self._linked(path, inner, suffix)
            elif suffix in SUFFIXES and kind is None:
                yield _Listed(self._prefix + inner, path, place / entry.name, False)
            elif suffix in SUFFIXES:
                self._tell(inner, f"it is {kind}, and no file")
            elif suffix in _DOCUMENTS_ELSEWHERE:
                self._tell(inner, f"it is none of {', '.join(SUFFIXES)}")

    def _linked(self, path: Path, name: str, suffix: str) -> Iterator[_Listed]:
        """Yield the file that a link leads to, where it may lead there."""
        place = Path(os.path.realpath(path))
        kind, lost = file_kind(place), _lost(path)
        roots = [root for root in self._within if place.is_relative_to(root)]
        if kind == "a folder":
            if not roots:
                self._tell(f"{name}/", "it is a link to another folder")
            elif any(map(_is_hidden, place.relative_to(roots[0]).parts)):
                self._tell(f"{name}/", "it is a link to a hidden folder")
        elif suffix not in SUFFIXES:
            if suffix in _DOCUMENTS_ELSEWHERE:
                self._tell(name, f"it is none of {', '.join(SUFFIXES)}")
        elif lost:
            self._tell(name, lost)
        elif self._within and not roots:
            raise ConfigError(
                f"found {str(path)!r}, a link that leads out of {str(self._root)!r}, expected documents in it; put a "
                "copy in its place, name what it leads to as documents too, or leave it out"
            )
        elif kind:
            self._tell(name, f"it is {kind}, and no file")
        else:
            yield _Listed(self._prefix + name, path, place, True)

    def _entries(self, folder: Path, name: str) -> list["os.DirEntry[str]"]:
        """Return what is in a folder and not hidden, as far as it is looked at."""
        try:
            with os.scandir(folder) as entries:
                listed = [*islice(entries, self._remaining + 1)]
        except OSError as exc:
            self._tell(name or "the folder", f"{exc.strerror or exc}")
            return []
        if len(listed) > self._remaining:
            if not self._is_over:
                self._tell(name or "the folder", f"{MOST_ENTRIES:,} names are the most; nor is what comes after it")
            self._is_over, self._remaining = True, 0
            return []
        self._remaining -= len(listed)
        return sorted((entry for entry in listed if not _is_hidden(entry.name)), key=lambda entry: entry.name)

    def _tell(self, name: str, why: str) -> None:
        self.unread.append(f"{self._prefix}{name} is not read: {why}")


def _lost(link: Path) -> str | None:
    """Say why a link leads to nothing that could be read; None where it leads to something."""
    try:
        link.stat()
    except FileNotFoundError:
        return "it is a link to nothing"
    except OSError as exc:
        return f"it is a link, and {exc.strerror or exc}"
    return None


def _is_hidden(name: str) -> bool:
    return name.startswith((".", "~$")) or name in _NOT_OURS


def _kind(entry: "os.DirEntry[str]") -> str | None:
    """Say what an entry is that is no ordinary file, without following it."""
    if entry.is_symlink():
        return "a link"
    if entry.is_dir(follow_symlinks=False):
        return "a folder"
    return None if entry.is_file(follow_symlinks=False) else file_kind(Path(entry.path)) or "no file"
