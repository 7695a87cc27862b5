import json
from pathlib import Path

import pytest
from commands import Run

PANEL = ("--proposer", "offline:words", "--proposer", "offline:stems", "--proposer", "offline:phrases")
QUESTION = "What is 17 * 24?"


@pytest.mark.parametrize(
    ("options", "calls", "nodes"),
    [
        (["single"], 1, {"aggregate"}),
        (["moa-lite", "--early-stop", "off"], 4, {"gate_1", "aggregate"}),
        (["moa", "--early-stop", "off"], 7, {"gate_1", "gate_2"}),
        (["moa", "--layers", "4", "--early-stop", "off"], 10, {"gate_3"}),
        (["self-moa"], 7, {"layer_1/words/6"}),
        (["self-moa", "--samples", "2", "--layers", "3"], 5, {"layer_2/words/2"}),
        (["self-moa-seq", "--samples", "10", "--window", "4"], 13, {"layer_3/best", "layer_3/words/3"}),
        (["best-of-n", "--samples", "3"], 4, {"layer_1/words/3"}),
        (["ranker", "--early-stop", "off"], 4, {"layer_1/phrases"}),
        (["vote"], 3, {"layer_1/phrases"}),
        (["vote", "--samples", "2"], 6, {"layer_1/phrases/2"}),
        (["debate", "--debate-if", "always"], 6, {"layer_2/stems"}),
        (["debate", "--rounds", "3", "--debate-if", "always"], 9, {"layer_3/stems"}),
        (["smoa", "--early-stop", "off", "--keep", "1"], 5, {"gate_2"}),
        (["grouped", "--group", "2", "--early-stop", "off"], 6, {"layer_2/group-2"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_systems_by_name(run: Run, options: list[str], calls: int, nodes: set[str]) -> None:
    given = (*PANEL, "--aggregator", "offline:words", "--system", *options)

    done = run("ask", QUESTION, *given, "--json")
    drawn = run("graph", *given)

    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert said["answer"].startswith("17 * 24 = 408")
    assert said["run"]["calls"] == calls
    assert said["run"]["degraded"] is None
    assert all(f"({node})" in drawn.out for node in nodes)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--system", "moas"], "found 'moas' for --system, expected one of its values; did you mean 'moa'?"),
        (["--rounds", "3"], "found rounds with no system, expected it with debate; set system, or drop rounds"),
        (["--system", "vote", "--window", "3"], "found window with the system vote, expected it with moa or moa-lite"),
        (["--system", "debate", "--keep", "3"], "found keep with the system debate, expected it with smoa"),
        (["--system", "moa-lite", "--layers", "3"], "found layers=3 with the system moa-lite, which has 2"),
        (["--system", "debate", "--layers", "3"], "found layers in create_debate, which decides it itself"),
        (["--system", "single", "--samples", "3"], "found samples in create_single, which decides it itself"),
        (["--system", "vote", "--docs", "."], "found docs with the system vote, expected a mixture; drop one of them"),
        (["--system", "grouped", "--group", "1"], "found group=1, expected a whole number from 2"),
        (["--system", "self-moa-seq", "--window", "1"], "found window=1, expected a whole number from 2"),
        (["--system", "debate", "--rounds", "1"], "found rounds=1, expected a whole number from 2"),
        (["--system", "smoa", "--moderator", "nobody:x"], "unknown provider 'nobody'"),
        (["--system", "ranker", "--aggregator", "vote"], "found no aggregator for the system ranker"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_mistakes(run: Run, options: list[str], expected: str) -> None:
    done = run("ask", QUESTION, *PANEL, *options)

    assert done.code != 0
    assert done.out == ""
    assert expected in done.err.splitlines()[-1] or expected in " ".join(done.err.split())


def test_a_debate_of_one_is_refused(run: Run) -> None:
    done = run("ask", QUESTION, "--system", "debate", "--proposer", "offline:words")

    assert "found a debate of one, expected two agents or more" in done.err


def test_a_settings_file_names_a_system(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "seq.toml"
    file.write_text('system = "self-moa-seq"\nproposers = ["offline:stems"]\nsamples = 5\nwindow = 3\n')

    done = run("ask", QUESTION, "--config", str(file), "--json")

    assert json.loads(done.out)["run"]["calls"] == 5 + 2
