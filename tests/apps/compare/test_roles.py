"""`compare --roles` as a person meets it."""

import json
import re
import signal
from collections import Counter
from pathlib import Path

import pytest
from commands import Run, finish, in_a_process
from loopback import Loopback, Reply
from syrupy.assertion import SnapshotAssertion

PROPOSERS = ["--proposer", "offline:words", "--proposer", "offline:stems", "--proposer", "offline:phrases"]
_VARIES = re.compile(r"\d+\.\d\d s")


def test_on_screens(monkeypatch: pytest.MonkeyPatch, run: Run, few: str, snapshot: SnapshotAssertion) -> None:
    for columns in (40, 80, 120):
        monkeypatch.setenv("COLUMNS", str(columns))
        done = run("compare", few, "--roles", *PROPOSERS, "--aggregator", "offline:stems", "--keep", "folder")

        assert _VARIES.sub("0.00 s", done.out) == snapshot(name=str(columns))


def test_both_rankings_are_data_too(run: Run, few: str) -> None:
    found = json.loads(run("compare", few, "--roles", *PROPOSERS[:4], "--json").out)

    assert [system["label"] for system in found["systems"]] == [
        "words", "stems", "words aggregates", "stems aggregates", "without words", "without stems",
    ]  # fmt: skip
    assert found["roles"]["reference"] == "words aggregates"
    first = found["roles"]["models"][0]
    assert (first["model"], first["aggregator_rank"], first["proposer_rank"]) == ("words", [1, 2], [1, 2])
    assert found["roles"]["sentences"] == ["too few questions to rank roles, 8 graded, expected 50 or more"]
    assert [system["calls"] for system in found["systems"]] == [1, 1, 3, 3, 2, 2]


def test_a_settings_file_and_a_preset_say_who_plays(run: Run, few: str) -> None:
    Path("mine.toml").write_text(
        'layers = 3\nearly_stop = "off"\naggregator = ["offline:headings", "offline:stems"]\n'
        '[[proposers]]\nmodel = "offline:words"\nname = "sceptic"\nsystem_prompt = "Doubt."\nsamples = 2\n'
        '[[proposers]]\nmodel = "offline:words"\n'
    )
    of_file = json.loads(run("compare", few, "--roles", "--config", "mine.toml", "--json").out)
    of_preset = json.loads(run("compare", few, "--roles", "--preset", "offline", "--estimate", "--json").out)

    assert [one["model"] for one in of_file["roles"]["models"]] == ["sceptic", "words", "headings"]
    assert {s["label"]: s["calls"] for s in of_file["systems"]}["without words"] == 2 * 2 + 1
    assert list(of_preset)[4:6] == ["words aggregates", "stems aggregates"]


def test_an_estimate_counts_proposals_once(run: Run, few: str) -> None:
    roles = ["compare", few, "--roles", *PROPOSERS, "--max-tokens", "100"]
    shown, bounds = run(*roles, "--estimate"), json.loads(run(*roles, "--estimate", "--json").out)

    assert {label: bounds[label]["calls"] for label in bounds if label != "usual"} == {
        "words": 8, "stems": 8, "phrases": 8, "words aggregates": 32, "stems aggregates": 8, "phrases aggregates": 8,
        "without words": 8, "without stems": 8, "without phrases": 8, "all": 96,
    }  # fmt: skip
    assert bounds["usual"]["all"]["calls"] == 96
    assert shown.out.splitlines()[-1] == (
        "proposals count once, with 'words aggregates': the systems after it replay what was answered there"
    )
    calls = str(bounds["all"]["calls"])
    done = run("compare", few, "--roles", *PROPOSERS, "--budget", f"calls={calls}", "--concurrency", "2", "--json")
    assert json.loads(done.out)["graded"] == 8


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--system", "vote"], "found --system with --roles, which compares the models of one mixture; leave one out"),
        (["--equal", "calls"], "found --equal with --roles, which compares the models of one mixture; leave one out"),
        (["--proposer", "offline:words"], "found one model, words, to compare the roles of, expected two or more; add"),
        ([*PROPOSERS, "--aggregator", "vote"], "found no model that aggregates with --roles, expected one; name it"),
        ([*PROPOSERS, "--quorum", "2"], "found a quorum where roles are compared, expected a mixture whose proposals"),
        ([*PROPOSERS, "--config", "self.toml"], "found --roles with the system self-moa, expected a mixture with an"),
        (["--config", "layers.toml"], "found proposers by layer with --roles, expected one list of them; give one"),
        ([*PROPOSERS, "--baseline", "moa"], "found the baseline 'moa', expected one of the systems"),
        ([*PROPOSERS, "--waves", "2"], "the system 'without words' cannot be built: found waves"),
        ([*PROPOSERS, "--config", "all.toml"], "the system 'without words' cannot be built: found min_proposals=3"),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else "",
)  # fmt: skip
def test_a_wrong_option_is_one_clear_sentence(run: Run, few: str, options: list[str], expected: str) -> None:
    Path("self.toml").write_text('system = "self-moa"\n')
    Path("all.toml").write_text("min_proposals = 3\n")
    Path("layers.toml").write_text('proposers = [["offline:words", "offline:stems"], ["offline:stems"]]\n')

    done = run("compare", few, "--roles", *options)

    assert (done.code, done.out) in [(1, ""), (2, "")]
    assert [line for line in done.err.splitlines() if expected in line], done.err
    assert "Traceback" not in done.err


def test_what_was_killed_goes_on_and_no_proposal_is_paid_for_twice(
    run: Run, few: str, loopback: Loopback, tmp_path: Path
) -> None:
    def is_aggregating(body: object) -> bool:
        return "<reference-" in str(body)

    names = ["a", "b", "c"]
    loopback.say("a", lambda body: Reply(broken="hang") if is_aggregating(body) else Reply("Final answer: 6"))
    options = [part for name in names for part in ("--proposer", name)]
    command = ["compare", str(tmp_path / few), "--roles", "--base-url", loopback.url, *options, "--keep",
               str(tmp_path / "folder")]  # fmt: skip
    process = in_a_process(*command)
    loopback.wait_until(lambda: sum(is_aggregating(r.body) for r in loopback.requests) == 8)
    process.send_signal(signal.SIGKILL)
    finish(process)
    loopback.say("a", "Final answer: 6")
    done = run(*command, "--json")

    assert done.code == 0, done.err
    first = Counter((r.model, r.prompt) for r in loopback.requests if not is_aggregating(r.body))
    assert len(first) == 3 * 8
    assert set(first.values()) == {2}  # alone, and as a proposer
    assert {s["label"]: s["calls"] for s in json.loads(done.out)["systems"]}["b aggregates"] == 4
    count = len(loopback.requests)
    assert run(*command, "--grader", "exact").code == 0
    assert len(loopback.requests) == count
