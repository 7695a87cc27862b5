"""Templates of prompts: text with `$variables`, filled in one pass: what is filled in is never read as one."""

import string
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..core.errors import ConfigError
from ..core.ordinary import content_of

BUNDLED = "synthesis.md"
_MOST_BYTES = 2**20


@dataclass(frozen=True)
class Template:
    """Hold a checked template; `$references` is where the fenced references go."""

    text: str

    def render(self, **values: str) -> str:
        """Fill in every variable; a missing one raises KeyError with its name."""
        return string.Template(self.text).substitute(values)


@cache
def bundled(name: str) -> Template:
    """Read a template of this package; its file's name says what it is for."""
    return Template(Path(__file__).with_name(f"{name}.md").read_text(encoding="utf-8").strip())


def load_template(
    source: str | Path | None,
    *,
    default: str = BUNDLED,
    required: Iterable[str] = ("references",),
    optional: Iterable[str] = ("count",),
) -> Template:
    """Read a template and check its variables.

    Args:
        source: The text itself, a `Path` to a file, or None for the bundled one.
        default: The bundled prompt's file.
        required: Variables that must occur.
        optional: Variables that may occur.

    Returns:
        A template whose variables are known to be there.

    Raises:
        ConfigError: The file cannot be read, or a variable is missing, unknown or malformed.
    """
    required, allowed = set(required), {*required, *optional}
    text, name = _read(source, default)
    template = string.Template(text)
    if not template.is_valid():
        raise ConfigError(
            f"found a '$' in {name} that starts no variable, expected {_list(allowed)}; write '$$' for a dollar sign"
        )
    names = set(template.get_identifiers())
    if missing := required - names:
        raise ConfigError(
            f"found no {_list(missing)} in {name}, expected it where the fenced texts belong; "
            "to read a file, pass pathlib.Path(...)"
        )
    if unknown := names - allowed:
        raise ConfigError(
            f"found {_list(unknown)} in {name}, expected only {_list(allowed)}; write '$$' for a dollar sign"
        )
    return Template(text)


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"${name}" for name in sorted(names))


def _read(source: str | Path | None, default: str) -> tuple[str, str]:
    if source is None:
        return Path(__file__).with_name(default).read_text(encoding="utf-8"), default
    if isinstance(source, Path):
        try:
            text = content_of(source, most=_MOST_BYTES).decode("utf-8")
        except (OSError, ValueError) as exc:
            why = getattr(exc, "strerror", None) or exc
            raise ConfigError(f"the prompt {source} cannot be read: {why}; expected a file of text in UTF-8") from exc
        return text.replace("\r\n", "\n").replace("\r", "\n"), f"the prompt {source}"
    if not isinstance(source, str):
        raise ConfigError(f"found {type(source).__name__} as a prompt, expected text with its variables, or a Path")
    return source, "the prompt"
