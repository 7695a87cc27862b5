"""`compare` as a person meets it, on the offline models."""

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest
from commands import Run, finish, in_a_process
from experiments import langsmith
from langgraph_moa.apps.compare.specs import read_specs
from langgraph_moa.apps.settings.settings import Settings
from langgraph_moa.evaluation.comparing.preparing import is_single
from loopback import Loopback, Reply

SUMS = "".join(json.dumps({"question": f"What is {n} * 3?", "gold": 3 * n + (n % 4 == 0)}) + "\n" for n in range(2, 62))
FEW = "".join(SUMS.splitlines(keepends=True)[:8])
"""Two of them with wrong gold."""
TWO = ["--system", "offline:words", "--system", "self-moa,samples=2,temperature=0.7,early_stop=off"]


@pytest.fixture
def sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Write sixty questions of arithmetic, a quarter of them with wrong gold, and be where they are."""
    monkeypatch.chdir(tmp_path)
    Path("sums.jsonl").write_text(SUMS)
    return "sums.jsonl"


@pytest.fixture
def few(sums: str) -> str:
    """Write eight of them, where no verdict is waited for."""
    Path(sums).write_text(FEW)
    return sums


def test_what_it_prints(run: Run, sums: str) -> None:
    done = run("compare", sums, *TWO)
    timeless = re.sub(r"\d+\.\d\d s", "0.00 s", done.out)
    timeless = timeless.replace(" times the tokens", " times")
    lines = [re.sub(r"(3\.00 +)\d+|\d+\.\d(?= times)", r"\1???", line).rstrip() for line in timeless.splitlines()]

    assert done.code == 0
    assert (
        lines
        == """\
60 questions; graded by answer

system     right   95 % interval          against *  calls  tokens  usd     p50     p95  length  errors
words *   75.0 %  62.8 to 84.2 %                  –   1.00      47    0  0.00 s  0.00 s      11       0
self-moa  75.0 %  62.8 to 84.2 %  +0.0 [-4.4, +4.4]   3.00     ???    0  0.00 s  0.00 s      11       0

