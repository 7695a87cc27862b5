"""Hold readers of foreign text to work in proportion to it, counted in a process that may take so much CPU and no more.

Run as a script, with a reader, the characters of a large text, and names of texts: it writes a line before each text
and one after it.
"""

import gc
import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

LARGE = 200_000
"""Characters of a large text."""
_TIMES = 10
"""How many times the size of a small one that is."""
MOST = 25.0
"""How many times as much a text of ten times the size may cost; some of it is new memory, and caches that are full."""
NOTHING = 0.05
"""Seconds of CPU, of a large text, that are too few to be compared: what an event loop may be kept for."""
_PATIENCE = 20_000
"""Characters that may take a second: far more time than what is linear needs, far less than what is not."""
_TRIES = 6
_TICK = 0.0005
"""Seconds of CPU that a small text takes at least: the clock of a process with a limit moves by 4 ms."""


class Cost(NamedTuple):
    """Hold what reading a text took."""

    text: str
    seconds: float
    """Of CPU, for the large text."""
    growth: float | None
    """How many times the cost of the small text that is; None where it is next to nothing."""


def cost_of(read: Callable[[str], object], make: Callable[[int], str], name: str, size: int) -> Cost:
    """Count what a reader takes; whatever looks like too much is counted again, for others use the machine too."""
    large, small = make(size), make(size // _TIMES)
    count = partial(_cpu, read, patience=2 + size // _PATIENCE)
    seconds = count(large)
    if seconds <= NOTHING:
        return Cost(name, seconds, None)
    growths: list[float] = []
    for _ in range(_TRIES):  # each compares two counts in a row, in which the machine is about as busy
        growths.append(seconds / max(count(small, times=_TIMES) / _TIMES, _TICK))
        if min(growths) <= MOST:
            break
        seconds = count(large)
    return Cost(name, seconds, min(growths))


def _cpu(read: Callable[[str], object], text: str, *, patience: int, times: int = 1) -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + patience, resource.RLIM_INFINITY))
    taken = 0.0
    for _ in range(times):
        _forget()
        started = time.process_time()
        read(text)
        taken += time.process_time() - started
    return taken


def _forget() -> None:
    """Empty the fence's caches: a text that was fenced before costs nothing."""
    for cached in vars(sys.modules["langgraph_moa.prompts.fence"]).values():
        getattr(cached, "cache_clear", bool)()


def _remember_no_widths() -> None:
    """Take rich's cache away: it holds all words of a small text, and of a large one those that come last."""
    from rich import cells

    vars(cells)["cached_cell_len"] = getattr(cells.cached_cell_len, "__wrapped__", cells.cached_cell_len)


def _main(reader: str, size: int, names: Sequence[str]) -> None:
    sys.path.append(str(Path(__file__).parents[1]))  # run by its path, it sees its own folder only
    from hostile import TEXTS
    from readers import READERS, TOO_SLOW

    gc.disable()
    _remember_no_widths()
    read = (READERS | TOO_SLOW)[reader]
    read("Once before, for what is made at its first use: 1 + 1.")
    for name in names or TEXTS:
        print(json.dumps(name), flush=True)
        print(json.dumps(cost_of(read, TEXTS[name], name, size)), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
