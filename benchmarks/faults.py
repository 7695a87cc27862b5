"""Break every part of a mixture in every way, on a real server, and write down what comes of it in docs/faults.md.

    python benchmarks/faults.py

The server is the tests' own, on 127.0.0.1; the clients are the real ones, with their own retries.
"""

import asyncio
import json
import logging
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from langgraph_moa import AllProposersFailed, create_moa, resolve_model
from langgraph_moa.core.models.capabilities import Transport
from speed_page import when_and_where, with_sections  # and with it the folder of the tests' own

logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # clients that hang up are what this is about

from loopback import Loopback, Reply, Script, serve  # noqa: E402 - it lies with the tests
from tables import columns  # noqa: E402

PAGE = Path(__file__).parents[1] / "docs" / "faults.md"
SECTION = "Every fault, everywhere"
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

    def differs_from(self, other: "Row") -> bool:
        """Tell two that did not end the same, or not with as many requests."""
        return self._replace(seconds=0.0) != other._replace(seconds=0.0)


async def case(server: Loopback, fault: str, place: str, transport: Transport) -> Row:
    """Run one mixture whose models have names of their own, and see what it asked and answered."""
    prefix = f"{list(FAULTS).index(fault)}-{list(PLACES).index(place)}-"
    for name in PLACES[place]:
        server.say(prefix + name, FAULTS[fault]())
    moa = create_moa(
        proposers=[prefix + name for name in PROPOSERS],
        aggregator=[prefix + "first", prefix + "second"],
        timeout=TIMEOUT,
        resolve=partial(resolve_model, base_url=server.url, transport=transport),
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


async def measure(transport: Transport) -> list[Row]:
    """Run all cases, those of one place at the same time."""
    with serve() as server:
        return [
            row
            for place in PLACES
            for row in await asyncio.gather(*(case(server, fault, place, transport) for fault in FAULTS))
        ]


def section(rows: list[Row], others: list[Row]) -> str:
    """Write the section.

    Args:
        rows: What came of all cases.
        others: What came of them on the openai package.
    """
    head = ["fault", "where", "ends with", "seconds", "requests", "degraded", "error text in prompts"]
    different = [other for row, other in zip(rows, others, strict=True) if row.differs_from(other)]
    same = f'With `transport="openai"` {len(rows) - len(different)} of {len(rows)} end the same, with as many requests'
    apart = f". These do not:\n\n{columns([head, *(row.cells() for row in different)])}" if different else "."
    return f"""{when_and_where("python benchmarks/faults.py")}

Each line is a run of three proposers, an aggregator and its fallback on a server that does as it is told, with a
timeout of {TIMEOUT:g} s a call. Without a fault such a run makes 4 requests; what is sent again is the client's own
retry.

{columns([head, *(row.cells() for row in rows)])}

{same}{apart}"""


def main() -> None:
    """Write the section of docs/faults.md; fail where error text reached a prompt."""
    rows, others = asyncio.run(measure("lean")), asyncio.run(measure("openai"))
    text = section(rows, others)
    PAGE.write_text(with_sections(PAGE.read_text(encoding="utf-8"), {SECTION: text}), encoding="utf-8")
    print(text)
    sys.exit(any(row.leaks for row in [*rows, *others]))


if __name__ == "__main__":
    main()
