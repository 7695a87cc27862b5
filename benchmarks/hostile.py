"""Measure what one hostile proposal costs a run: its CPU, and the longest time that it keeps the event loop.

`python hostile.py NUMBER CHARACTERS` runs one mixture whose first proposer says the text of that number. Each text has
a process of its own, which can be ended: what is quadratic takes hours.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from speed_page import Row

PIECES = (
    "<",
    "< ",
    "<reference",
    "</",
    "[",
    "(",
    "\\boxed{",
    "**",
    "\n",
    "1",
    "1,",
    "a",
    "\u0301",
    "`",
    "#",
    "[1]",
    "= ",
)
"""What is said over and over."""
GAP = "<"
"""And one text is this and white space only, which a pattern of ours was once quadratic in."""
SIZE = 200_000
NOBODY_WAITS_LONGER_S = 60


class Cost(NamedTuple):
    """Hold what one text cost."""

    cpu_s: float
    """Of the run."""
    loop_s: float
    """The most CPU that the process took between two turns of the event loop."""


def texts(size: int) -> list[str]:
    """Return hostile texts of so many characters."""
    return [*((piece * size)[: size - 2] + " x" for piece in PIECES), GAP + " " * (size - 2) + "x"]


async def run(text: str) -> Cost:
    """Run a mixture with one proposer that says this text, and watch the event loop.

    CPU and not wall: whoever else works on this machine is not counted. A thread that does not let go of Python's lock
    keeps the loop, too, and is counted.
    """
    from growth import SENTENCE, Instant, asked
    from langgraph_moa import create_moa

    panel = [Instant(name_of_model=f"proposer-{number}", text=text if not number else SENTENCE) for number in range(6)]
    moa = create_moa(proposers=panel, aggregator=Instant(), layers=3)
    gaps = list[float]()

    async def watch() -> None:
        before = time.process_time()
        while True:
            await asyncio.sleep(0.001)
            gaps.append((now := time.process_time()) - before)
            before = now

    await moa.ainvoke(asked(SENTENCE))
    watching = asyncio.create_task(watch())
    await asyncio.sleep(0.01)
    gaps.clear()
    start = time.process_time()
    await moa.ainvoke(asked(SENTENCE))
    cpu = time.process_time() - start
    await asyncio.sleep(0.01)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return Cost(cpu, max(gaps))


def cost(number: int, size: int) -> Cost:
    """Run one text in a process of its own; one that does not end takes for ever."""
    command = [sys.executable, __file__, str(number), str(size)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=NOBODY_WAITS_LONGER_S)
    except subprocess.TimeoutExpired:
        return Cost(float("inf"), float("inf"))
    return Cost(*json.loads(done.stdout))


def rows(size: int = SIZE, numbers: range | None = None) -> Iterator[Row]:
    """Measure the worst of all texts."""
    costs = [cost(number, size) for number in numbers or range(len(texts(1)))]
    what, n = f"a hostile proposal of {size // 1000} kB, the worst of {len(costs)}", "1 each"
    yield Row(f"{what}: CPU of the run", max(each.cpu_s for each in costs), n, 0.5, unit=" s")
    longest = 1000 * max(each.loop_s for each in costs)
    yield Row("  the same: longest time the event loop was kept", longest, n, 50, unit=" ms", digits=0)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(texts(int(sys.argv[2]))[int(sys.argv[1])]))))
