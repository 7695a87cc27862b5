"""Run ways in processes of their own, in turn: each waits for its turn, and measures itself.

A runner builds its way, makes three runs to get warm, says `ready`, and answers each line of standard input,
`RUNS AT_ONCE`, with a line of JSON. What waits takes no CPU, so turns may be as short as the machine's moods ask for.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median
from typing import IO, NamedTuple

from ways import WAYS, Runs

ANSWERING = Path(__file__).with_name("answering.py")
WARM = 3


class Took(NamedTuple):
    """Hold what runs took in one turn."""

    cpu_ms: float
    """Of a run."""
    wall_ms: float
    """From the start of all to the end of the last one."""
    rate: float
    """Runs a second."""
    mb: float
    """What the process's peak of memory rose by, a run."""


def measured(runs: Runs, how_many: int, at_once: int) -> Took:
    """Make runs, so many at a time, and return the medians."""
    cpu, wall, before = list[float](), list[float](), peak_mb()
    for _ in range(how_many // at_once):
        start = time.process_time(), time.perf_counter()
        runs(at_once)
        cpu.append(time.process_time() - start[0])
        wall.append(time.perf_counter() - start[1])
    per_run = 1000 * median(cpu) / at_once
    return Took(per_run, 1000 * median(wall), at_once / median(wall), (peak_mb() - before) / how_many)


def peak_mb() -> float:
    """Return the most memory that this process has held."""
    import resource  # which Windows has not

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def answering(*, delay: float = 0.0, words: int = 192, slow: float = 0.0, pace: float = 0.0) -> Iterator[str]:
    """Serve for as long as the block lasts, and yield the address."""
    given = {"delay": delay, "words": words, "slow": slow, "pace": pace}
    options = [part for name, value in given.items() for part in (f"--{name}", str(value))]
    with piped([sys.executable, str(ANSWERING), *options]) as (_, lines):
        yield lines.readline().strip()


@contextmanager
def piped(command: Sequence[str]) -> Iterator[tuple[IO[str], IO[str]]]:
    """Start a process that ends when its standard input does."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    assert process.stdout
    try:
        yield process.stdin, process.stdout
    finally:
        process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def in_turn(
    ways: Sequence[str], url: str, *, rounds: int, runs: int, at_once: int = 1, pythons: Mapping[str, str] | None = None
) -> dict[str, list[Took]]:
    """Let each way take its turn, so many rounds, and return what each turn took.

    Args:
        ways: Their names in `WAYS`.
        url: The server that all ask.
        rounds: Turns of each way.
        runs: Runs in a turn.
        at_once: How many of them at a time.
        pythons: The interpreters of ways that need another than this one.
    """
    took: dict[str, list[Took]] = {way: [] for way in ways}
    with ExitStack() as processes:
        pipes = {}
        for way in ways:
            python = (pythons or {}).get(way, sys.executable)
            pipes[way] = processes.enter_context(piped([python, __file__, way, url]))
            if (line := pipes[way][1].readline().strip()) != "ready":
                raise SystemExit(f"found {line!r} of the runner of {way!r}, expected 'ready'; its error stands above")
        for _ in range(rounds):
            for way, (orders, lines) in pipes.items():
                orders.write(f"{runs} {at_once}\n")
                orders.flush()
                took[way].append(Took(*json.loads(lines.readline())))
    return took


def middle(turns: Sequence[Took], field: str) -> float:
    """Return the median of what turns took."""
    return float(median(getattr(turn, field) for turn in turns))


def ratio(ours: Sequence[Took], theirs: Sequence[Took], field: str) -> float:
    """Return the median of what each turn took against the other's turn of the same round."""
    return float(median(getattr(a, field) / getattr(b, field) for a, b in zip(ours, theirs, strict=True)))


def main(way: str, url: str) -> None:
    """Be a runner."""
    with closing(WAYS[way](url)) as runs:
        for _ in range(WARM):
            runs(1)
        print("ready", flush=True)
        for line in sys.stdin:
            how_many, at_once = map(int, line.split())
            print(json.dumps(measured(runs, how_many, at_once)), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
