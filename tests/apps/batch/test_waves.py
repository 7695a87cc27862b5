"""`batch --provider-batch` as a person meets it, as it dies, and as it is stopped."""

import io
import random
import signal
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from batch_server import BatchServer, Plan, Refusal
from batches import PANEL, Files, names, run_to_the_end
from commands import Run, finish, in_a_process
from langgraph_moa import create_moa
from langgraph_moa.apps.batch.progress import BatchView
from langgraph_moa.apps.batch.waves import cancelled_lines, ids_of, terms_of, under_way_line, wave_words
from langgraph_moa.apps.settings.tables import PriceTable
from langgraph_moa.core.batches.declared import Wave
from langgraph_moa.core.batches.parcels import GIVEN_UP, SentParcel
from langgraph_moa.core.batches.provider import one_of
from rich.console import Console

SOON = [*PANEL, "--provider-batch", "--batch-poll", "0.001"]


NO_LIST = Refusal("/batches", method="GET", status=404)


def parcel(number: int, **fields: Any) -> SentParcel:
    sent = SentParcel(number, "s", "m", "n", 100, "created", "f", f"batch_{number}", 0.0, "in_progress", 30, 1, None)
    return sent._replace(**fields)


def billed(server: BatchServer) -> Counter[str]:
    return Counter(one["digest"] for one in server.billed_requests)


def test_waves_are_told_and_rows_written(batches: BatchServer, files: Files, run: Run) -> None:
    files.ask(3)
    batches.plans = [Plan(end="expired", share=0.4)]
    done = run(*files.command(batches, *SOON))
    assert (done.code, done.out.partition(";")[0]) == (0, "3 questions: 3 answered")
    lines = done.err.splitlines()
    assert lines[1] == "batches at the list price: a, b, c, last"
    assert lines[2].startswith("limits of the strictest provider, for this server's are not known: 50,000 requests")
    assert lines[3:5] == ["3 questions", "wave 1: 0 of 9 requests answered; 3 batches: 3 validating"]
    assert "wave 1: 7 of 9 requests answered, 2 failed; 3 batches: 2 completed, 1 expired" in lines
    assert "wave 2: 3 of 3 requests answered; 2 batches: 2 completed" in lines  # a question was whole already
    assert "wave 3: 2 of 2 requests answered; 1 batch: 1 completed" in lines
    assert names(files) == {"questions.jsonl", "rows.jsonl"}
    assert (len(batches.billed_requests), set(billed(batches).values()), batches.requests) == (12, {1}, [])


def test_what_batches_cost_is_told_before_they_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in ("OPENAI", "TOGETHER"):
        monkeypatch.setenv(f"{provider}_API_KEY", "k")
    moa = create_moa(
        proposers=["openai:gpt-6-luna", "together:openai/gpt-oss-120b", "openai:mine"], aggregator="openai:gpt-6-sol"
    )

    assert terms_of(moa, {"openai:mine": PriceTable(input=1, batch=0.25)}) == [
        "batches at 25% of the list price: mine",
        "batches at 50% of the list price: gpt-6-luna, gpt-6-sol",
        "batches at the list price: openai/gpt-oss-120b",
    ]


@pytest.mark.parametrize(("how_many", "kills"), [(6, 3), pytest.param(60, 15, marks=pytest.mark.soak)])
def test_killed_at_any_moment_nothing_is_sent_or_paid_for_twice(
    how_many: int, kills: int, batches: BatchServer, files: Files
) -> None:
    files.ask(how_many)
    batches.plans = [
        Plan(end="expired", share=0.5),
        Plan(),
        Plan(end="cancelled", share=0.5),
        Plan(statuses=[500, 429]),
    ]
    dice = random.Random(how_many)
    for _ in range(kills):
        process = in_a_process(*files.command(batches, *SOON, "--layers", "3"))
        with suppress(subprocess.TimeoutExpired):
            process.wait(dice.uniform(0.2, 1.5))
        process.kill()
        process.communicate(timeout=60)
    done = finish(in_a_process(*files.command(batches, *SOON, "--layers", "3")))
    assert done.code == 0, done
    assert sorted(int(row["id"]) for row in files.whole_rows()) == list(range(how_many))
    assert {row["error"] for row in files.whole_rows()} == {None}
    assert set(billed(batches).values()) == {1}
    assert len(batches.billed_requests) == 7 * how_many
    assert names(files) == {"questions.jsonl", "rows.jsonl"}


