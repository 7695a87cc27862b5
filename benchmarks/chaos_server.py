"""Ask a server that breaks HTTP on purpose: what a run comes to with one proposer hurt, or its aggregator.

python benchmarks/chaos_server.py URL FAULT PLACE      # one case, in a process of its own, as JSON
"""

import asyncio
import gc
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

ROOT = Path(__file__).parents[1]
for folder in ("", "slow", "servers", "processes"):
    sys.path.append(str(ROOT / "tests" / "support" / folder))

from hostile_faults import FAULTS, RIGHT, SMUGGLED  # noqa: E402 - it lies with the tests
from memory import forget_peak, peak_mb  # noqa: E402

SERVER = ROOT / "tests" / "support" / "servers" / "hostile_server.py"
TIMEOUT = 2.0
PLACES = ("one proposer", "aggregator")
MOST_LATE_S, MOST_HELD_MS, MOST_MB = 0.5, 50.0, 30.0
"""What a fault may cost beside its own call: seconds after the timeout, of the event loop, of memory."""
PATIENCE_S = 40.0
"""How long a case may take before it is given up."""
_TICK = 0.002
_CLOSED_WITHIN_S = 2.0


@dataclass(frozen=True)
class Case:
    """Hold what came of one fault at one place."""

    fault: str
    place: str
    status: str
    """Of the call that was hurt."""
    late: float
    """Seconds of the whole run above one timeout; 0 below."""
    others: int
    """Proposals of the others that are whole."""
    of: int
    right: bool
    """Whether the answer is what the sound aggregators say."""
    held_ms: float
    """The longest that the event loop was kept."""
    mb: float
    """The most memory beside what a sound run takes."""
    open: int
    """Connections still open to what had hurt."""
    strays: int
    """Requests that went elsewhere, and texts that came from there."""

    def cells(self) -> list[str]:
        """Write it down as a line of the table."""
        others, right = f"{self.others} of {self.of}", "yes" if self.right else "no"
        figures = [f"{self.late:.1f}", others, right, f"{self.held_ms:.0f}", f"{self.mb:.0f}"]
        return [self.fault, self.place, self.status, *figures, str(self.open), str(self.strays)]

    def broken(self) -> list[str]:
        """Say which promises it broke."""
        broken = {
            "late": self.late > MOST_LATE_S,
            "others lost": self.others < self.of,
            "wrong answer": not self.right,
            "loop held": self.held_ms > MOST_HELD_MS,
            "memory": self.mb > MOST_MB,
            "left open": self.open > 0,
            "went elsewhere": self.strays > 0,
        }
        return [what for what, is_so in broken.items() if is_so]


HEAD = ["fault", "where", "its call", "s late", "others whole", "right", "ms held", "MB", "left open", "strays"]


class Held:
    """Watch for how long the event loop is kept, other processes' work left out."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.TimerHandle | None = None
        self._then = self._now()

    @staticmethod
    def _now() -> tuple[float, float]:
        return time.perf_counter(), time.process_time()

    def _look(self) -> None:
        now = self._now()
        # Wall time alone would count a busy machine, CPU alone threads that keep nobody waiting.
        self.longest = max(self.longest, min(now[0] - self._then[0], now[1] - self._then[1]))
        self._then = now
        self._next = self._loop.call_later(_TICK, self._look)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch while the block lasts."""
        self._then = self._now()
        self._look()
        try:
            yield
        finally:
            self._look()
            cast("asyncio.TimerHandle", self._next).cancel()


