"""Find the settings file of where a command is run, which nobody named."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.local.weights import PREFIX
from ..terminal import note
from .written import PYPROJECT, keys_in, keys_of_project, may_hold_table

FILE = "moa.toml"
VARIABLE = "LANGGRAPH_MOA_CONFIG"
"""The variable that names a settings file for all commands."""
_ROOTS = (".git", ".hg", ".jj")
"""What lies at the root of a repository."""
_OF_MODELS = ("proposers", "escalate", "aggregator", "moderator", "analyst", "rewriter", "confidence")


@dataclass(frozen=True)
class SettingsFile:
    """Hold a settings file that no flag named."""

    path: Path
    keys: dict[str, Any]
    """What stands in it; paths are as seen from where the command is run."""
    is_trusted: bool
    """Whether the user named it, in the environment."""


def find_settings() -> SettingsFile | None:
    """Return the settings that the environment names, else the nearest; None where there are none.

    In each folder, from the working directory up to the root of its repository or home, a `moa.toml` comes first, then
    a project's file with our table; one file is used, and those further up are not looked at.

    Raises:
        ConfigError: The file cannot be read, or holds no settings.
    """
    if named := os.environ.get(VARIABLE):
        path = Path(named).expanduser()
        return SettingsFile(path, _from_here(keys_in(path), path.parent), is_trusted=True)
    for folder in searched_folders():
        for file in (folder / FILE, folder / PYPROJECT):
            is_there = _is_file(file) and (file.name == FILE or may_hold_table(file))
            if not (is_there and _is_of_ours(file)):
                continue
            if (keys := keys_in(file) if file.name == FILE else keys_of_project(file)) is not None:
                return SettingsFile(file, _from_here(keys, folder), is_trusted=False)
    return None


def searched_folders() -> list[Path]:
    """Return the folders in which settings are looked for, the nearest first, as seen from the working directory.

    Above the root of a repository, or of what is the user's, files are other people's: in a folder such as /tmp anybody
    can leave one. Where the working directory is in neither, it alone is searched.
    """
    try:
        here = Path.cwd()
    except OSError:  # it is gone
        return []
    folders, home = [here, *here.parents], _home()
    if home in folders:
        folders = folders[: folders.index(home) + 1]
    elif not any(_is_root(folder) for folder in folders):
        folders = folders[:1]
    last = next((n for n, folder in enumerate(folders) if _is_root(folder)), len(folders) - 1)
    return [Path(*[".."] * n) for n in range(last + 1)]


def _is_root(folder: Path) -> bool:
    return any(_mode_of(folder / name) is not None for name in _ROOTS)


def _is_file(path: Path) -> bool:
    mode = _mode_of(path)
    return mode is not None and stat.S_ISREG(mode)


def _mode_of(path: Path) -> int | None:
    """Return what a path is; None where nothing is, or nobody may look, for which `Path.is_file` raises."""
    try:
        return path.stat().st_mode
    except (OSError, ValueError):
        return None


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except (OSError, RuntimeError):  # a user without any
        return None


def _is_of_ours(file: Path) -> bool:
    """Tell a file that this user, or root, wrote; one that somebody else left here is named, and not followed."""
    if not hasattr(os, "geteuid"):
        return True
    try:
        owners = {file.lstat().st_uid, file.stat().st_uid}
    except OSError:  # gone meanwhile
        return False
    if owners <= {0, os.geteuid()}:
        return True
    note(f"settings: passed over {file}, which belongs to another user; to use it: --config {file}")
    return False


def _from_here(keys: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Return settings whose paths, which are as seen from their file, are as seen from the working directory."""
    moved = {key: _models_from_here(value, folder) if key in _OF_MODELS else value for key, value in keys.items()}
    if isinstance(docs := keys.get("docs"), list):
        moved["docs"] = [_moved(path, folder) for path in docs]
    return moved


def _models_from_here(written: Any, folder: Path) -> Any:
    if isinstance(written, list):
        return [_models_from_here(part, folder) for part in written]
    if isinstance(written, dict):
        return {**written, **{key: _models_from_here(written[key], folder) for key in ("model",) if key in written}}
    if isinstance(written, str) and written.startswith(PREFIX) and not written.startswith(f"{PREFIX}~"):
        return PREFIX + str(_moved(written.removeprefix(PREFIX), folder))
    return written


def _moved(path: Any, folder: Path) -> Any:
    if not isinstance(path, str) or not path.strip() or "://" in path:
        return path
    return os.path.normpath(folder / path)
