"""What an attack costs: runs with one hostile server among three, each in a process of its own, and what they took."""

import asyncio
import gc
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import attacker
from hostile_runs import stretches
from langgraph_moa import create_moa, resolve_model
from memory import forget_peak, peak_mb

SECONDS = 3.0
"""The time-out of each call."""
_MB = 2**20
_QUESTION: Any = {"messages": [{"role": "user", "content": "What is it?"}]}


class Cost(NamedTuple):
    """Hold what came of one attack, and what it took."""

    status: str
    error: str
    others: int
    """How many of the others' proposals were kept."""
    over: float
    """Seconds that the run took longer than the time-out."""
    loop: float
    """Seconds of CPU for which the event loop was kept at a stretch."""
    still: float
    """Seconds for which it was still, by the clock, which others' work is in."""
    megabytes: float
    """How much memory grew, at most."""


@contextmanager
def attacks() -> Iterator[str]:
    """Run the hostile server as a process, and yield its base URL."""
    command = [sys.executable, str(Path(attacker.__file__))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield server.stdout.readline().strip()
        server.kill()


def cost_of_attack(name: str, url: str, *, place: str = "proposer", streamed: bool = False, **options: Any) -> Cost:
    """Run a mixture in which one model attacks, in a process of its own.

    Args:
        name: Which one of `ATTACKS`.
        url: The hostile server.
        place: Where it sits: `proposer`, or `aggregator`.
        streamed: Whether somebody watches, so that answers are streamed.
        options: More of the mixture's options.
    """
    reading, writing = os.pipe()
    if not (child := os.fork()):
        try:
            os.close(reading)
            cost = asyncio.run(_measured(name, url, place, streamed, options))
            os.write(writing, json.dumps(cost).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return Cost(*json.loads(text)) if text else Cost("died", "", 0, 0, 0, 0, 0)


async def _measured(name: str, url: str, place: str, streamed: bool, options: dict[str, Any]) -> Cost:
    await _run("fine", url, place, streamed, options)
    gc.collect()
    gc.freeze()
    forget_peak()
    before = peak_mb()
    stillness = [0.0]
    beating = asyncio.create_task(_heart(stillness))
    await asyncio.sleep(0.1)
    with stretches() as taken:
        started = time.perf_counter()
        status, error, others = await _run(name, url, place, streamed, options)
        seconds = time.perf_counter() - started
    beating.cancel()
    return Cost(status, error, others, seconds - SECONDS, max(taken), max(stillness), peak_mb() - before)


async def _run(name: str, url: str, place: str, streamed: bool, options: dict[str, Any]) -> tuple[str, str, int]:
    def model(which: str) -> Any:
        return resolve_model(f"openai:{which}", base_url=url, transport=options.get("transport"))

    rest = {key: value for key, value in options.items() if key != "transport"}
    others = [model("fine"), model("fine")]
    seats = [model(name), *others] if place == "proposer" else others
    last = model("fine" if place == "proposer" else name)
    moa = create_moa(
        proposers=seats, aggregator=[last, model("fine")], timeout=SECONDS, stream_proposals=streamed, **rest
    )
    result: Any = {}
    if streamed:
        async for mode, part in moa.astream(_QUESTION, stream_mode=["messages", "values"]):
            result = part if mode == "values" else result
    else:
        result = await moa.ainvoke(_QUESTION)
    proposals = result["proposals"]
    calls = proposals if place == "proposer" else result["run"]["aggregators"]
    attacked = calls[0] if calls else {"status": "?", "error": "?"}
    fine = [p for p in proposals if p["text"] == "fine"]
    return attacked["status"], attacked.get("error") or "", len(fine)


async def _heart(longest: list[float]) -> None:
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0.005)
        now = time.perf_counter()
        longest[0], last = max(longest[0], now - last - 0.005), now


if __name__ == "__main__":
    transports = [each for each in sys.argv[1:] if each in ("lean", "openai")] or ["lean"]
    names = [each for each in sys.argv[1:] if each not in transports] or list(attacker.ATTACKS)
    with attacks() as base:
        for transport, each in itertools.product(transports, names):
            for where, watched in (("proposer", False), ("aggregator", True)):
                cost = cost_of_attack(each, base, place=where, streamed=watched, transport=transport)
                row = f"{each:35} {where[:4]} {cost.status:10} others {cost.others} over {cost.over:6.2f} s"
                print(
                    f"{row} loop {cost.loop:7.3f} still {cost.still:7.3f} {cost.megabytes:7.1f} MB {cost.error[:150]}"
                )
