"""The command `panel`: what is printed, and mistakes at its options."""

import json
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from langgraph_moa.apps.settings.files import load_settings
from recorded_panels import recorded, write_record
from replay import CRUX, DATA, WHY_NOT
from syrupy.assertion import SnapshotAssertion
from tables import each

MEMBERS = ["offline:words", "offline:stems", "offline:phrases"]


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """Sixty questions: each model errs on a third of its own, and says so in dollars."""
    rows = [
        {
            "id": n,
            "gold": 1,
            "responses": {
                name: {"answer": 2 + member if n % 3 == member and n % 2 else 1, "tokens": 10, "usd": 0.001}
                for member, name in enumerate(MEMBERS)
            },
        }
        for n in range(60)
    ]
    return write_record(tmp_path / "r.jsonl", rows)


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_a_panel_is_shown(
    run: Any, record: Path, columns: int, snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    assert run("panel", str(record)).out == snapshot


def test_the_recommended_settings_are_settings_that_run(run: Any, record: Path, tmp_path: Path) -> None:
    file = tmp_path / "panel.toml"

    done = run("panel", str(record), "--settings", str(file))

    assert done.code == 0
    assert set(tomllib.loads(file.read_text())["proposers"]) == set(MEMBERS)
    assert load_settings(file, {}).build().invoke({"messages": [("user", "17 * 24?")]})["messages"][-1].text


def test_everything_is_printed_as_json(run: Any, record: Path) -> None:
    printed = json.loads(run("panel", str(record), "--json").out)

    assert printed["ceiling"]["share"] == 1.0
    assert [member["name"] for member in printed["members"]] == MEMBERS
    assert printed["recommendation"]["settings"]["system"] == "vote"


def test_pictures_and_the_page_are_written(run: Any, record: Path, tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.svg" for name in ("accuracy", "correlation", "curve", "cost", "saves")}
    plots = [option for name, file in files.items() for option in ("--plot", f"{name}={file}")]

    done = run("panel", str(record), *plots, "--page", str(tmp_path / "panel.html"))

    assert done.code == 0
    assert all(fromstring(file.read_text("utf-8")).tag.endswith("svg") for file in files.values())
    assert (tmp_path / "panel.html").read_text("utf-8").count("<svg") == 5


def test_members_are_chosen(run: Any, record: Path) -> None:
    printed = json.loads(run("panel", str(record), "--members", "offline:stems, offline:words", "--json").out)

    assert [member["name"] for member in printed["members"]] == ["offline:stems", "offline:words"]


def test_rows_of_a_batch_and_folders_of_a_comparison_are_read(run: Any, tmp_path: Path) -> None:
    questions = write_record(tmp_path / "q.jsonl", [{"question": f"{n} * 17?", "gold": n * 17} for n in range(30)])
    systems = ["--system", "offline:words", "--system", "offline:stems", "--system", "vote"]

    assert run("batch", str(questions), str(tmp_path / "rows.jsonl")).code == 0
    assert run("compare", str(questions), *systems, "--keep", str(tmp_path / "kept")).code == 0
    of_rows = json.loads(run("panel", str(tmp_path / "rows.jsonl"), "--json").out)
    of_folder = json.loads(run("panel", str(tmp_path / "kept"), "--json").out)

    assert [member["name"] for member in of_rows["members"]][:2] == ["words", "stems"]
    assert of_rows["fates"][0]["system"] == "rows"
    assert [member["name"] for member in of_folder["members"]][:2] == ["stems", "words"]
    assert of_folder["judged"] == of_rows["judged"] == 30


def test_several_files_are_one_panel(run: Any, tmp_path: Path) -> None:
    files = [
        str(write_record(tmp_path / f"{name}.jsonl", [{"id": n, "gold": 1, "responses": {name: 1}} for n in range(30)]))
        for name in ("a", "b")
    ]

    printed = json.loads(run("panel", *files, "--json").out)

    assert [member["name"] for member in printed["members"]] == ["a", "b"]


def test_questions_bring_the_gold_that_rows_lack(run: Any, tmp_path: Path) -> None:
    asked: list[dict[str, Any]] = [{"id": n, "question": f"{n} * 17?"} for n in range(30)]
    questions = write_record(tmp_path / "q.jsonl", asked)
    golds = write_record(tmp_path / "g.jsonl", [{**question, "gold": question["id"] * 17} for question in asked])

    run("batch", str(questions), rows := str(tmp_path / "rows.jsonl"))

    assert "no answer that could be graded" in run("panel", rows).err
    assert json.loads(run("panel", rows, "--questions", str(golds), "--json").out)["judged"] == 30


@each(
    ("options", "message"),
    [
        (["nope.jsonl"], "nope.jsonl cannot be read: No such file"),
        (["r.jsonl", "--members", "x,offline:words"], "found 'x' among --members"),
        (["r.jsonl", "--members", "offline:words"], "expected two or more, each once"),
        (["r.jsonl", "--settings", "x.yaml"], "expected a name that ends in .toml"),
        (["r.jsonl", "--settings", "nowhere/x.toml"], "found no folder nowhere"),
        (["r.jsonl", "--settings", "there.toml"], "nothing is overwritten"),
        (["r.jsonl", "--questions", "nope"], "nope"),
        (["r.jsonl", "--page", "link.html"], "for the same file, expected two"),
        (["r.jsonl", "--plot", "curve=x.svg", "--plot", "saves=x.svg"], "for the same file, expected two"),
        (["empty"], "found no rows in the folder empty"),
        (["r.jsonl", "--page", "x.txt"], "expected a name that ends in .html"),
        (["r.jsonl", "--page", "nowhere/x.html"], "found no folder nowhere"),
        (["r.jsonl", "--plot", "curve.svg"], "expected NAME=FILE, such as curve=curve.svg"),
        (["r.jsonl", "--plot", "curves=x.svg"], "did you mean 'curve'?"),
        (["r.jsonl", "--plot", "curve=x.png"], "expected a name that ends in .svg"),
        (["r.jsonl", "--page", "empty.html"], "found a folder, empty.html"),
    ],
)
def test_mistakes_are_told_in_a_sentence(
    options: list[str], message: str, run: Any, record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with suppress(FileExistsError):
        (tmp_path / "link.html").symlink_to(tmp_path / "r.jsonl")
    (tmp_path / "there.toml").write_text("")
    (tmp_path / "empty").mkdir(exist_ok=True)
    (tmp_path / "empty.html").mkdir(exist_ok=True)

    done = run("panel", *options)

    assert done.code != 0
    assert message in done.err
    assert len(done.err.splitlines()) == 1


@pytest.mark.skipif(not DATA.is_dir(), reason=WHY_NOT)
def test_real_models_on_hard_questions_are_no_sure_thing(run: Any, tmp_path: Path) -> None:
    printed = run("panel", str(recorded("crux", CRUX[1].split(), tmp_path / "crux.jsonl"))).out

    assert "at most 80.5 % (77.6 to 83.2), the best single model (deepseek-v2-chat-0628) gets 68.5 %" in printed
    assert "which may be luck" in printed
    assert "not very sure" in printed
