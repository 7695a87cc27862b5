"""Hurt runs, batches and threads from all sides at once, and write down what comes of it: docs/faults.md, Chaos.

    python benchmarks/chaos.py

A server that breaks HTTP on purpose, random kills, two processes for one thread and one file, a full disk, a folder
that is read-only, a clock that is set, and 300 runs at once: nothing may be lost, doubled, leaked or mixed.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import chaos_clock
import chaos_files
import chaos_processes
import chaos_server
from chaos_outcomes import HEAD, Outcome
from chaos_server import MOST_HELD_MS, MOST_LATE_S, MOST_MB, TIMEOUT, Case
from speed_page import when_and_where, with_sections

from crowd import many_at_once  # isort: skip
from hostile_faults import FAULTS  # isort: skip
from loopback import Loopback, serve  # isort: skip
from tables import columns  # isort: skip

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"
SECTION = "Chaos"
VERSIONS = ("aiohttp", "langgraph", "langgraph-checkpoint-sqlite")
RUNS = 300
Part = Callable[[Path, Loopback], Outcome | list[Outcome]]


def crowd_of(runs: int, folder: Path, server: Loopback) -> Outcome:
    """Start many runs at once, on servers that fail at random."""
    crowd = many_at_once(server, [f"question-{number:03}-" for number in range(runs)])
    return Outcome(
        what="runs at once, faults at random",
        tried=f"{runs} runs of 7 calls",
        lost=len(crowd.lost),
        leaked=crowd.tasks + crowd.sockets,
        mixed=len(crowd.mixed),
        notes=f"{crowd.answered} answered, {crowd.failed} AllProposersFailed, {len(server.requests):,} requests",
        wrong=[*([f"{len(crowd.uncut)} not cut by their quorum"] if crowd.uncut else []), *crowd.lost[:1]],
    )


PARTS: dict[str, Part] = {
    "kills": partial(chaos_processes.killed_at_random, kills=20, questions=200),
    "two batches": partial(chaos_processes.two_batches, rounds=3),
    "two asks": partial(chaos_processes.two_on_a_thread, rounds=3),
    "full disk, OUT": partial(chaos_files.full_under_a_batch, keeps=False),
    "full disk, unfinished": partial(chaos_files.full_under_a_batch, keeps=True),
    "full disk, store": chaos_files.full_under_a_thread,
    "read-only": chaos_files.read_only,
    "clock": chaos_clock.all_of_it,
    "crowd": partial(crowd_of, RUNS),
}


def outcomes(parts: Sequence[str]) -> Iterator[Outcome]:
    """Try parts one after the other, each with a server and a folder of its own.

    Args:
        parts: Which of `PARTS`.
    """
    for part in parts:
        start = time.monotonic()
        with serve() as server, tempfile.TemporaryDirectory() as folder:
            try:
                came_to = PARTS[part](Path(folder), server)
            except Exception as exc:  # noqa: BLE001 - what breaks the trial is what it came to
                came_to = Outcome(part, "", wrong=[f"{type(exc).__name__}: {exc!s:.200}"])
        print(f"{part}: {time.monotonic() - start:.0f} s", file=sys.stderr)
        yield from [came_to] if isinstance(came_to, Outcome) else came_to


def section(cases: Sequence[Case], others: Sequence[Outcome], seconds: float) -> str:
    """Write the section.

    Args:
        cases: What came of the server that breaks HTTP.
        others: What came of the rest.
        seconds: How long all of it took.
    """
    versions = ", ".join(f"{package} {version(package)}" for package in VERSIONS)
    broken = [f"- {case.fault}, {case.place}: {', '.join(case.broken())}" for case in cases if case.broken()]
    broken += [f"- {outcome.what}: {'; '.join(outcome.broken())}" for outcome in others if outcome.broken()]
    verdict = "\n".join(["What is not as it should be:", "", *broken]) if broken else "All of it is as it should be."
    return f"""{when_and_where("python benchmarks/chaos.py")} {versions}; {seconds:.0f} s in all.

{verdict}

A server that breaks HTTP on purpose is asked by one of three proposers, or by the aggregator, with a timeout of
{TIMEOUT:g} s a call; each run is in a process of its own. `s late` is how long after that the whole run was over.
Promised are: at most {MOST_LATE_S:g} s late, the others' proposals whole, the right answer, the event loop never kept
for longer than {MOST_HELD_MS:g} ms, at most {MOST_MB:g} MB more than a sound run, no connection left open, and nothing
asked of another server, or taken from one.

{columns([chaos_server.HEAD, *(case.cells() for case in cases)])}

And what comes from elsewhere. Lost are rows, turns and answers that were paid for; doubled those that are there twice;
leaked are files, tasks and connections; mixed are answers to somebody else's question. Paid again is what was in the
air when a process was ended. Of the runs at once, a third of the proposers' calls fail at random, and each tenth run
has a proposer that hangs.

{columns([HEAD, *(outcome.cells() for outcome in others)])}"""


def main() -> None:
    """Write the section of docs/faults.md; fail where anything is not as it should be."""
    start = time.monotonic()
    cases = chaos_server.run_cases(list(FAULTS))
    print(f"server: {time.monotonic() - start:.0f} s", file=sys.stderr)
    others = list(outcomes(list(PARTS)))
    text = section(cases, others, time.monotonic() - start)
    PAGE.write_text(with_sections(PAGE.read_text(encoding="utf-8"), {SECTION: text}), encoding="utf-8")
    print(text)
    sys.exit(any([*(case.broken() for case in cases), *(outcome.broken() for outcome in others)]))


if __name__ == "__main__":
    main()
