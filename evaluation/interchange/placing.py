"""Put what is written into its place when it is whole: one process at a time, and a kill leaves what was there."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from shutil import rmtree

from ...core.errors import ConfigError
from ...core.lock import locked
from ...core.ordinary import check_reachable, file_kind
from .arrow_files import is_own_dataset


def check_place(path: Path, *, anew: bool) -> None:
    """Refuse a place where nothing can be written.

    Args:
        path: Where something will be.
        anew: Whether the folder of a dataset that was written here before may be replaced.

    Raises:
        ConfigError: Something is there that is not replaced, or its folder is not there.
    """
    check_reachable(path, "what is converted")
    kind = file_kind(path)
    is_ours = anew and kind == "a folder" and is_own_dataset(path)
    if kind is not None and not is_ours:
        raise ConfigError(f"found {kind} as OUT, {path}, expected a name that is free, or a file; name another")
    if not path.absolute().parent.is_dir():
        raise ConfigError(f"found {path} as OUT, expected a name in a folder that is there; make the folder first")


@contextmanager
def workshop(path: Path) -> Iterator[Path]:
    """Make the folder in which something is made before it takes its place; one that a kill has left is removed.

    Args:
        path: The place.

    Raises:
        ConfigError: Another process is at it.
        OSError: Nothing can be made beside it.
    """
    mark = sha256(path.name.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    folder = path.absolute().with_name(f".{path.name[:40]}-{mark}.making")
    with locked(path.absolute(), busy=f"found another process that writes {path}, expected it free; wait for it"):
        if folder.exists():
            rmtree(folder)
        folder.mkdir(0o700)
        try:
            yield folder
        finally:
            rmtree(folder, ignore_errors=True)


def put(new: Path, path: Path) -> None:
    """Put what was made into its place; a folder cannot be replaced at once, and goes out of the way first.

    Args:
        new: What was made, in its workshop.
        path: The place.

    Raises:
        OSError: It cannot be put there; what was there still is.
    """
    if not new.is_dir() or not path.is_dir():
        new.replace(path)
        return
    old = new.with_name("old")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
