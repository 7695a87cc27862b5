"""Where the settings of a command come from, in this order: flags, a named file, the environment, what is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Option

from ..logbook import tell
from ..terminal import note
from .discovery import VARIABLE, SettingsFile, find_settings, searched_folders

if TYPE_CHECKING:
    from .settings import Settings

Config = Annotated[
    Path | None,
    Option(
        "--config",
        metavar="FILE",
        help="TOML or YAML with the same keys and more; see docs/options.md.",
        show_default=False,
    ),
]
NoSettings = Annotated[
    bool, Option("--no-settings", help="Take nothing from moa.toml, pyproject.toml or the environment's file.")
]


@dataclass(frozen=True)
class Sources:
    """Hold what was said on the command line, and look for the rest when it is wanted."""

    flags: Mapping[str, Any] = field(default_factory=dict)
    """Options by their key; None and empty lists count as not given."""
    config: Path | None = None
    """The file that was named."""
    is_alone: bool = False
    """Whether no other file is looked for."""

    @cached_property
    def by_hand(self) -> "Settings":
        """Return what flags and the named file say.

        Raises:
            ConfigError: The file cannot be read, a key is unknown or a value is wrong.
        """
        from .files import load_settings

        if self.config:
            tell(f"settings: {self.config}, as named")
        return load_settings(self.config, self.flags)

    @cached_property
    def whole(self) -> "Settings":
        """Return the same over what is found, or what the environment names, and say which file that is.

        Raises:
            ConfigError: A file cannot be read, a key is unknown, a value is wrong, or may stand in a named file only.
        """
        if (file := self._unnamed) is None:
            return self.by_hand
        from .files import given_of, merged_settings
        from .trust import check_found, servers_of

        settings = merged_settings(file.keys, {}, file=file.path)
        check_found(file, settings)
        whence = f" ({VARIABLE})" if file.is_trusted else ""
        servers = f"; servers: {', '.join(servers_of(settings))}" if servers_of(settings) else ""
        note(f"settings: {file.path}{whence}{servers}")
        tell(f"settings: it sets {', '.join(file.keys) or 'nothing'}")
        return merged_settings(file.keys, given_of(self.flags), file=file.path)

    @cached_property
    def _unnamed(self) -> SettingsFile | None:
        if self.config or self.is_alone:
            return None
        if (file := find_settings()) is None:
            tell(f"settings: none in {', '.join(str(folder.resolve()) for folder in searched_folders())}")
        return file

    @property
    def servers(self) -> list[str]:
        """Return the addresses beyond this machine that the user named: by a flag, in a file, in the environment's.

        Raises:
            ConfigError: The file cannot be read, or says what nobody understands.
        """
        from .files import merged_settings
        from .trust import servers_elsewhere

        file = self._unnamed
        is_named = file is not None and file.is_trusted
        others = merged_settings(file.keys, {}, file=file.path) if file and is_named else None
        return [*servers_elsewhere(self.by_hand), *(servers_elsewhere(others) if others else [])]

    @property
    def layers(self) -> int | None:
        """Return how many layers are written, where somebody wrote it: the rest is not imported for it."""
        if self.config is None and self._unnamed is None:
            return None
        settings = self.whole
        return settings.layers if "layers" in settings.model_fields_set else None
