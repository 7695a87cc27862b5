"""Where a batch runs: in this process, or on a Ray cluster, whose actors build the mixture from the settings."""

import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Option

from ...core.checks import check_number
from ...core.errors import ConfigError
from ...core.run.state import Graph
from ...core.text import one_line, printable
from ...core.wire.connections import bare_url
from ...evaluation.batch.tally import BatchReport
from ...evaluation.cluster.answering import Make
from ..logbook import tell
from ..settings.caching import cache_for_all
from ..settings.settings import Settings
from ..terminal import note

EngineName = Literal["process", "ray"]
Engine = Annotated[EngineName, Option(help="Where it runs: in this process, or on a Ray cluster (the extra ray).")]
ClusterAddress = Annotated[
    str | None,
    Option(
        "--address",
        metavar="HOST:PORT",
        help="A Ray cluster to join, or auto; else one is started here.",
        show_default=False,
    ),
]
Actors = Annotated[
    int | None,
    Option(metavar="N", help="Actors of the cluster that answer; else one for each CPU.", show_default=False),
]


@dataclass(frozen=True)
class RayEngine:
    """Be the cluster that a batch runs on."""

    address: str | None
    actors: int | None


def engine_of(
    name: EngineName, address: str | None, actors: int | None, *, in_batches: bool = False
) -> RayEngine | None:
    """Return the cluster that was asked for; None where the batch runs in this process.

    Raises:
        ConfigError: Something is said of a cluster without one, or wrong.
    """
    if name != "ray":
        given = next((option for option, value in (("--address", address), ("--actors", actors)) if value), None)
        if given:
            raise ConfigError(f"found {given} without --engine ray, expected both; add it, or leave {given} out")
        return None
    if in_batches:
        raise ConfigError(
            "found --engine ray with a provider's batch, expected one of them: what waits for a provider needs one "
            "machine only; leave --engine out"
        )
    from ...evaluation.cluster.joining import check_address_of_cluster

    check_address_of_cluster(address)
    if actors is not None:
        check_number("actors", actors, minimum=1, whole=True)
    return RayEngine(address, actors)


def note_engine(engine: RayEngine | None) -> None:
    """Say where a batch runs that does not run here, and what is not done there."""
    if engine:
        where = f"the cluster at {engine.address}" if engine.address else "a cluster of this machine"
        note(f"ray: {where}; questions under way are not kept: who is ended has them asked anew")


def url_in(questions: Path, engine: RayEngine | None, repeat: int) -> str | None:
    """Return the address that was given as IN; None where it is a path.

    Args:
        questions: IN, whose double slashes are single in a path.
        engine: Who could read it.
        repeat: How often every question is asked.

    Raises:
        ConfigError: Nobody can read it, or it would be read here, too.
    """
    scheme, mark, rest = str(questions).partition(":/")
    if not mark or not scheme.isalnum() or len(scheme) == 1 or questions.exists():  # one letter is a disk of Windows
        return None
    url = f"{scheme}://{rest.lstrip('/')}"
    shown = bare_url(url)
    if engine is None:
        raise ConfigError(
            f"found {bare_url(url)} as IN, expected a file of this machine; add --engine ray, which reads it"
        )
    if repeat > 1:
        raise ConfigError(
            f"found --repeat {repeat} with {shown}, expected a file of this machine; copy it, or ask once"
        )
    return url


def made_anywhere(chosen: Settings, *, joined: bool = False) -> Make:
    """Return what builds a mixture on any machine, from settings without secrets.

    Args:
        chosen: The settings.
        joined: Whether the cluster may have other machines than this one.

    Raises:
        ConfigError: They hold what may be a secret, or a cache that is not for all.
    """
    record = chosen.record()
    written = chosen.model_dump(exclude_defaults=True, exclude_unset=True, exclude={"cache"})
    if {**written, "docs": None} != {**record, "docs": None}:
        raise ConfigError(
            "found a header, or what follows ? in an address, written out in the settings, expected neither on a "
            "cluster, where all could read it; write $NAME for the header, and set NAME on each machine"
        )
    if chosen.cache:
        record["cache"] = cache_for_all(chosen.cache, joined=joined)
    return partial(built_of, record)


def built_of(record: dict[str, Any]) -> Graph:
    """Build the mixture of settings that were written down; keys come from this machine's environment."""
    return Settings.model_validate(record).build()


@contextmanager
def quiet_ray() -> Iterator[None]:
    """Keep what Ray prints out of the results, and off the screen: what becomes of the batch is told otherwise."""
    with redirect_stdout(_Logbook()):  # where it prints that a machine is gone, in colour
        yield


class _Logbook(io.TextIOBase):
    """Write lines to the logbook, which shows them with --verbose."""

    def write(self, text: str, /) -> int:
        if text.strip():
            tell(one_line(printable(text), limit=400))
        return len(text)


def sentence_of_lost(sums: BatchReport) -> str | None:
    """Say what died on the way; None where nothing did."""
    lost = sums.get("lost")
    if not lost:
        return None
    many = "1 question was" if lost["attempts"] == 1 else f"{lost['attempts']:,} questions were"
    return (
        f"{many} under way where an actor died, and asked again; of what that had cost, {lost['calls']:,} calls, "
        f"{lost['tokens']:,} tokens and ${lost['usd']:,.4f} are known and counted"
    )