@pytest.mark.soak
def test_memory_does_not_grow_with_what_waits(batches: BatchServer, files: Files) -> None:
    most = []
    for how_many in (50, 400):
        files.ask(how_many)
        code, _, kilobytes = run_to_the_end(files, batches, SOON)
        assert code == 0
        most.append(kilobytes)
        files.rows.unlink()
    assert most[1] < 1.15 * most[0]


def test_stopped_it_says_what_goes_on_and_how_to_cancel_it(batches: BatchServer, files: Files) -> None:
    files.ask(2)
    batches.plan = Plan(polls=10**6)
    process = in_a_process(*files.command(batches, *SOON))
    assert process.stderr
    while "in progress" not in (line := process.stderr.readline()) and "validating" not in line:
        assert line
    process.send_signal(signal.SIGINT)
    done = finish(process)
    assert done.code == 130
    ids = ", ".join(batches.batches)
    assert f"3 batches go on at the provider ({ids}), and are billed" in done.err
    assert "the same command fetches them, --cancel-batches cancels them" in done.err
    assert "rows.jsonl.batches" in names(files)

    batches.plan = Plan()
    for batch in batches.batches.values():
        batch.plan = Plan()
    cancelled = finish(in_a_process(*files.command(batches, *PANEL, "--cancel-batches")))
    assert cancelled.code == 0
    assert cancelled.out.startswith(f"3 batches were cancelled ({ids}); what was answered by then is billed, and kept")
    assert {batch.status for batch in batches.batches.values()} == {"cancelled"}
    assert "3 batches: 3 cancelling" in cancelled.err

    assert finish(in_a_process(*files.command(batches, *SOON))).code == 0
    assert set(billed(batches).values()) == {1}


WRONG: list[tuple[list[str], int, str]] = [
    (["--batch-failed", "live"], 2, "found an option of provider batches without --provider-batch, expected both"),
    (["--provider-batch", "--batch-failed", "never"], 2, "found 'never' for --batch-failed"),
    (["--provider-batch", "--batch-tries", "0"], 2, "found tries=0, expected a whole number from 1"),
    (
        ["--provider-batch", "--batch-failed", "leave", "--batch-tries", "2"],
        2,
        "--batch-tries with --batch-failed leave",
    ),
    (["--provider-batch", "--batch-failed", "live", "--batch-tries", "3"], 2, "--batch-tries with --batch-failed live"),
    (
        ["--cancel-batches", "--batch-poll", "9", "--batch-tries", "2"],
        2,
        "--batch-tries and --batch-poll with --cancel-",
    ),
    (["--provider-batch", "--cancel-batches", "--batch-failed", "live"], 2, "--batch-failed with --cancel-batches"),
    (["--provider-batch", "--batch-poll", "0"], 2, "found poll_s=0"),
    (["--provider-batch", "--budget", "seconds=9"], 1, "found seconds=9 in the budget of a provider's batch"),
    (["--provider-batch", "--transport", "openai"], 1, "expected models by name, over the transport `lean`"),
]


@pytest.mark.parametrize(("flags", "code", "words"), WRONG)
def test_mistakes_are_told_before_anybody_is_asked(
    flags: list[str], code: int, words: str, batches: BatchServer, files: Files, run: Run
) -> None:
    files.ask(1)
    done = run(*files.command(batches, *PANEL, *flags))
    assert (done.code, batches.files) == (code, {})
    assert words in " ".join(done.err.split())
    assert len(done.err.splitlines()) < 4


