"""What `make chaos` tries: nothing is lost, doubled, leaked or mixed; few of it here, all of it in `make soak`."""

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import chaos
import chaos_clock
import chaos_files
import chaos_processes
import chaos_server
import faults
import pytest
from chaos_outcomes import Outcome
from chaos_server import Case, run_cases
from hostile_faults import FAULTS
from loopback import Loopback
from speed_page import with_sections

QUICK = ["a second answer behind the first", "redirect on and on"]
PATIENCE_S = 20.0
"""How late a run may be on a machine that runs other tests, too."""
WAITING: dict[str, str] = {
    "text of 5 MB": "an answer within its bounds, whose memory is what it is long",
    **dict.fromkeys(["100 without end", "103 without end"], "hints have no bound but time: 30 to 60 ms each read"),
}
"""Faults that cost more than their own call still, and why."""
SMALL: dict[str, Callable[[Path, Loopback], Outcome]] = {
    "kills": partial(chaos_processes.killed_at_random, kills=1, questions=16),
    "read-only": chaos_files.read_only,
}


@pytest.fixture(autouse=True)
def no_network_but_this_machine(socket_enabled: None) -> None:
    """Let this process fork others, and talk to them."""


def broken(cases: list[Case]) -> dict[tuple[str, str], list[str]]:
    """Return what is not as it should be, after another look at it: a busy machine passes."""
    late = {case: [what for what in case.broken() if what != "late" or case.late > PATIENCE_S] for case in cases}
    return {(case.fault, case.place): words for case, words in late.items() if words}


def test_a_few_faults_cost_their_own_call() -> None:
    cases = run_cases(QUICK)

    assert broken(cases) == {}
    assert [case.status for case in cases] == ["ok", "ok", "error", "error"]


@pytest.mark.soak
@pytest.mark.parametrize("place", chaos_server.PLACES)
def test_every_fault_costs_its_own_call(place: str) -> None:
    cases = run_cases([fault for fault in FAULTS if fault not in WAITING], [place], at_once=3)

    again = sorted({fault for fault, _ in broken(cases)})

    assert broken(run_cases(again, [place], at_once=1)) == {}
    assert {case.status for case in cases} <= {"ok", "error", "timeout", "empty", "degenerate", "invalid", "truncated"}


@pytest.mark.parametrize("part", SMALL)
def test_a_little_chaos(loopback: Loopback, part: str) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are closed to other users
        outcome = SMALL[part](Path(folder), loopback)

    if outcome.skipped:
        pytest.skip(outcome.skipped)
    assert outcome.broken() == []


@pytest.mark.soak
@pytest.mark.enable_socket
@pytest.mark.parametrize("part", chaos.PARTS)
def test_all_of_the_chaos(part: str) -> None:
    outcomes = list(chaos.outcomes([part]))

    assert outcomes
    assert [(outcome.what, outcome.broken()) for outcome in outcomes if outcome.broken()] == []


async def test_runs_hold_while_the_clock_is_set(loopback: Loopback) -> None:
    outcomes = await chaos_clock.runs_under_a_swinging_clock(loopback)

    assert [(outcome.what, outcome.broken()) for outcome in outcomes if outcome.broken()] == []
    assert len(outcomes) == 4


def test_a_full_disk_is_had_without_root_too(
    loopback: Loopback, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos_files, "_mount", lambda *options: 1)

    outcome = chaos_files.full_under_a_thread(tmp_path, loopback)

    assert (outcome.tried, outcome.broken()) == ("RLIMIT_FSIZE of 512 kB", [])


def test_what_is_not_as_it_should_be_is_told() -> None:
    sound = Case("x", "aggregator", "error", 0.1, 3, 3, True, 9.0, 1.0, 0, 0)
    bad = Case("y", "aggregator", "error", 0.7, 2, 3, False, 90.0, 31.0, 1, 1)
    outcomes = [Outcome("z", "twice", lost=1, wrong=["odd"]), Outcome("u", "never", skipped="no root")]

    section = chaos.section([sound, bad], outcomes, 12.0)

    assert sound.broken() == []
    assert "- x" not in section
    assert "- y, aggregator: late, others lost, wrong answer, loop held, memory, left open, went elsewhere\n" in section
    assert "- z: 1 lost; odd" in section
    assert "not here: no root" in section
    assert "All of it is as it should be" in chaos.section([sound], [], 1.0)


def test_each_command_writes_its_own_part() -> None:
    page = chaos.PAGE.read_text(encoding="utf-8")
    headings = [line for line in page.splitlines() if line.startswith("## ")]

    once = with_sections(page, {chaos.SECTION: "new"})
    both = with_sections(once, {faults.SECTION: "newer"})

    assert chaos.PAGE == faults.PAGE
    assert headings == [f"## {faults.SECTION}", f"## {chaos.SECTION}"]
    assert page.partition("## Chaos")[0] == once.partition("## Chaos")[0]
    assert both.endswith("## Every fault, everywhere\n\nnewer\n\n## Chaos\n\nnew\n")
