"""`compare` as a person meets it, on the offline models."""

import json
import re
from pathlib import Path

import pytest
from commands import Run, finish, in_a_process
from experiments import langsmith
from sums import FEW, TWO


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

self-moa: no gain shown over the best single model (words): +0.0 points [-4.4, +4.4] (they differ on 0) for ??? times; \
about 620 questions would decide on a margin of 2 points
""".splitlines()
    )
    assert done.err.splitlines()[:2] == ["words (one model: offline:words)", "60 questions"]


def test_without_systems_a_mixture_is_compared_with_its_models(run: Run, few: str) -> None:
    found = json.loads(run("compare", few, "--json").out)

    assert [system["label"] for system in found["systems"]] == ["words", "stems", "phrases", "headings", "moa"]
    assert [system["is_single"] for system in found["systems"]] == [True, True, True, True, False]
    assert found["systems"][0]["score"]["mean"] == 0.75
    assert found["notes"] == [
        "choosing among these answers gets at most 75.0 % (34.9 to 96.8), the best single model (words) gets 75.0 %, "
        "their vote 75.0 %: a mixture of these can win at most 0.0 points, unless the aggregator writes better than "
        "all of them",
        "words was chosen as the best of 4 single models on the same questions, which favours the single models",
    ]


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
        (["--repeat", "0"], "found repeat=0, expected a whole number"),
        (["--margin", "0"], "found margin=0.0, expected points of a hundred, from 0.1 to below 100"),
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

    assert done.code in (1, 2)
    assert done.out == ""
    assert len(told) == 1
    assert told[0].startswith(f"error: {expected}")
    assert told[0].endswith(" (see langgraph-moa compare --help)") == (done.code == 2)
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


def test_gold_by_another_name_is_told_in_part_and_refused_in_all(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"question": "2 + 2?", "answer": 4}\n' + FEW)
    part = run("compare", str(file), *TWO)
    file.write_text('{"question": "2 + 2?", "answer": 4}\n')
    whole = run("compare", str(file), *TWO)

    assert "- found `answer` and no `gold` in 1 of 9 questions" in part.out
    assert (whole.code, whole.out) == (1, "")
    assert "error: found `answer` and no `gold` in 1 of 1 questions" in whole.err