def test_what_cannot_be_sent_is_a_sentence(batches: BatchServer, files: Files, run: Run) -> None:
    files.ask(1)
    batches.refusals = [Refusal("/files", status=401), Refusal("/files", status=404), NO_LIST]
    for words in ("does not take batches now", "found no batches at"):
        done = run(*files.command(batches, *SOON))
        assert done.code == 1
        assert words in done.err
    assert run(*files.command(batches, *PANEL, "--cancel-batches")).out.startswith("nothing is under way")
    assert run(*files.command(batches, *SOON)).code == 0
    nothing = Files(files.folder / "other")
    nothing.folder.mkdir()
    nothing.ask(1)
    assert run(*nothing.command(batches, *PANEL, "--cancel-batches")).out.startswith("nothing is under way")


def test_a_tier_that_batches_do_not_ask_for_is_told(batches: BatchServer, files: Files, run: Run) -> None:
    files.ask(1)
    done = run(*files.command(batches, *SOON, "--tier", "flex"))
    assert done.code == 0
    assert "the tier flex is not asked for: a provider's batch is a tier of its own" in done.err


def test_the_deadline_of_a_run_is_set_aside_and_told(batches: BatchServer, files: Files, run: Run) -> None:
    files.ask(1)
    done = run(*files.command(batches, *SOON, "--run-budget", "seconds=1"))
    assert done.code == 0
    assert "the deadline of a run is set aside" in done.err


def test_lines_name_what_there_is() -> None:
    one, two = parcel(1), parcel(2, state="validating", completed=0, failed=0)
    assert wave_words(Wave(1, (one,))).line == "wave 1: 30 of 100 requests answered, 1 failed; 1 batch: 1 in progress"
    assert wave_words(Wave(2, (one, two))).line == (
        "wave 2: 30 of 200 requests answered, 1 failed; 2 batches: 1 in progress, 1 validating"
    )
    parts = wave_words(Wave(3, (parcel(1, state="queued; see: later"),)))
    assert (parts.name, parts.batches, parts.states) == ("wave 3", "1 batch", "1 queued; see: later")
    failed = [parcel(n, state="failed", completed=0, why="No such\x1b[31m model: " + "a" * 999) for n in range(2)]
    line = wave_words(Wave(4, (one, *failed))).line
    assert line.partition(" (")[2].startswith("No such\\x1b[31m model: aaa")
    assert line.count("No such") == 1
    assert len(line) < 300
    assert ids_of([parcel(n) for n in range(5)]) == "batch_0, batch_1, batch_2 and 2 more"
    assert under_way_line(None) == under_way_line(Wave(1, (parcel(1, stage="fetched"),))) == ""
    assert "1 batch goes on at its provider (batch_1), and is billed" in under_way_line(Wave(1, (one,)))


def test_what_was_cancelled_is_told_apart_from_what_was_not_yet() -> None:
    assert cancelled_lines([], Path("rows")) == ["nothing is under way at providers for rows"]
    lines = cancelled_lines(
        [
            parcel(1, stage="fetched"), parcel(2), parcel(3), parcel(4, batch=one_of(["x", "y"], "n")),
            parcel(5, stage="fetched", state=GIVEN_UP),
        ],
        "rows",
    )  # fmt: skip
    assert [line.partition(")")[0] for line in lines] == [
        "1 batch was cancelled (batch_1",
        "1 batch was given up (batch_5",
        "2 batches are being cancelled (batch_2, batch_3",
        "1 batch cannot be cancelled yet, for nobody knows which it is (one of x, y",
    ]


@pytest.mark.parametrize("width", [40, 80])
def test_on_a_terminal_a_wave_has_a_bar_of_its_own(width: int) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None)
    with BatchView(console) as view:
        view.wave(Wave(1, (parcel(1), parcel(2))))
        view.wave(Wave(1, (), "a server takes no batches, and is asked at once"))
        view.wave(Wave(1, (parcel(1, completed=100), parcel(2, completed=100)), ended=True))
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    assert "60/200" in shown
    assert "wave 1, 2 in progress" in shown or width == 40
    assert "a server takes no batches" in shown
    assert "wave 1: 200 of 200 requests answered" in shown
