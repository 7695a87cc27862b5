"""Set the clock by an hour, forth and back, while runs are under way, and between two processes."""

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import Any

from chaos_outcomes import ROOT, Outcome, told_badly  # and with it the folders of the tests' own
from chaos_processes import answer_for

import warm  # isort: skip
from batches import PANEL, Files  # isort: skip
from commands import Output, finish  # isort: skip
from loopback import Loopback, Reply  # isort: skip

CLOCKED = ROOT / "tests" / "support" / "processes" / "clocked.py"
HOUR = 3600.0
SANE_S = 60.0
"""No run here takes so long, and an hour is far more."""


class Clock:
    """Be a clock that can be set."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self.turns = 0

    def set_by(self, seconds: float) -> None:
        """Put it forward, or back."""
        self.ahead += seconds
        self.turns += 1

    def swing(self) -> None:
        """Put it an hour forward, then two back, and so on."""
        self.set_by(HOUR if self.turns == 0 else 2 * HOUR * (-1) ** self.turns)


@contextmanager
def own_clock() -> Iterator[Clock]:
    """Let all of this process tell the time by a clock that can be set."""
    clock, now, now_ns = Clock(), time.time, time.time_ns
    time.time = lambda: now() + clock.ahead
    time.time_ns = lambda: now_ns() + int(clock.ahead * 1e9)
    try:
        yield clock
    finally:
        time.time, time.time_ns = now, now_ns


async def runs_under_a_swinging_clock(server: Loopback) -> list[Outcome]:
    """Run with a budget, a timeout, a quorum and a wait that a server asks for, each while the clock is set."""
    from langgraph_moa import Budget, Quorum, create_moa, report

    question: Any = {"messages": [{"role": "user", "content": "Which?"}]}
    outcomes = []

    async def run(what: str, **options: Any) -> dict[str, Any] | None:
        moa = create_moa(
            proposers=["a", "b", "c"],
            aggregator=["last", "second"],
            layers=3,
            early_stop=None,
            **{"timeout": 30.0, "budget": Budget(seconds=45), **options},
            resolve=server.resolve,
        )
        outcome = Outcome(what, "1 h forth or back in each call")
        outcomes.append(outcome)
        before = len(server.requests)
        with own_clock() as clock:

            def swinging(body: dict[str, Any]) -> Reply:
                clock.swing()
                return broken(body) or Reply("fine", delay=0.05)

            server.default = swinging
            start = time.perf_counter()
            try:
                state: dict[str, Any] = await moa.ainvoke(question)
            except Exception as exc:  # noqa: BLE001 - whatever it is, it is what the run came to
                outcome.wrong.append(f"{type(exc).__name__}: {exc!s:.100}")
                return None
            took = time.perf_counter() - start
            has_pauses = "in which nothing was under way" in str(report(state, moa))
        sum_of = state["run"]
        outcome.lost = int(state["messages"][-1].text != "fine")
        outcome.notes = f"{sum_of['stopped']}, {len(server.requests) - before} requests, clock set {clock.turns} times"
        if not 0 < sum_of["seconds"] < min(SANE_S, 1.5 * took + 1):
            outcome.wrong.append(f"{sum_of['seconds']} s for a run of {took:.1f} s")
        if sum_of["stopped"] != "completed" or has_pauses:
            outcome.wrong.append(f"stopped: {sum_of['stopped']}, pauses shown: {has_pauses}")
        return state

    broken: Any = lambda body: None  # noqa: E731
    await run("a clock that is set: a budget of 45 s")

    broken = lambda body: Reply(broken="hang") if body["model"] == "b" else None  # noqa: E731
    state = await run("a clock that is set: a timeout of 1 s", timeout=1.0)
    _check_statuses(outcomes[-1], state, {"timeout"}, within=1.0)

    state = await run("a clock that is set: a quorum of 2, 0.2 s", quorum=Quorum(2, grace_s=0.2))
    _check_statuses(outcomes[-1], state, {"cancelled"}, within=0.2)

    refused: list[int] = []

    def asks_to_wait(body: dict[str, Any]) -> Reply | None:
        if body["model"] != "b" or refused:
            return None
        refused.append(1)
        real = time.clock_gettime(time.CLOCK_REALTIME)  # the clock of its server, which nobody has set
        dates = {"Date": formatdate(real, usegmt=True), "Retry-After": formatdate(real + 2, usegmt=True)}
        return Reply(status=429, headers={"x-should-retry": "true", **dates})

    broken = asks_to_wait
    state = await run("a clock that is set: Retry-After as a date")
    _check_statuses(outcomes[-1], state, {"ok"}, within=SANE_S)
    return outcomes


def _check_statuses(outcome: Outcome, state: dict[str, Any] | None, expected: set[str], *, within: float) -> None:
    """Note where the second proposer's calls ended otherwise, or much later, than they should."""
    calls = [p for p in state["proposals"] if p["position"] == 1] if state else []
    statuses = {call["status"] for call in calls}
    if statuses != expected:
        outcome.wrong.append(f"{', '.join(sorted(statuses)) or 'none'} for {', '.join(expected)}")
    late = [call["seconds"] - within for call in calls]
    outcome.notes += f", {max(max(late, default=0.0), 0.0):.1f} s late" if within < SANE_S else ""


