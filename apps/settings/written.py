"""Read what stands in a settings file, as keys and values that nobody has looked at yet."""

import tomllib
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ...core.ordinary import content_of
from ...core.text import one_line

PYPROJECT = "pyproject.toml"
TABLE = "langgraph-moa"
"""The table of a project's file is `[tool.langgraph-moa]`."""
_MOST_BYTES = 2**20
_SPELLINGS = (TABLE.encode(), TABLE.replace("-", "_").encode())


def label_of_file(file: Path) -> str:
    """Name a settings file in a sentence, with the table of a project's file."""
    shown = one_line(str(file), limit=400)
    return f"{shown}, [tool.{TABLE}]" if file.name == PYPROJECT else shown


def keys_in(file: Path) -> dict[str, Any]:
    """Read a file that somebody named.

    Args:
        file: TOML or YAML, told by its ending; of a project's file, the table.

    Raises:
        ConfigError: It cannot be read, or holds something else than keys and values.
    """
    if file.suffix not in (".toml", ".yaml", ".yml"):
        raise ConfigError(f"found the settings file {file}, expected one ending in .toml, .yaml or .yml")
    if file.name == PYPROJECT:
        keys = keys_of_project(file)
        if keys is None:
            raise ConfigError(f"found no table [tool.{TABLE}] in {file}, expected one; add it, or name another file")
        return keys
    return _named(_parsed(file, _bytes_of(file)), file)


def keys_of_project(file: Path) -> dict[str, Any] | None:
    """Read the table of a project's file; None where it has none, whatever else is wrong with it.

    Raises:
        ConfigError: The file has it, and cannot be read, or what stands there is no table.
    """
    if not may_hold_table(file):
        return None
    tools = _parsed(file, _bytes_of(file)).get("tool")
    tables = tools if isinstance(tools, dict) else {}
    for name in tables.keys() - {TABLE}:
        if name.lower().replace("_", "-") == TABLE:
            raise ConfigError(f"found [tool.{name}] in {file}, expected [tool.{TABLE}]; rename it")
    if TABLE not in tables:
        return None
    return _named(tables[TABLE], file)


def may_hold_table(file: Path) -> bool:
    """Tell a project's file that names our table, or the package; most do neither, and need not be read as TOML."""
    try:
        held = _bytes_of(file)
    except ConfigError:
        return False
    return any(spelling in held for spelling in _SPELLINGS)


def _bytes_of(file: Path) -> bytes:
    try:
        return content_of(file, most=_MOST_BYTES)
    except (OSError, ValueError) as exc:
        raise _unreadable(file, getattr(exc, "strerror", None) or exc) from exc


def _parsed(file: Path, held: bytes) -> Any:
    try:
        text = held.decode("utf-8-sig")  # some editors begin a file with a mark
        return tomllib.loads(text) if file.suffix == ".toml" else _from_yaml(text)
    except UnicodeDecodeError as exc:
        raise _unreadable(file, "it is no UTF-8, save it as such") from exc
    except (ValueError, RecursionError) as exc:
        raise _unreadable(file, exc) from exc


def _from_yaml(text: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text) or {}
    except yaml.YAMLError as exc:
        raise ValueError(str(exc)) from exc


def _unreadable(file: Path, why: object) -> ConfigError:
    return ConfigError(f"the settings file {label_of_file(file)} cannot be read: {one_line(str(why))}")


def _named(settings: Any, file: Path) -> dict[str, Any]:
    """Return settings by the names that keys have in Python."""
    if not isinstance(settings, dict):
        raise ConfigError(f"found {type(settings).__name__} in {label_of_file(file)}, expected keys and values")
    if isinstance(settings.get("tool"), dict) and file.name != PYPROJECT:
        raise ConfigError(
            f"found a table [tool...] in {file}, expected its keys at the top of the file; leave that line out"
        )
    named = {str(key).replace("-", "_"): value for key, value in settings.items()}
    if "proposer" in named:
        if "proposers" in named:
            raise ConfigError(
                f"found proposer and proposers in {label_of_file(file)}, expected one of them; leave one out"
            )
        named["proposers"] = named.pop("proposer")
    if isinstance(named.get("docs"), str):
        named["docs"] = [named["docs"]]
    return named
