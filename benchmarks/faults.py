"""Break every part of a mixture in every way, on a real server, and write down what comes of it: docs/faults.md.

    python benchmarks/faults.py

The server is the tests' own, on 127.0.0.1; the clients are the real ones, with their own retries.
"""

import asyncio
import json
import logging
import os
import platform
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from langgraph_moa import AllProposersFailed, create_moa, resolve_model

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "tests" / "support"))
logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # clients that hang up are what this is about

from loopback import Loopback, Reply, Script, serve  # noqa: E402 - it lies with the tests
from tables import columns  # noqa: E402

PAGE = ROOT / "docs" / "faults.md"
SECRET = "error-text-that-no-model-may-read"
ERROR = json.dumps({"error": {"message": SECRET, "type": "scripted"}})
AGAIN = {"x-should-retry": "true"}
TIMEOUT = 4.0
PROPOSERS = ["m0", "m1", "m2"]


def once_limited() -> Script:
    """Answer 429 with Retry-After to the first request."""
    replies = [Reply(status=429, body=ERROR, headers={**AGAIN, "Retry-After": "1"})]
    return lambda body: replies.pop() if replies else Reply("an answer")


FAULTS: dict[str, Any] = {
    "HTTP 401": lambda: Reply(status=401, body=ERROR),
    "HTTP 429 once, Retry-After 1 s": once_limited,
    "HTTP 429 always": lambda: Reply(status=429, body=ERROR, headers=AGAIN),
    "HTTP 500": lambda: Reply(status=500, body=ERROR, headers=AGAIN),
    "hang": lambda: Reply(broken="hang"),
    "reset": lambda: Reply(broken="reset"),
    "reset in mid answer": lambda: Reply("half of an answer", broken="reset_mid_stream"),
    "half of JSON": lambda: Reply(body='{"choices": [{"message": {"content": "' + SECRET),
    "HTML page": lambda: Reply(body=f"<html>{SECRET}</html>"),
    "empty answer": lambda: Reply(""),
    "refusal": lambda: Reply("", refusal=SECRET, finish_reason="content_filter"),
    "cut at its limit": lambda: Reply("the first half of", finish_reason="length"),
}
PLACES: dict[str, list[str]] = {
    "one proposer": ["m1"],
    "all proposers": PROPOSERS,
    "aggregator": ["first"],
    "aggregator and its fallback": ["first", "second"],
}


class Row(NamedTuple):
    """Hold what came of one case."""

    fault: str
    place: str
    ends: str
    seconds: float
    requests: int
    degraded: str
    leaks: int

    def cells(self) -> list[str]:
        """Write it down as a line of the table."""
        counts = [f"{self.seconds:.1f}", str(self.requests), self.degraded, str(self.leaks)]
        return [self.fault, self.place, self.ends, *counts]


async def case(server: Loopback, fault: str, place: str) -> Row:
    """Run one mixture whose models have names of their own, and see what it asked and answered."""
    prefix = f"{list(FAULTS).index(fault)}-{list(PLACES).index(place)}-"
    for name in PLACES[place]:
        server.say(prefix + name, FAULTS[fault]())
    moa = create_moa(
        proposers=[prefix + name for name in PROPOSERS],
        aggregator=[prefix + "first", prefix + "second"],
        timeout=TIMEOUT,
        resolve=partial(resolve_model, base_url=server.url),
    )
    clock, state, question = (
        time.perf_counter(),
        dict[str, Any](),
        cast("Any", {"messages": [{"role": "user", "content": "Which?"}]}),
    )
    try:
        async for mode, part in moa.astream(question, stream_mode=["values", "messages"]):
            state = cast("Any", part) if mode == "values" else state
        last = state["run"]["aggregators"][-1]
        ends = "answer" if last["status"] in ("ok", "truncated") else "best proposal"
        degraded = "yes" if state["run"]["degraded"] else "no"
    except AllProposersFailed:
        ends, degraded = "AllProposersFailed", "-"
    seconds = time.perf_counter() - clock
    requests = [request for request in server.requests if request.model.startswith(prefix)]
    return Row(fault, place, ends, seconds, len(requests), degraded, sum(SECRET in r.prompt for r in requests))


async def measure() -> list[Row]:
    """Run all cases, those of one place at the same time."""
    with serve() as server:
        return [
            row for place in PLACES for row in await asyncio.gather(*(case(server, fault, place) for fault in FAULTS))
        ]


def page(rows: list[Row]) -> str:
    """Write the page."""
    head = ["fault", "where", "ends with", "seconds", "requests", "degraded", "error text in prompts"]
    cells = [[r.fault, r.place, r.ends, f"{r.seconds:.1f}", str(r.requests), r.degraded, str(r.leaks)] for r in rows]
    ran = f"{datetime.now(UTC).date()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return f"""# Faults, tried

Written by `python benchmarks/faults.py` ({ran}).

Each line is a run of three proposers, an aggregator and its fallback on a server that does as it is told, with a
timeout of {TIMEOUT:g} s a call. Without a fault such a run makes 4 requests; what is sent again is the client's own
retry.

{columns([head, *cells])}
"""


def main() -> None:
    """Write docs/faults.md; fail where error text reached a prompt."""
    rows = asyncio.run(measure())
    PAGE.write_text(page(rows), encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))
    sys.exit(any(row.leaks for row in rows))


if __name__ == "__main__":
    main()