async def run_case(sound: str, hostile: str, fault: str, place: str) -> Case:
    """Run one mixture, and see what it came to; where its connection stays open, once more.

    Args:
        sound: The address of a server.
        hostile: The address of another.
        fault: What is broken.
        place: Where.
    """
    from langgraph_moa import resolve_model

    def resolve(model: str, **options: Any) -> Any:
        return resolve_model(model, base_url=hostile if "/hurt" in model else sound, **options)

    number = list(FAULTS).index(fault)
    case = f"{number}-{PLACES.index(place)}"
    await _run(f"{case}-sound", None, place, resolve)  # what is loaded and opened once is no growth
    gc.collect()
    forget_peak()
    before, held, start = peak_mb(), Held(), time.perf_counter()
    with held.watched():
        state = await _run(case, number, place, resolve)
        seconds = time.perf_counter() - start
    peak = peak_mb()
    again = await _run(case, number, place, resolve) if FAULTS[fault].stays_open else None
    log = await _log(hostile, case)
    proposals = state["proposals"]
    others = [p for p in proposals if "/hurt" not in p["model"]]
    hurt = proposals[1] if place == PLACES[0] else next(iter(state["run"]["aggregators"]), {"status": "never asked"})
    answer = state["messages"][-1].text if state["messages"] else ""
    texts = [text for run in filter(None, (state, again)) for text in _texts(run)]
    return Case(
        fault=fault,
        place=place,
        status=hurt["status"],
        late=max(seconds - TIMEOUT, 0.0),
        others=sum(p["status"] == "ok" and p["text"] == RIGHT for p in others),
        of=2 if place == PLACES[0] else 3,
        right=answer == RIGHT,
        held_ms=1000 * held.longest,
        mb=max(peak - before, 0.0),
        open=log["open"],
        strays=log["strays"] + sum(SMUGGLED in text for text in texts),
    )


async def _run(case: str, hurt: int | None, place: str, resolve: Any) -> dict[str, Any]:
    from langgraph_moa import AllProposersFailed, create_moa

    proposers, aggregators = [f"{case}/{name}" for name in "abc"], [f"{case}/{name}" for name in ("first", "second")]
    if hurt is not None:
        (proposers if place == PLACES[0] else aggregators)[place == PLACES[0]] = f"{case}/hurt{hurt}"
    moa = create_moa(
        proposers=proposers,
        aggregator=aggregators,
        early_stop=None,
        timeout=TIMEOUT,
        stream_proposals=hurt is not None and [*FAULTS.values()][hurt].only_streams,
        resolve=resolve,
    )
    state: dict[str, Any] = {}
    question: Any = {"messages": [{"role": "user", "content": "Which?"}]}
    try:
        async for mode, part in moa.astream(question, stream_mode=["values", "messages"]):
            state = cast("Any", part) if mode == "values" else state
    except AllProposersFailed as failed:
        return {"proposals": failed.failures, "messages": [], "run": {"aggregators": []}}
    return state


def _texts(state: dict[str, Any]) -> list[str]:
    return [*(p["text"] for p in state["proposals"]), *(message.text for message in state["messages"])]


async def _log(url: str, case: str) -> dict[str, int]:
    """Return what the server saw, once it has noticed that nobody listens any more."""
    import aiohttp

    until = time.monotonic() + _CLOSED_WITHIN_S
    async with aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{url}/{case}") as response:
                log: dict[str, int] = json.loads(await response.read())
            if not log["open"] or time.monotonic() > until:
                return log
            await asyncio.sleep(0.02)


def run_cases(faults: Sequence[str], places: Sequence[str] = PLACES, *, at_once: int = 4) -> list[Case]:
    """Run each fault at each place, each case in a process of its own.

    Args:
        faults: Which.
        places: Where.
        at_once: Processes at once.
    """
    import warm

    numbers = [str(list(FAULTS).index(fault)) for fault in faults]
    pairs = [(fault, place) for fault in faults for place in places]
    with _server() as sound, _server(*numbers) as hostile:

        def case(pair: tuple[str, str]) -> Case:
            with _ONE_STARTS:
                process = warm.start(__file__, sound, hostile, *pair, stdout=subprocess.PIPE)
            try:
                out, _ = process.communicate(timeout=PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                return _lost(*pair, "no end")
            return Case(**json.loads(out)) if out else _lost(*pair, "died")

        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(case, pairs))


def _lost(fault: str, place: str, status: str) -> Case:
    """Return what stands for a process that did not end, or in no order: all of its run is lost."""
    of, seconds = 2 if place == PLACES[0] else 3, PATIENCE_S - TIMEOUT
    return Case(fault, place, status, seconds, 0, of, False, 1000 * seconds, 0.0, 0, 0)


_ONE_STARTS = threading.Lock()


@contextmanager
def _server(*numbers: str) -> Iterator[str]:
    """Run a server in a process of its own."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(SERVER), *numbers], stdin=pipe, stdout=pipe, text=True) as server:
        yield cast("Any", server.stdout).readline().strip()
        cast("Any", server.stdin).close()


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(run_case(*sys.argv[1:5])))))
