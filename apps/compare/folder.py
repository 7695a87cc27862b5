"""Keep a comparison's rows in a folder, and know whose they are."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...core.errors import ConfigError
from ...core.ordinary import content_of
from ...evaluation.comparing.compare import rows_folder
from .specs import OF_A_MIXTURE, Spec

_WHOSE = "_systems.json"
QUESTIONS = "_questions.ndjson"  # not .jsonl, as the files of systems are
"""The file of questions that were piped."""
_MOST_BYTES = 10_000_000
_NO_MATTER = {"timeout", "limits", "prices", "budget", "preset", "base_url"}
"""What may change without changing what is answered."""


@contextmanager
def rows_of_systems(folder: Path | None, specs: Sequence[Spec]) -> Iterator[Path]:
    """Give the rows a folder: the one that was named, else one that is gone afterwards.

    Args:
        folder: What was named.
        specs: Whose rows it will hold.

    Raises:
        ConfigError: It cannot be written, or holds the rows of another system of the same name.
    """
    if folder is None:
        with rows_folder(None) as temporary:
            yield temporary
        return
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        recorded = _read(folder / _WHOSE)
        ours = {spec.label: _record(spec) for spec in specs}
        for label, record in ours.items():
            if _needed(recorded.get(label, record)) != record:
                raise ConfigError(
                    f"found the rows of another system called {label} in {folder}, expected those of this one; give it "
                    "another name (label=...), or another folder"
                )
        (folder / _WHOSE).write_text(json.dumps({**recorded, **ours}, indent=2) + "\n", encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"found {folder} for --keep, expected a folder to write to: {exc.strerror or exc}") from exc
    yield folder


def _record(spec: Spec) -> dict[str, Any]:
    written: dict[str, Any] = json.loads(json.dumps(spec.settings.record()))
    return _needed(written)


def _needed(record: dict[str, Any]) -> dict[str, Any]:
    """Leave out what decides nothing: of one model alone, all that is said of mixtures."""
    unused = _NO_MATTER | (OF_A_MIXTURE - {"system"} if record.get("system") == "single" else set())
    return {key: value for key, value in record.items() if key not in unused}


def _read(file: Path) -> dict[str, Any]:
    try:
        systems: Any = json.loads(content_of(file, most=_MOST_BYTES)) if file.exists() else {}
    except OSError as exc:
        why = exc.strerror or exc
        raise ConfigError(
            f"{file} cannot be read: {why}; expected what an earlier comparison wrote, move it away"
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"found no JSON in {file}, expected what an earlier comparison wrote; move it away") from exc
    if not isinstance(systems, dict) or not all(isinstance(record, dict) for record in systems.values()):
        raise ConfigError(f"found no systems in {file}, expected what an earlier comparison wrote; move it away")
    return systems
