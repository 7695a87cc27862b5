"""Prompt files: text with `$variables`, filled in one pass so that what is filled in is never read as a template."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from ..core.errors import ConfigError

BUNDLED = "synthesis.md"


@dataclass(frozen=True)
class Prompt:
    """Hold a checked prompt; `$references` is where the fenced references go."""

    text: str

    def render(self, **values: str) -> str:
        """Fill in every variable; a missing one raises KeyError with its name."""
        return Template(self.text).substitute(values)


@cache
def bundled(name: str) -> Prompt:
    """Read a prompt of this package; its file's name says what it is for."""
    return Prompt(Path(__file__).with_name(f"{name}.md").read_text(encoding="utf-8").strip())


def load_prompt(
    source: str | Path | None,
    *,
    default: str = BUNDLED,
    required: Iterable[str] = ("references",),
    optional: Iterable[str] = ("count",),
) -> Prompt:
    """Read a prompt and check its variables.

    Args:
        source: The text itself, a `Path` to a file, or None for the bundled one.
        default: The bundled prompt's file.
        required: Variables that must occur.
        optional: Variables that may occur.

    Returns:
        A prompt whose variables are known to be there.

    Raises:
        ConfigError: The file cannot be read, or a variable is missing, unknown or malformed.
    """
    required, known = set(required), {*required, *optional}
    text, name = _read(source, default)
    template = Template(text)
    if not template.is_valid():
        raise ConfigError(
            f"found a '$' in {name} that starts no variable, expected {_list(known)}; write '$$' for a dollar sign"
        )
    found = set(template.get_identifiers())
    if missing := required - found:
        raise ConfigError(
            f"found no {_list(missing)} in {name}, expected it where the fenced texts belong; "
            "to read a file, pass pathlib.Path(...)"
        )
    if unknown := found - known:
        raise ConfigError(
            f"found {_list(unknown)} in {name}, expected only {_list(known)}; write '$$' for a dollar sign"
        )
    return Prompt(text)


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"${name}" for name in sorted(names))


def _read(source: str | Path | None, default: str) -> tuple[str, str]:
    if source is None:
        return Path(__file__).with_name(default).read_text(encoding="utf-8"), default
    if isinstance(source, Path):
        try:
            return source.read_text(encoding="utf-8"), f"the prompt {source}"
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(f"the prompt {source} cannot be read: {exc}") from exc
    if not isinstance(source, str):
        raise ConfigError(f"found {type(source).__name__} as a prompt, expected text with its variables, or a Path")
    return source, "the prompt"
