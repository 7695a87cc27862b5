"""Write a recommended panel as a settings file that every command takes."""

import json
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ...core.text import one_line, printable
from ...evaluation.panel.recommendation import Recommendation


def as_toml(recommendation: Recommendation) -> str:
    """Return the recommended settings, as a file holds them; what they rest on stands above them."""
    lines = [f"# {one_line(printable(recommendation.sentence), limit=400)}"]
    lines += [f"# {one_line(printable(recommendation.sure), limit=400)}"]
    # TOML writes text, numbers and lists of them as JSON does, but for what JSON leaves as it is.
    lines += [f"{key} = {_written(value)}" for key, value in recommendation.settings.items()]
    return "\n".join(lines) + "\n"


def check_settings_file(file: Path) -> None:
    """Refuse a place where no settings can be written, or some are.

    Raises:
        ConfigError: The name has another ending, its folder is not there, or the file is.
    """
    if file.suffix != ".toml":
        raise ConfigError(f"found --settings {file}, expected a name that ends in .toml; name it so")
    if not file.absolute().parent.is_dir():
        raise ConfigError(f"found no folder {file.parent} for --settings, expected one; make it first")
    if file.exists():
        raise ConfigError(f"found {file} for --settings, expected a new file, for nothing is overwritten; name another")


def write_settings(recommendation: Recommendation, file: Path) -> None:
    """Write the recommended settings to a new file.

    Args:
        recommendation: What was recommended.
        file: Where to.

    Raises:
        ConfigError: Nobody was recommended, or it cannot be written.
    """
    if not recommendation.settings:
        raise ConfigError(f"found nothing to write to {file}: {recommendation.sentence}; add questions, and try again")
    try:
        with file.open("x", encoding="utf-8") as settings:
            settings.write(as_toml(recommendation))
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror or exc}; name another") from exc


def _written(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_written, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_written(each)}' for key, each in value.items())} }}"
    return json.dumps(value, ensure_ascii=True).replace("\x7f", "\\u007f")