async def batch_under_a_swinging_clock(folder: Path, server: Loopback, *, questions: int = 20) -> Outcome:
    """Run a batch while a clock that is set: its time, and so its rate and the time left, are as they are."""
    from langgraph_moa import Budget, abatch, create_moa

    answer_for(server, 0.02)
    files = Files(folder)
    files.ask(questions)
    moa = create_moa(proposers=["a", "b", "c"], aggregator="last", early_stop=None, resolve=server.resolve)
    seconds: list[float] = []
    with own_clock() as clock:
        start = time.perf_counter()

        def on_row(row: Any, sums: Any) -> None:
            clock.swing()
            seconds.append(sums["seconds"])

        sums = await abatch(moa, files.questions, files.rows, budget=Budget(seconds=SANE_S), on_row=on_row)
        took = time.perf_counter() - start
    rows = list(files.whole_rows())
    outcome = Outcome("a clock that is set: a batch", f"{questions} questions, 1 h at each row")
    outcome.lost, outcome.doubled = sums["left"] + sums["errors"], len(rows) - len({row["id"] for row in rows})
    outcome.notes = f"{sums['answered']} answered, its time and each row's are right"
    if seconds != sorted(seconds) or sums["seconds"] > took + 1:
        outcome.wrong.append(f"{sums['seconds']} s for {took:.1f} s")
    if not all(0 <= row["seconds"] <= took and 0 < row["run"]["seconds"] <= took for row in rows):
        outcome.wrong.append("a row's seconds are an hour's")
    return outcome


def thread_by_another_clock(folder: Path, server: Loopback) -> Outcome:
    """Ask on one thread, each time by another clock: right, an hour ahead, right again, an hour behind."""
    answer_for(server, 0.0)
    hours = (0, 1, 0, -1)
    store = folder / "store.db"
    flags = [*PANEL, "--base-url", server.url, "--thread", "t", "--store", str(store)]
    outcome = Outcome("a clock that is set: a thread", "4 turns: right, +1 h, right, -1 h")
    pipe: Any = subprocess.PIPE
    answered: list[str] = []
    for number, hour in enumerate(hours):
        question = f"Question <{number}>?"
        arguments = [str(CLOCKED), str(hour * HOUR), "ask", question, *flags]
        server.requests.clear()
        end: Output = finish(warm.start(*arguments, stdout=pipe, stderr=pipe))
        outcome.wrong += told_badly(end.err)
        if end.code:
            outcome.wrong.append(f"{hour:+} h: {end.err.strip().splitlines()[-1]:.200}")
            continue
        outcome.mixed += end.out.strip() != f"re {question}"
        conversation = " ".join(str(message["content"]) for message in server.asked("last")[0].messages)
        outcome.lost += sum(f"re {before}" not in conversation for before in answered)
        answered.append(question)
    outcome.notes = f"{len(answered)} answered, each with all turns before it"
    outcome.leaked = len({path.name for path in folder.iterdir()} - {store.name})
    return outcome


def all_of_it(folder: Path, server: Loopback) -> list[Outcome]:
    """Set the clock in all these ways."""
    runs = asyncio.run(runs_under_a_swinging_clock(server))
    places = [folder / "batch", folder / "thread"]
    for place in places:
        place.mkdir()
    batch = asyncio.run(batch_under_a_swinging_clock(places[0], server))
    return [*runs, batch, thread_by_another_clock(places[1], server)]
