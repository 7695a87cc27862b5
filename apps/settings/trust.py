"""What a settings file may do that was found, and not named: nothing that takes anything of the user's elsewhere.

Whoever clones a repository has read none of it. What it asks for is told, and nothing is sent to a server of its
choice, for what is sent cannot be taken back.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ...core.errors import ConfigError
from ...core.local.weights import PREFIX
from ...core.models.credentials import HEADER_VARIABLE
from ...core.offline.folders import SUFFIXES
from ...core.text import one_line
from ...core.wire.connections import bare_url, is_this_machine
from .caching import cache_variable
from .discovery import VARIABLE, SettingsFile
from .seats import models_in, seats_in
from .settings import Settings
from .tables import ConfidenceTable, ModelTable
from .written import label_of_file


def check_found(file: SettingsFile, settings: Settings) -> None:
    """Refuse what only a file may ask for that the user named.

    Args:
        file: Which was found.
        settings: What it says.

    Raises:
        ConfigError: It names a server elsewhere, a variable, documents outside its folder or a model file.
    """
    if file.is_trusted:
        return
    for reach in _reaches(file.path.parent, settings):
        raise ConfigError(
            f"found {reach} in {label_of_file(file.path)}, expected it only in a file that you named; if you trust "
            f"this one, name it with --config {file.path}, or for good with {VARIABLE}, else ignore it: --no-settings"
        )


def servers_of(settings: Settings) -> list[str]:
    """Return the addresses that settings name, each once, as they may be shown."""
    return _listed(map(bare_url, _servers(settings)))


def servers_elsewhere(settings: Settings) -> list[str]:
    """Return the addresses that settings name beyond this machine, each once, as they may be shown."""
    return _listed(bare_url(url).rstrip("/") for url in _servers(settings) if not _is_here(url))


def servers_with_parameters(settings: Settings) -> list[str]:
    """Return the addresses that settings name with parameters, each once, as they may be shown."""
    return _listed(bare_url(url) for url in _servers(settings) if "?" in url)


def variables_of(settings: Settings) -> list[str]:
    """Return the names of the variables that settings send to servers, each once."""
    return list(dict.fromkeys(name for seat in _tables(settings) for name in _variables(seat)))


def _listed(urls: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(map(_shown, urls)))


def _reaches(folder: Path, settings: Settings) -> Iterator[str]:
    """Say in words what goes further than a file may that was found."""
    for url in _servers(settings):
        if not _is_here(url):
            yield f"the server {_shown(bare_url(url))!r}"
    for seat in _tables(settings):
        if not _is_here(seat.base_url or settings.base_url or ""):
            yield from (f"the variable {name}, to be sent with requests," for name in _variables(seat))
    if settings.cache and (reach := _reach_of_cache(settings.cache, folder)):
        yield reach
    for path in settings.docs:
        if outside := _outside(Path(path), folder):
            yield f"documents outside its folder, {_shown(outside)!r},"
    for model in _models(settings):
        if model.startswith(PREFIX):
            yield f"the model file {_shown(model)!r}"


def _reach_of_cache(address: str, folder: Path) -> str | None:
    """Say where a cache is that is not on this machine, or a file outside the folder."""
    if variable := cache_variable(address):
        return f"the variable {variable}, as the cache's address,"
    if "://" in address:
        return None if _is_here(address) else f"the cache {_shown(bare_url(address))!r}"
    is_inside = Path(address).resolve().is_relative_to(folder.resolve())
    return None if is_inside else f"a cache outside its folder, {_shown(address)!r},"


def _shown(text: str) -> str:
    return one_line(text, limit=160)


def _is_here(url: str) -> bool:
    """Tell a server on this machine."""
    try:
        return is_this_machine(urlsplit(url).hostname or "")
    except ValueError:
        return False


def _outside(path: Path, folder: Path) -> str | None:
    """Return where documents lead out of a folder, by themselves or by a link in them; None where they do not."""
    root = folder.resolve()
    for place in (path, *_links(path)):
        if not place.resolve().is_relative_to(root):
            return str(place)
    return None


def _links(path: Path) -> Iterator[Path]:
    for parent, folders, files in os.walk(path):
        folders[:] = [name for name in folders if not name.startswith(".")]  # which are not searched
        documents = (name for name in files if name.lower().endswith(SUFFIXES))
        yield from (place for name in (*folders, *documents) if (place := Path(parent, name)).is_symlink())


def _servers(settings: Settings) -> list[str]:
    return list(filter(None, [settings.base_url, *(seat.base_url for seat in _tables(settings))]))


def _variables(seat: ModelTable) -> Iterator[str]:
    """Yield the names of what a seat takes from the environment."""
    if seat.api_key_env:
        yield seat.api_key_env
    for value in (seat.headers or {}).values():
        if variable := HEADER_VARIABLE.fullmatch(value):
            yield variable["name"]


def _seats(settings: Settings) -> list[str | ModelTable]:
    aggregators = settings.aggregator if isinstance(settings.aggregator, list) else [settings.aggregator]
    return [
        seat
        for seat in (*seats_in([*(settings.proposers or []), *settings.escalate]), *aggregators)
        if seat is not None
    ]


def _tables(settings: Settings) -> list[ModelTable]:
    return [seat for seat in _seats(settings) if isinstance(seat, ModelTable)]


def _models(settings: Settings) -> list[str]:
    checker = settings.confidence.model if isinstance(settings.confidence, ConfidenceTable) else None
    others = settings.moderator, settings.analyst, settings.rewriter, checker
    return [*models_in(_seats(settings)), *filter(None, others)]
