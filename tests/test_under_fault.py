"""Whatever breaks: an answer with a truthful report, or one typed error; in time, within budget, nothing leaked."""

import asyncio
from typing import Any

import pytest
from crowd import FAULTS, LAYERS, PROPOSERS, SECRET, many_at_once
from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph_moa import AllProposersFailed, Budget, BudgetExceeded, Quorum, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.portal import close_portals
from langgraph_moa.core.run.records import USABLE
from loopback import Loopback, serve
from reading import user

TIMEOUT, DEADLINE = 0.2, 0.6
WORDS = "what shall we ask"
MARKERS = [f"question-{number:03}-" for number in range(200)]

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
    crowd = many_at_once(server, markers)

    assert (crowd.lost, crowd.mixed, crowd.uncut) == ([], [], [])
    assert (crowd.tasks, crowd.sockets) == (0, 0)
    assert crowd.answered > 0.75 * len(markers)


def test_a_scripted_model_under_a_deadline_is_cut_too() -> None:
    model = ScriptedModel(script="late", delay=30)

    with pytest.raises(AllProposersFailed, match="cut at the run's deadline"):
        create_moa(proposers=[model], aggregator=model, budget=Budget(seconds=0.1)).invoke(user(WORDS))
