"""`calibrate` as a person meets it, on records of a few lines and on those of real models."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from commands import Run
from langgraph_moa.apps.calibrate import calibrate
from langgraph_moa.core.agreement.whole_texts import near_duplicates
from langgraph_moa.core.errors import ConfigError, MissingExtra
from langgraph_moa.evaluation.recorded import read_record
from recordings import line
from replay import CRUX, DATA, FIVE, GSM8K, WHY_NOT, Panel, rows
from syrupy.assertion import SnapshotAssertion

Printed = Callable[..., str]


@pytest.fixture
def printed(capsys: pytest.CaptureFixture[str]) -> Printed:
    app = typer.Typer()
    app.command()(calibrate)

    def call(*arguments: object) -> str:
        try:
            app([str(argument) for argument in arguments], standalone_mode=False)
        except ConfigError:
            assert capsys.readouterr().out == ""
            raise
        return capsys.readouterr().out

    return call


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Write what four said to 40 questions, each three of them right, and right four times out of five."""
    file = tmp_path / "record.jsonl"
    rows = [line("The answer is 4.", "#### 4", "Answer: $4", "5", gold=4 if n % 5 else 6) for n in range(40)]
    file.write_text("".join(rows) + "\n")
    return file


def test_what_it_prints(printed: Printed, record: Path) -> None:
    lines = [row.rstrip() for row in printed(record, "--precision", ".6").splitlines()]

    assert lines == """\
40 questions, 40 with gold; 4 proposers; calls in a mixture of 3 layers, 9 where nothing stops

rule          coverage  precision   95 % interval  calls   saved  then aggregate  vote: right  vote: calls
4 of 4 agree     0.0 %          –               –   9.00   0.0 %            9.00       80.0 %         4.00
3 of 4 agree   100.0 %     80.0 %  65.2 to 89.5 %   4.00  55.6 %            5.00       80.0 %         4.00
wave of 2      100.0 %     80.0 %  65.2 to 89.5 %   2.00  77.8 %            3.00       80.0 %         2.00
wave of 3      100.0 %     80.0 %  65.2 to 89.5 %   3.00  66.7 %            4.00       80.0 %         3.00
never stop       0.0 %          –               –   9.00   0.0 %            9.00       80.0 %         4.00

the cheapest rule that keeps a precision of 60 % (by the lower end of its interval): wave of 2
  create_moa(..., early_stop=EarlyStop(then="answer"), waves=(2,))

proposer  answered   right  adds to the vote
a          100.0 %  80.0 %       +0.0 points
b          100.0 %  80.0 %       +0.0 points
c          100.0 %  80.0 %       +0.0 points
d          100.0 %   0.0 %       +0.0 points

choosing among these answers gets at most 80.0 % (64.4 to 90.9), the best single model (a) gets 80.0 %, their vote \
80.0 %: a mixture of these can win at most 0.0 points, unless the aggregator writes better than all of them

wrong together: two proposers 3.0 times as often as if independent; all of them on 20 % of questions, 0.8 % if \
independent""".splitlines()  # fmt: skip


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_on_screens(
    monkeypatch: pytest.MonkeyPatch, printed: Printed, tmp_path: Path, columns: int, snapshot: SnapshotAssertion
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    names = ("meta-llama/Llama-3.3-70B-Instruct-Turbo", "名前-モデル", "👨‍👩‍👧 family", "\x1b[2Jre\u0301sume\u0301")
    row = {"responses": dict(zip(names, ("The answer is 4.", "#### 4", "5", "4"), strict=True)), "gold": 4}
    (tmp_path / "r.jsonl").write_text(f"{json.dumps(row)}\n" * 40)

    assert printed(tmp_path / "r.jsonl", "--precision", ".6") == snapshot


def test_where_no_rule_is_good_enough_it_says_so(printed: Printed, record: Path) -> None:
    assert "\nno rule keeps a precision of 95 % (by the lower end of its interval)\n" in printed(record)


def test_without_gold_coverage_and_calls_are_told(printed: Printed, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(line("4", "4", "4") + line("4", "4", "5"))

    out = printed(tmp_path / "r.jsonl")

    assert "2 questions, 0 with gold" in out
    assert [row.split() for row in out.splitlines()[3:5]] == [
        "3 of 3 agree 50.0 % 5.00 28.6 % 5.50 3.00".split(),
        "wave of 2 100.0 % 2.00 71.4 % 3.00 2.00".split(),
    ]
    assert "no rule can be picked: precision needs the right answers, as `gold` on each line" in out
    for heading in ("interval", "vote: right", "adds"):
        assert heading not in out


def test_json_says_the_same(printed: Printed, record: Path) -> None:
    found = json.loads(printed(record, "--json", "--precision", "0.6", "--layers", 4))

    assert (found["questions"], found["judged"], found["layers"], found["everyone"]["calls"]) == (40, 40, 4, 13)
    assert found["chosen"] == found["rules"][2]
    assert found["chosen"]["rule"] == "wave of 2"
    assert found["chosen"]["interval"] == [pytest.approx(0.652, abs=1e-3), pytest.approx(0.895, abs=1e-3)]
    assert [member["name"] for member in found["panel"]["members"]] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(("models", "rules"), [("d,a", ["2 of 2 agree"]), ("b, d,a", ["3 of 3 agree", "wave of 2"])])
def test_models_are_chosen_and_put_in_order(printed: Printed, record: Path, models: str, rules: list[str]) -> None:
    found = json.loads(printed(record, "--json", "--models", models))

    assert [member["name"] for member in found["panel"]["members"]] == [name.strip() for name in models.split(",")]
    assert [rule["rule"] for rule in found["rules"]] == rules


def test_near_duplicates_compare_texts(printed: Printed, tmp_path: Path) -> None:
    pytest.importorskip("rapidfuzz", reason="the extra `similarity` is not installed")
    text = "We add three and four, which makes seven.\nFinal answer: "
    rows = [line(text + "7", text + "7", text + "8", gold=7), line(text + "7", "7", {"answer": "7"}, gold=7)]
    (tmp_path / "r.jsonl").write_text("".join(rows) + line(text, text, "", gold=7))

    _, read = read_record(tmp_path / "r.jsonl", copies=near_duplicates(0.9))
    found = json.loads(printed(tmp_path / "r.jsonl", "--json", "--near-duplicates", "0.9"))

    assert [row.copies for row in read] == [(0, 1, 2), (1, 2), (0, 1)]
    assert found["rules"][-1]["rule"] == "near duplicates"
    assert (found["rules"][-1]["stops"], found["rules"][-1]["precision"]) == (1, 1.0)


def test_the_plot_is_the_same_every_time_and_can_be_read(printed: Printed, record: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    files = [tmp_path / "one.svg", tmp_path / "two.svg"]
    for file in files:
        printed(record, "--plot", file)
    drawn, again = (file.read_text("utf-8") for file in files)

    assert drawn == again
    assert "<dc:date>" not in drawn
    for label in ("3 of 4 agree", "wave of 2", "wave of 3", "calls saved, % of a mixture of 3 layers"):
        assert f">{label}</text>" in drawn
    assert ">4 of 4 agree<" not in drawn


def test_a_precision_of_one_can_be_drawn(printed: Printed, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    (tmp_path / "r.jsonl").write_text(line("1", "1", gold=1) * 5)

    printed(tmp_path / "r.jsonl", "--plot", tmp_path / "x.svg")

    assert (tmp_path / "x.svg").exists()


GOOD = line("1", "1", gold=1)
WRONG_LINES = [
    ("", "found no answers in", "add some"),
    ("{}", "found no `responses` by model in line 1 of", "write it so"),
    (GOOD + "[1]", "found no `responses` by model in line 2 of", "write it so"),
    (GOOD + "\n{'a'", "found no JSON in line 3 of", "mend the line"),
    (GOOD + "\udcff", "found no JSON in line 2 of", "mend the line"),
    (GOOD + "[" * 100_000, "found no JSON in line 2 of", "mend the line"),
    ('{"responses": ["1", "1"]}', "found no `responses` by model in line 1 of", "write it so"),
    (line(["1"], "1"), "found list for 'a' in line 1 of", "expected text or a number"),
    (line({"content": "1"}, "1"), "found dict for 'a' in line 1 of", "an object with `text` or `answer`"),
    (line({"text": ["1"]}, "1"), "found list for 'a' in line 1 of", "expected text or a number"),
    (GOOD + line("1", "1", gold=["1"]), "found list for `gold` in line 2 of", "expected text or a number"),
    (line("1"), "found the models a, expected two or more", "change the list"),
]


@pytest.mark.parametrize(("text", "found", "advice"), WRONG_LINES, ids=[found for _, found, _ in WRONG_LINES])
def test_a_wrong_line_is_told_before_anything_is_printed(
    printed: Printed, tmp_path: Path, text: str, found: str, advice: str
) -> None:
    (tmp_path / "r.jsonl").write_text(text, encoding="utf-8", errors="surrogateescape")

    with pytest.raises(ConfigError) as refused:
        printed(tmp_path / "r.jsonl")

    assert str(refused.value).startswith(found)
    assert advice in str(refused.value)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--precision", "95"], "found precision=95.0, expected a share above 0, up to 1"),
        (["--precision", "nan"], "found precision=nan"),
        (["--layers", "1"], "found layers=1, expected a whole number from 2"),
        (["--near-duplicates", "2"], "found threshold=2.0"),
        (
            ["--models", "a,bb"],
            "found 'bb' among --models, expected some of {file}; did you mean 'b'? known: a, b, c, d",
        ),
        (["--models", "a"], "found the models a, expected two or more, each once"),
        (["--models", "a,b,a"], "found the models a, b, a, expected two or more, each once"),
        (["--plot", "x.png"], "found --plot x.png, expected a name that ends in .svg"),
        (["--plot", "nowhere/x.svg"], "found no folder nowhere for --plot, expected one; make it first"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_a_wrong_option_is_refused(printed: Printed, record: Path, options: list[str], expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        printed(record, *options)

    assert str(refused.value).startswith(expected.format(file=record))


@pytest.mark.parametrize(("file", "why"), [("nowhere.jsonl", "No such file"), (".", "it is a folder, and no file")])
def test_a_file_that_cannot_be_read_is_told(printed: Printed, file: str, why: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{file} cannot be read: {why}.*; expected a file with a JSON object"):
        printed(file)


def test_a_plot_needs_gold(printed: Printed, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(line("1", "1"))

    with pytest.raises(ConfigError, match="found no precision to draw, expected lines with `gold`"):
        printed(tmp_path / "r.jsonl", "--plot", tmp_path / "x.svg")


@pytest.mark.parametrize(
    ("package", "options", "extra"),
    [("matplotlib", ["--plot", "x.svg"], "plot"), ("rapidfuzz", ["--near-duplicates", "0.9"], "similarity")],
)
def test_a_missing_extra_is_named(
    printed: Printed, record: Path, monkeypatch: pytest.MonkeyPatch, package: str, options: list[str], extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(MissingExtra) as refused:
        printed(record, *options)

    assert f"pip install 'langgraph-moa[{extra}]'" in str(refused.value)


def test_what_a_record_says_cannot_drive_the_terminal(printed: Printed, tmp_path: Path) -> None:
    (tmp_path / "r.jsonl").write_text(json.dumps({"responses": {"\x1b]0;owned\x07[bold]a[/bold]": "1", "b": "1"}}))

    assert "\n\\x1b]0;owned\\x07[bold]a[/bold] " in printed(tmp_path / "r.jsonl")


def of_real_models(panel: Panel, folder: Path) -> Path:
    """Write the recorded answers to a panel's questions as a file that `calibrate` reads."""
    if not DATA.exists():
        pytest.skip(WHY_NOT)
    with (folder / "r.jsonl").open("w") as lines:
        for row in rows(panel):
            responses = {name: {"answer": row[name]} for name in panel[1].split()}
            lines.write(json.dumps({"responses": responses, "gold": row["gold"]}) + "\n")
    return folder / "r.jsonl"


@pytest.mark.parametrize(("panel", "coverage", "precision"), [(GSM8K, 0.595, 0.985), (CRUX, 0.27, 0.965)])
def test_six_real_models_that_agree_are_right(
    printed: Printed, tmp_path: Path, panel: Panel, coverage: float, precision: float
) -> None:
    found = json.loads(printed(of_real_models(panel, tmp_path), "--json"))

    assert found["rules"][0]["rule"] == "6 of 6 agree"
    assert found["rules"][0]["coverage"] >= coverage
    assert found["rules"][0]["precision"] >= precision
    assert found["panel"]["pair_ratio"] > 1.5


def test_two_strong_models_first_are_as_good_as_all_five(printed: Printed, tmp_path: Path) -> None:
    record = of_real_models(FIVE, tmp_path)
    as_listed = json.loads(printed(record, "--json"))
    members = as_listed["panel"]["members"]
    strongest_first = [m["name"] for m in sorted(members, key=lambda member: -member["accuracy"])]
    found = json.loads(printed(record, "--json", "--models", ",".join(strongest_first)))
    (wave,) = [rule for rule in found["rules"] if rule["rule"] == "wave of 2"]

    assert strongest_first[:2] == ["Mistral-Large-2", "Meta-Llama-3-70B-Instruct"]
    assert wave["vote_calls"] == pytest.approx(2.2, abs=0.05)
    assert wave["vote_accuracy"] == pytest.approx(0.957, abs=0.003)
    assert as_listed["everyone"]["vote_accuracy"] == pytest.approx(0.954, abs=0.001)
    # Ties go to who is declared first: that alone lifts the vote of all to .958.
    assert as_listed["everyone"]["vote_accuracy"] < found["everyone"]["vote_accuracy"] < wave["vote_accuracy"]


def test_gold_by_another_name_is_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    file.write_text('{"responses": {"a": "1", "b": "1"}, "expected": 1}\n')

    assert "found `expected` and no `gold` in 1 of 1 questions" in run("calibrate", str(file)).err