self-moa: no better than the best single model (words): +0.0 points [-4.4, +4.4] (they differ on 0) for ??? times
""".splitlines()
    )
    assert done.err.splitlines()[:2] == ["words (one model: offline:words)", "60 questions"]


def test_without_systems_a_mixture_is_compared_with_its_models(run: Run, few: str) -> None:
    found = json.loads(run("compare", few, "--json").out)

    assert [system["label"] for system in found["systems"]] == ["words", "stems", "phrases", "headings", "moa"]
    assert [system["is_single"] for system in found["systems"]] == [True, True, True, True, False]
    assert found["systems"][0]["score"]["mean"] == 0.75
    assert found["notes"] == [
        "words was chosen as the best of 4 single models on the same questions, which favours the single models"
    ]


@pytest.mark.parametrize(
    ("written", "labels", "settings"),
    [
        (["offline:words", "vote"], ["words", "vote"], {}),
        (["offline:words", "offline:words"], ["words", "words-2"], {}),
        (["offline:words,label=w", "vote,label=v"], ["w", "v"], {}),
        (["offline:words", "vote,samples=3,temperature=0.5"], ["words", "vote"], {"samples": 3, "temperature": 0.5}),
        (["vote", "self-moa,proposers=offline:stems"], ["vote", "self-moa"], {"proposers": ["offline:stems"]}),
        (["vote", "moa,proposer=offline:stems,proposer=offline:words"], ["vote", "moa"],
         {"proposers": ["offline:stems", "offline:words"]}),
        (["vote", "moa,budget.calls=9,budget.seconds=2.5"], ["vote", "moa"], {"budget": {"calls": 9, "seconds": 2.5}}),
        (["vote", "mine.toml"], ["vote", "mine"], {"samples": 4}),
        (["vote", "mine.toml,samples=2"], ["vote", "mine"], {"samples": 2}),
    ],
)  # fmt: skip
def test_how_systems_are_written(sums: str, written: list[str], labels: list[str], settings: dict[str, Any]) -> None:
    Path("mine.toml").write_text('proposers = ["offline:words"]\nsamples = 4\n')

    specs = read_specs(written, Settings())

    assert [spec.label for spec in specs] == labels
    told = specs[-1].settings.model_dump(exclude_unset=True, exclude_none=True)
    assert {key: told[key] for key in settings} == settings


def test_shared_options_say_who_and_the_shape_only_of_the_mixture_itself() -> None:
    shared = Settings(proposers=["offline:words", "offline:stems"], layers=3, samples=2, max_tokens=50)

    mixture, vote, single = read_specs(["moa", "vote", "offline:phrases"], shared)

    assert (mixture.settings.layers, mixture.settings.samples, mixture.settings.max_tokens) == (3, 2, 50)
    assert (vote.settings.layers, vote.settings.samples, vote.settings.max_tokens) == (None, 1, 50)
    assert vote.settings.proposers == ["offline:words", "offline:stems"]
    assert (single.settings.proposers, single.settings.max_tokens) == (["offline:phrases"], 50)


def test_rows_that_are_kept_go_on_and_are_graded_anew(run: Run, few: str) -> None:
    run("compare", few, *TWO, "--keep", "kept")
    Path("grade.py").write_text("def short(question, answer):\n    return len(answer) < 5 or None\n")
    again = run("compare", few, *TWO, "--keep", "kept", "--grader", "exact", "--json")

    assert "8 questions, 8 done before" in again.err
    assert json.loads(again.out)["grader"] == "exact"
    assert json.loads(again.out)["systems"][0]["score"]["mean"] == 0


def test_a_folder_knows_whose_rows_it_holds(run: Run, few: str) -> None:
    run("compare", few, *TWO, "--keep", "kept")

    other = run("compare", few, "--system", "offline:stems,label=words", "--system", "vote", "--keep", "kept")
    slower = run("compare", few, *TWO, "--keep", "kept", "--timeout", "9")

    assert other.code == 1
    assert other.err.startswith("error: found the rows of another system called words in kept, expected those of this")
    assert slower.code == 0


def test_a_grader_of_ones_own(run: Run, few: str) -> None:
    Path("grade.py").write_text("def half(question, answer):\n    return 0.5 if question.gold else None\n")

    found = json.loads(run("compare", few, *TWO, "--grader", "grade.py:half", "--json").out)

    assert (found["grader"], found["systems"][0]["score"]) == ("half", {"mean": 0.5, "low": 0.5, "high": 0.5})


def test_what_is_missing_comes_first_in_the_notes(run: Run, sums: str) -> None:
    Path(sums).write_text(SUMS + '{"question": "Why?"}\n{"question": "What is a gate?", "gold": "a node"}\n')

    notes = run("compare", sums, *TWO).out.partition("times the tokens\n")[2].splitlines()

    assert notes[0] == "- left out: 1 without gold that can be read"
    assert notes[1].startswith(
        "- no short answer was found at the end, which counts as wrong: words in 1, self-moa in 1"
    )


@pytest.mark.parametrize(
    ("what", "samples", "told"),
    [
        (
            "calls",
            8,
            "self-moa takes 8 samples, 9 calls a question, for equal calls",
        ),
        ("tokens", None, "the pilot took "),
    ],
)
def test_samples_are_made_equal_to_the_most_costly(
    run: Run, few: str, what: str, samples: int | None, told: str
) -> None:
    deep = ["--system", "moa,layers=3,early_stop=off,label=deep"]

    done = run("compare", few, *TWO, *deep, "--equal", what, "--keep", "kept", "--json", "--baseline", "self-moa")
    found = json.loads(done.out)
    scaled, dearest = (
        next(s for s in found["systems"] if s["label"].startswith(name)) for name in ("self-moa", "deep")
    )

    assert any(note.startswith(told) for note in found["notes"])
    assert "words cannot be scaled: it takes no samples of one model" in found["notes"]
    assert found["baseline"] == scaled["label"]
    if samples:
        assert scaled["label"] == f"self-moa x{samples}"
        assert scaled["calls"] == dearest["calls"] == 9
    else:
        assert 0.9 * dearest["tokens"] < scaled["tokens"] <= 1.1 * dearest["tokens"]
    again = run("compare", few, *TWO, *deep, "--equal", what, "--keep", "kept", "--json", "--baseline", "self-moa")
    assert again.err.count("8 done before") == 3


def test_a_pilot_keeps_to_the_budget(run: Run, sums: str) -> None:
    done = run("compare", sums, *TWO, "--equal", "tokens", "--budget", "calls=19")

    assert done.code == 1
    assert "error: found Budget(calls=14): 0 are spent, the step may take 15 for a pilot of self-moa" in done.err


def test_what_settings_say_of_a_model_is_said_of_it_alone() -> None:
    table = {"model": "offline:words", "max_tokens": 7, "samples": 3, "name": "w"}
    shared = Settings.model_validate({"proposers": [table, "offline:stems"], "aggregator": "offline:stems"})

    words, stems, _ = read_specs([], shared)

    assert (words.label, words.why, stems.label) == ("words", "one model: offline:words", "stems")
    assert words.settings.model_dump()["proposers"][0]["max_tokens"] == 7
    assert is_single(words.settings.build())


def test_another_aggregator_or_address_is_no_other_single_model(run: Run, few: str) -> None:
    both = [*TWO[:2], "--system", "single,proposers=offline:stems"]

    for aggregator in ("offline:stems", "offline:phrases"):
        done = run("compare", few, *both, "--keep", "kept", "--aggregator", aggregator)

        assert done.code == 0, done.err
    assert done.err.count("8 done before") == 2


@pytest.mark.parametrize("in_background", [False, True])
def test_sigterm_says_how_to_go_on(sums: str, loopback: Loopback, tmp_path: Path, in_background: bool) -> None:
    loopback.say("a", lambda body: Reply(broken="hang"))
    systems = ["--base-url", loopback.url, "--system", "single,proposer=a,label=a", "--system", "single,proposer=b"]
    (tmp_path / "temp").mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TMPDIR", str(tmp_path / "temp"))
        process = in_a_process("compare", str(tmp_path / sums), *systems, in_background=in_background)
    loopback.wait_until(lambda: len(loopback.requests) >= 8)
    process.send_signal(signal.SIGTERM)
    done = finish(process)

    told = "stopped: nothing is kept; with --keep DIR the same command goes on"
    assert (done.code, done.err.splitlines()[-1]) == (143, told)
    assert "Traceback" not in done.err
    assert list((tmp_path / "temp").glob("langgraph-moa-*")) == []


def test_an_estimate_asks_nobody(run: Run, sums: str) -> None:
    done = run("compare", sums, *TWO, "--estimate", "--max-tokens", "100")
    judged = json.loads(run("compare", sums, *TWO, "--grader", "judge", "--judge", "offline:words", "--estimate",
                            "--max-tokens", "100", "--json").out)  # fmt: skip

    assert [line.split(",")[0] for line in done.out.splitlines()] == [
        "words     at most 60 calls", "self-moa  at most 180 calls", "all       at most 240 calls",
    ]  # fmt: skip
    assert done.err == ""
    assert judged["judging"]["calls"] == 120
    assert judged["all"]["calls"] == 360
    assert judged["judging"]["tokens"] > 60 * 2 * 400


def test_the_plot_is_the_same_every_time_and_can_be_read(run: Run, few: str) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    drawn = []
    for file in ("one.svg", "two.svg"):
        run("compare", few, *TWO, "--keep", "kept", "--plot", file)
        drawn.append(Path(file).read_text("utf-8"))

    assert drawn[0] == drawn[1]
    for label in ("words", "self-moa", "tokens a question", "seconds a question, the median"):
        assert f">{label}</text>" in drawn[0]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--system", "slf-moa", "--system", "vote"], "found --system 'slf-moa', expected a system's name, "),
        (["--system", "vote"], "found one system, vote, expected two or more; add what to compare it with"),
        (["--system", "vote,sampels=3", "--system", "moa"], "unknown key 'sampels'; did you mean 'samples'?"),
        (["--system", "vote,samples", "--system", "moa"], "found 'samples' in --system 'vote,samples', expected KEY"),
        (["--system", "vote,samples=x", "--system", "moa"], "found 'x' for samples, expected a whole number"),
        (["--system", "vote,samples=2,samples=3", "--system", "moa"], "found samples twice in --system"),
        (["--system", "vote,label=a", "--system", "moa,label=a"], "found two systems with label=a"),
        (["--system", "vote", "--system", "no.toml"], "the settings file no.toml cannot be read"),
        (["--system", "vote", "--system", "offline:word"], "unknown offline model 'word'"),
        (["--grader", "exakt"], "found --grader exakt, expected a name or a function as file.py:function; did"),
        (["--grader", "no.py:f"], "found no file no.py for --grader"),
        (["--grader", "grade.py:f"], "found no function 'f' in grade.py"),
        (["--grader", "broken.py:f"], "the grader's file broken.py cannot be run: SyntaxError"),
        (["--grader", "score"], "found grader='score' without a judge"),
        (["--grader", "exact", "--judge", "offline:words"], "found a judge beside the grader exact"),
        (["--judge", "offline:word", "--grader", "judge"], "unknown offline model 'word'"),
        (["--baseline", "wrds"], "found the baseline 'wrds', expected one of the systems; did you mean 'words'?"),
        (["--equal", "cals", *TWO], "found --equal cals, expected what to make equal; did you mean 'calls'?"),
        (["--equal", "calls"], "found --equal without a system that takes more samples"),
        (["--equal", "usd", "--estimate", *TWO], "found --equal usd with --estimate, expected calls"),
        (["--equal", "usd", *TWO], "found --equal usd and no price of words"),
        (["--keep", "sums.jsonl"], "found sums.jsonl for --keep, expected a folder to write to"),
        (["--keep", "no/where"], "found no/where for --keep, expected a folder to write to"),
        (["--budget", "calls"], "found --budget calls, expected a limit and its number"),
        (["--budget", "calls=40"], "found Budget(calls=40) spent by words"),
        (["--concurrency", "0"], "found concurrency=0, expected a whole number from 1"),
        (["--plot", "x.png"], "found --plot x.png, expected a name that ends in .svg"),
        (["--experiment", "x"], "found the experiment 'x' without tracing, expected LANGSMITH_TRACING=true"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_option_is_one_clear_sentence(run: Run, sums: str, options: list[str], expected: str) -> None:
    Path("grade.py").write_text("x = 1\n")
    Path("broken.py").write_text("def\n")

    done = run("compare", sums, *options)
    told = [line for line in done.err.splitlines() if line.startswith("error: ")]

    assert (done.code, done.out) == (1, "")
    assert len(told) == 1
    assert told[0].startswith(f"error: {expected}")
    assert not Path("kept").exists()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", "found no questions"), ('{"question": "?"}\n{', "found no JSON in line 2 of sums.jsonl")],
)
def test_a_wrong_file_is_told(run: Run, sums: str, text: str, expected: str) -> None:
    Path(sums).write_text(text)

    assert expected in run("compare", sums, *TWO).err


@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("here", [True, False])
def test_experiments_are_named_after_the_file_and_a_langsmith_that_is_gone_holds_up_nothing(
    few: str, monkeypatch: pytest.MonkeyPatch, here: bool
) -> None:
    with langsmith() as server:
        for name, value in {
            "TRACING": "true",
            "ENDPOINT": server.url,
            "API_KEY": "lsv2_secret",
            "PROJECT": "p",
        }.items():
            monkeypatch.setenv(f"LANGSMITH_{name}", value)
        server.fails_at = "" if here else "/"
        done = finish(in_a_process("compare", few, *TWO, "--json"))

    notes = json.loads(done.out)["notes"]
    if here:
        assert [one["name"].rpartition("-")[0] for one in server.experiments] == ["sums-words", "sums-self-moa"]
        assert any(note.startswith("LangSmith holds the dataset sums-") for note in notes)
    else:
        assert any(note.startswith("LangSmith did not take the experiments: ") for note in notes)
    assert "secret" not in done.err + done.out
