"""Mixtures by name, from one dated data file."""

from functools import lru_cache
from pathlib import Path
from typing import Any, TypedDict

from ..errors import ConfigError, nearest

PRESETS_FILE = Path(__file__).with_name("presets.toml")


class Preset(TypedDict, total=False):
    """Name who sits in a mixture."""

    about: str
    needs: str
    """The environment variable that must hold a key."""
    proposers: list[str]
    aggregator: str


@lru_cache(maxsize=1)
def _file() -> dict[str, Any]:
    import tomllib

    return tomllib.loads(PRESETS_FILE.read_text(encoding="utf-8"))


def presets() -> dict[str, Preset]:
    """Return all presets by name."""
    mixtures: dict[str, Preset] = _file()["presets"]
    return mixtures


def presets_checked() -> str:
    """Return the day the model ids were last held against their source (ISO 8601)."""
    return str(_file()["checked"])


def load_preset(name: str) -> Preset:
    """Return one preset.

    Raises:
        ConfigError: There is none of that name.
    """
    if name not in presets():
        raise ConfigError(
            f"unknown preset {name!r}; {nearest(name, list(presets()))}; presets are kept in {PRESETS_FILE}"
        )
    return presets()[name]


def is_preset_model(label: str) -> bool:
    """Tell whether a `provider:model` comes from the presets, so that an error can name the file to edit."""
    return any(label in (*p["proposers"], p["aggregator"]) for p in presets().values())
