"""Measure runs of 13 calls against floors: aiohttp alone, LangGraph alone, asyncio.gather over LangChain's models."""

from collections.abc import Iterator

from runners import Took, answering, in_turn, middle, ratio
from speed_page import Row

CALL_S = 0.2
CRITICAL_PATH_MS = 3 * CALL_S * 1000
"""Three calls in a row, the least that two layers and an aggregator can take."""


def alone(rounds: int = 12, runs: int = 5) -> Iterator[Row]:
    """Measure the CPU of one run at a time, of calls that take no time."""
    n = f"{rounds}x{runs}"
    with answering() as url:
        took = in_turn(["ours", "ours, heard", "gather", "floor", "langgraph"], url, rounds=rounds, runs=runs)
    ours = took["ours"]
    yield Row("floor: aiohttp and orjson alone, CPU", middle(took["floor"], "cpu_ms"), n, unit=" ms")
    yield Row("floor: LangGraph alone, a graph of this shape, CPU", middle(took["langgraph"], "cpu_ms"), n, unit=" ms")
    yield Row("13 calls, models from strings, CPU", middle(ours, "cpu_ms"), n, unit=" ms")
    both = [add(*pair) for pair in zip(took["floor"], took["langgraph"], strict=True)]
    yield Row("  against both floors together", ratio(ours, both, "cpu_ms"), n)
    yield Row("  with a listener, as a tracer is one, against without", ratio(took["ours, heard"], ours, "cpu_ms"), n)
    yield Row("  against asyncio.gather over ChatOpenAI", ratio(ours, took["gather"], "cpu_ms"), n)


def add(one: Took, other: Took) -> Took:
    """Return what both took one after the other."""
    return one._replace(cpu_ms=one.cpu_ms + other.cpu_ms)


def streamed(rounds: int = 12, runs: int = 5) -> Iterator[Row]:
    """Measure the CPU of runs whose answer is read token by token."""
    n = f"{rounds}x{runs}"
    ours, same, gather, floor = (f"{way}, streamed" for way in ("ours", "ours over ChatOpenAI", "gather", "floor"))
    with answering() as url:
        took = in_turn([ours, same, gather, floor], url, rounds=rounds, runs=runs)
    yield Row("floor: aiohttp and orjson alone, the answer streamed, CPU", middle(took[floor], "cpu_ms"), n, unit=" ms")
    against = ratio(took[ours], took[gather], "cpu_ms")
    yield Row("the answer streamed, CPU against asyncio.gather over ChatOpenAI", against, n, 0.5)
    yield Row("  the same ChatOpenAI objects on both sides", ratio(took[same], took[gather], "cpu_ms"), n)


def wall(rounds: int = 8, runs: int = 3) -> Iterator[Row]:
    """Measure how long a run takes of calls that take 200 ms."""
    n = f"{rounds}x{runs}"
    with answering(delay=CALL_S) as url:
        took = in_turn(["ours", "gather", "floor"], url, rounds=rounds, runs=runs)
    path = {way: middle(turns, "wall_ms") / CRITICAL_PATH_MS for way, turns in took.items()}
    yield Row("13 calls of 200 ms, wall against three calls in a row", path["ours"], n, 1.05)
    yield Row("  floor: aiohttp and orjson alone", path["floor"], n)
    yield Row("  asyncio.gather over ChatOpenAI", path["gather"], n)


def at_once(rounds: int = 7, runs: int = 50) -> Iterator[Row]:
    """Measure many runs at once, of calls that take 200 ms."""
    n = f"{rounds}x{runs}"
    with answering(delay=CALL_S) as url:
        took = in_turn(
            ["floor", "ours", "ours, frozen", "ours, on uvloop", "ours over ChatOpenAI"],
            url,
            rounds=rounds,
            runs=runs,
            at_once=runs,
        )
    ours, floor = took["ours"], took["floor"]
    yield Row(f"floor: aiohttp and orjson alone, {runs} at once, runs a second", middle(floor, "rate"), n, digits=1)
    yield Row(f"{runs} runs at once, runs a second against it", ratio(ours, floor, "rate"), n, 0.6, at_least=True)
    frozen = ratio(took["ours, frozen"], floor, "rate")
    yield Row("  after gc.freeze(), as our own commands do", frozen, n, 0.6, at_least=True)
    for what, way in (("after gc.freeze()", "ours, frozen"), ("on uvloop", "ours, on uvloop")):
        yield Row(f"  CPU of a run {what} against without", ratio(took[way], ours, "cpu_ms"), n)
    objects = ratio(ours, took["ours over ChatOpenAI"], "rate")
    yield Row("  models from strings against ChatOpenAI objects, runs a second", objects, n, 1.7, at_least=True)


def memory(runs: int = 200) -> Iterator[Row]:
    """Measure what the peak of memory rises by for each run that is under way."""
    with answering(delay=CALL_S) as url:
        (took,) = in_turn(["ours"], url, rounds=1, runs=runs, at_once=runs)["ours"]
    yield Row(f"{runs} runs at once, peak memory a run", took.mb, f"1x{runs}", 1.5, unit=" MB")
