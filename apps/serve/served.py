"""Which mixtures are served, and under which names: settings files, presets, systems, graphs in Python files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from ...core.errors import nearest
from ...core.models.presets import presets
from ...core.text import escaped
from ...graphs.adapters.chat_model import ChatMoA
from ...graphs.plan import plan_of
from ..mistakes import Misuse
from ..python_file import named_in_python
from ..settings.files import load_settings, merged_settings
from ..settings.settings import Settings
from ..settings.sources import Sources
from ..settings.systems import SystemName

_FILES = (".toml", ".yaml", ".yml")
_SYSTEMS: tuple[str, ...] = get_args(SystemName)


class Served(NamedTuple):
    """Be one mixture, and say in a line who sits in it."""

    model: ChatMoA
    why: str


def read_served(words: Sequence[str], sources: Sources) -> dict[str, Served]:
    """Build the mixtures that are named; nobody named is the mixture of the shared options.

    Args:
        words: Settings files, presets, systems, or `file.py:name`, each maybe as NAME=WORD.
        sources: What all of them start from, but for graphs, which are as they are.

    Raises:
        Misuse: One is none of these, or two have one name.
        ConfigError: One cannot be built, or waits for a person.
    """
    if not words:
        settings = sources.whole
        return {settings.system or "moa": _of_settings(settings)}
    served: dict[str, Served] = {}
    for written in words:
        name, word = _named(written)
        if name in served:
            raise Misuse(f"found two mixtures called '{escaped(name)}', expected a name for each; write NAME={word}")
        served[name] = _read(word, sources)
    return served


def _named(written: str) -> tuple[str, str]:
    name, equals, word = written.partition("=")
    if not equals:
        word = written
        name = word.rpartition(":")[2] if _is_python(word) else Path(word).stem if word.endswith(_FILES) else word
    if not name.strip() or "/" in name or escaped(name) != name:
        raise Misuse(f"found '{escaped(name)}' as a mixture's name, expected a word without a slash")
    return name.strip(), word.strip()


def _is_python(word: str) -> bool:
    return word.rpartition(":")[0].endswith(".py")


def _read(word: str, sources: Sources) -> Served:
    if _is_python(word):
        name, graph = named_in_python(word, option="serve", kind="mixture")
        return _worn(graph, f"{name} of {word.rpartition(':')[0]}")
    if word.endswith(_FILES):
        return _of_settings(load_settings(Path(word), sources.flags))
    if word in presets() or word in _SYSTEMS:
        key = "system" if word in _SYSTEMS else "preset"
        return _of_settings(merged_settings(sources.whole.model_dump(exclude_unset=True), {key: word}))
    raise Misuse(
        f"found '{escaped(word)}', expected a settings file, a preset, a system, or file.py:name; "
        + nearest(word, [*presets(), *_SYSTEMS])
    )


def _of_settings(settings: Settings) -> Served:
    chosen, why = settings.choose()
    return _worn(chosen.build(), why)


def _worn(graph: Any, why: str) -> Served:
    model = ChatMoA(graph)
    if plan_of(graph).rules.review:
        raise Misuse("found a review in a mixture that programs ask, expected none; leave the review out")
    return Served(model, why)
