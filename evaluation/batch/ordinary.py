"""Tell files that can be read again from what can be read only once."""

import stat
from pathlib import Path

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


def file_kind(path: Path) -> str | None:
    """Say what a path leads to that is no ordinary file; None for a file, and where nothing is there.

    Nothing is opened: opening a pipe waits until somebody writes to it.

    Args:
        path: Where to look.
    """
    try:
        return _KINDS.get(stat.S_IFMT(path.stat().st_mode))
    except (OSError, ValueError):
        return None
