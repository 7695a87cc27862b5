"""Whatever breaks: an answer with a truthful report, or one typed error; in time, within budget, nothing leaked."""

import asyncio
import gc
import json
import random
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph_moa import AllProposersFailed, Budget, BudgetExceeded, Quorum, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.portal import close_portals
from langgraph_moa.core.run.records import USABLE
from loopback import Loopback, Reply, serve
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
TIMEOUT, DEADLINE = 0.2, 0.6
PROPOSERS, LAYERS = ["m0", "m1", "m2"], 3
WORDS = "what shall we ask"
MARKERS = [f"question-{number:03}-" for number in range(200)]
HANGING = set(MARKERS[::10])

faults = st.sampled_from(sorted(FAULTS))
scripts = st.fixed_dictionaries({name: st.lists(faults, min_size=2, max_size=2) for name in [*PROPOSERS, "x", "y"]})
budgets = st.none() | st.builds(
    Budget,
    calls=st.none() | st.integers(1, 9),
    tokens=st.none() | st.integers(100, 6000),
    seconds=st.just(DEADLINE),
)
quorums = st.none() | st.builds(Quorum, st.integers(1, 3), st.sampled_from([0.0, 0.02]))


def play(server: Loopback, script: dict[str, list[str]]) -> None:
    """Let each model fail, or not, as its list says, one entry a request."""
    for name, entries in script.items():
        left = iter([*entries, *["fine"] * 99])
        server.say(name, lambda body, left=left: FAULTS[next(left)])


def check_truth(result: dict[str, Any], budget: Budget | None) -> None:
    run, proposals = result["run"], result["proposals"]
    answer = result["messages"][-1].text
    assert answer in {"fine", "slow", "half of"}
    assert len(result["messages"]) == 2
    made = [*proposals, *run["aggregators"]]
    assert run["calls"] == sum(call["calls"] for call in made)
    last = run["aggregators"][-1]
    lost = [p for p in proposals if p["status"] not in USABLE | {"cancelled"}]
    if lost or last["status"] != "ok" or run["stopped"] != "completed":
        assert run["degraded"]
    for proposal in proposals:
        assert (proposal["status"] in USABLE) == bool(proposal["text"])
        assert proposal["error"] or proposal["status"] == "ok"
    if last["status"] not in USABLE:
        assert "word for word" in run["degraded"]
    assert run["truncated"] == (answer == "half of")
    if None in [call["usd"] for call in made]:
        assert run["usd"] is None
    if budget:
        assert budget.calls is None or run["calls"] <= budget.calls
        assert budget.tokens is None or run["usage"]["total_tokens"] <= budget.tokens


@pytest.fixture(scope="module")
def server() -> Any:
    with serve() as running:
        yield running
        close_portals()


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("examples", [15, pytest.param(60, marks=pytest.mark.soak)])
def test_whatever_breaks(server: Loopback, examples: int) -> None:
    broken = given(server=st.just(server), script=scripts, budget=budgets, quorum=quorums, sync=st.booleans())
    settings(max_examples=examples, deadline=None)(broken(check))()


def check(
    server: Loopback, script: dict[str, list[str]], budget: Budget | None, quorum: Quorum | None, sync: bool
) -> None:
    server.requests.clear()
    play(server, script)
    moa = create_moa(
        proposers=PROPOSERS,
        aggregator=["x", "y"],
        layers=LAYERS,
        early_stop=None,
        timeout=TIMEOUT,
        max_tokens=20,
        quorum=quorum,
        budget=budget,
        resolve=server.resolve,
    )

    # Four steps and a second aggregator, each cut at its timeout; the rest is patience with a busy machine.
    patience = (LAYERS + 1) * TIMEOUT + 20

    async def run() -> Any:
        async with asyncio.timeout(patience):
            return await (asyncio.to_thread(moa.invoke, user(WORDS)) if sync else moa.ainvoke(user(WORDS)))

    try:
        result = asyncio.run(run())
    except AllProposersFailed as failed:
        outcome: Any = failed
    except BudgetExceeded as exceeded:
        outcome = exceeded
    else:
        outcome = None
        check_truth(result, budget)
    if isinstance(outcome, BudgetExceeded):
        assert server.requests == []
    if isinstance(outcome, AllProposersFailed):
        assert outcome.usable == 0
        assert all(p["status"] not in USABLE for p in outcome.failures)
    for request in server.requests:
        assert SECRET not in request.prompt


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("markers", [MARKERS[:40], pytest.param(MARKERS, marks=pytest.mark.soak)], ids=len)
def test_many_runs_with_faults_do_not_mix_and_leak_nothing(server: Loopback, markers: list[str]) -> None:
    server.requests.clear()
    server.scripts.clear()
    dice = random.Random(7)
    broken = sorted(FAULTS.keys() - {"hang"})

    def answer(body: dict[str, Any]) -> Reply:
        marker = question_in(body["messages"][-1]["content"])
        fine = Reply(f"re {marker}")
        if marker in HANGING:  # two answers make the quorum, which hangs up on the third
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
    open_before = sockets()

    async def main() -> tuple[list[Any], int]:
        runs = await asyncio.gather(*(moa.ainvoke(user(marker)) for marker in markers), return_exceptions=True)
        await asyncio.sleep(0)
        return runs, len(asyncio.all_tasks()) - 1

    runs, tasks = asyncio.run(main())

    assert tasks == 0
    answered = 0
    for marker, result in zip(markers, runs, strict=True):
        if isinstance(result, AllProposersFailed):
            continue
        answered += 1
        assert result["messages"][-1].text == f"re {marker}"
        assert {p["text"] for p in result["proposals"]} <= {f"re {marker}", "half of", ""}
        if marker in HANGING:
            assert [p["status"] for p in result["proposals"]] == ["ok", "ok", "cancelled"] * (LAYERS - 1)
    assert answered > 0.75 * len(markers)
    for request in server.requests:
        marker = question_in(request.messages[-1]["content"])
        assert set(references_in(request.messages[-1]["content"])) <= {f"re {marker}", "half of"}
        assert SECRET not in request.prompt
    gc.collect()
    until = time.monotonic() + 20  # the server is a thread of this process, and takes its time to hang up
    while sockets() > open_before and time.monotonic() < until:
        time.sleep(0.05)
    assert sockets() <= open_before


def sockets() -> int:
    """Count this process's open connections, the server's ends of them included."""
    links = []
    for opened in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # the one that lists them is gone by now
            links.append(str(opened.readlink()))
    return sum(link.startswith("socket:") for link in links)


def test_a_scripted_model_under_a_deadline_is_cut_too() -> None:
    model = ScriptedModel(script="late", delay=30)

    with pytest.raises(AllProposersFailed, match="cut at the run's deadline"):
        create_moa(proposers=[model], aggregator=model, budget=Budget(seconds=0.1)).invoke(user(WORDS))
