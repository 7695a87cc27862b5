"""Many runs at once on one mixture, each with a question of its own, while its servers fail at random."""

import asyncio
import gc
import json
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langgraph_moa import AllProposersFailed, Quorum, create_moa
from loopback import Loopback, Reply
from reading import question_in, references_in, user

SECRET = "error-text-nobody-may-read"
NOISE = {"message": SECRET, "type": SECRET}

FAULTS: dict[str, Reply] = {
    "fine": Reply("fine"),
    "slow": Reply("slow", delay=0.05),
    "length": Reply("half of", finish_reason="length"),
    "unauthorized": Reply(status=401, body=json.dumps({"error": NOISE})),
    "rate limit": Reply(status=429, body=json.dumps({"error": NOISE})),
    "server error": Reply(status=500, body=f"<html>{SECRET}</html>"),
    "reset": Reply(broken="reset"),
    "cut": Reply(broken="cut"),
    "half of JSON": Reply(body='{"choices": [{"message": {"content": "' + SECRET),
    "page": Reply(body=f"<html>{SECRET}</html>"),
    "empty": Reply(""),
    "refusal": Reply("", refusal=SECRET),
    "hang": Reply(broken="hang"),
}
PROPOSERS, LAYERS = ["m0", "m1", "m2"], 3
_CLOSED_WITHIN_S = 20.0


@dataclass
class Crowd:
    """Say what many runs came to."""

    answered: int = 0
    failed: int = 0
    """Runs without any usable proposal, which say so."""
    lost: list[str] = field(default_factory=list)
    """Runs that ended in another way."""
    mixed: list[str] = field(default_factory=list)
    """Texts that were another run's, or a server's error, wherever they turned up."""
    uncut: list[str] = field(default_factory=list)
    """Runs whose third proposer hung and was not cut by the quorum of the others."""
    tasks: int = 0
    """Tasks that were left."""
    sockets: int = 0
    """Connections that were left."""


def many_at_once(server: Loopback, markers: Sequence[str], *, seed: int = 7) -> Crowd:
    """Start a run for each marker at once; every tenth has a proposer that hangs.

    Args:
        server: Whom all of them ask.
        markers: What tells them apart.
        seed: Of the die that breaks a third of the calls.
    """
    server.requests.clear()
    server.scripts.clear()
    dice, hanging = random.Random(seed), set(markers[::10])
    broken = sorted(FAULTS.keys() - {"hang"})

    def answer(body: dict[str, Any]) -> Reply:
        marker = question_in(body["messages"][-1]["content"])
        fine = Reply(f"re {marker}")
        if marker in hanging:  # two answers make the quorum, which hangs up on the third
            return FAULTS["hang"] if body["model"] == "m2" else fine
        reply = FAULTS[dice.choice(broken)] if dice.random() < 0.3 else fine
        return Reply(fine.text, delay=reply.delay) if reply.text in ("fine", "slow") else reply

    server.default = answer
    for last in ("x", "y"):
        server.say(last, lambda body: Reply(f"re {question_in(body['messages'][-1]['content'])}"))
    moa = create_moa(
        proposers=PROPOSERS,
        aggregator=["x", "y"],
        layers=LAYERS,
        early_stop=None,
        timeout=60,
        quorum=Quorum(2, grace_s=0.1),
        resolve=server.resolve,
    )
    open_before, crowd = sockets(), Crowd()

    async def main() -> list[Any]:
        runs = await asyncio.gather(*(moa.ainvoke(user(marker)) for marker in markers), return_exceptions=True)
        await asyncio.sleep(0)
        crowd.tasks = len(asyncio.all_tasks()) - 1
        return runs

    for marker, result in zip(markers, asyncio.run(main()), strict=True):
        if isinstance(result, AllProposersFailed):
            crowd.failed += 1
        elif isinstance(result, BaseException):
            crowd.lost.append(f"{marker}: {type(result).__name__}: {result}")
        else:
            _look_at(crowd, marker, result, hangs=marker in hanging)
    for request in server.requests:
        prompt = request.messages[-1]["content"]
        own = {f"re {question_in(prompt)}", "half of"}
        crowd.mixed += [text for text in references_in(prompt) if text not in own]
        crowd.mixed += [request.prompt] if SECRET in request.prompt else []
    gc.collect()
    until = time.monotonic() + _CLOSED_WITHIN_S  # the server is a thread of this process, and takes its time to hang up
    while sockets() > open_before and time.monotonic() < until:
        time.sleep(0.05)
    crowd.sockets = max(sockets() - open_before, 0)
    return crowd


def _look_at(crowd: Crowd, marker: str, result: dict[str, Any], *, hangs: bool) -> None:
    crowd.answered += 1
    answer = result["messages"][-1].text
    crowd.mixed += [answer] if answer != f"re {marker}" else []
    crowd.mixed += [p["text"] for p in result["proposals"] if p["text"] not in {f"re {marker}", "half of", ""}]
    statuses = [p["status"] for p in result["proposals"]]
    if hangs and statuses != ["ok", "ok", "cancelled"] * (LAYERS - 1):
        crowd.uncut.append(f"{marker}: {statuses}")


def sockets() -> int:
    """Count this process's open connections, the server's ends of them included."""
    links = []
    for opened in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists them is gone by now
            links.append(str(opened.readlink()))
    return sum(link.startswith("socket:") for link in links)
