"""Where settings come from, and in which order."""

import json
import sys
from io import StringIO
from pathlib import Path

import pytest
from commands import Run
from langgraph_moa.apps.settings.sources import Sources
from recordings import line


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


ORDER = [
    ({}, None),
    ({"pyproject.toml": 3}, 3),
    ({"pyproject.toml": 3, "moa.toml": 4}, 4),
    ({"pyproject.toml": 3, "moa.toml": 4, "variable": 5}, 5),
    ({"pyproject.toml": 3, "moa.toml": 4, "variable": 5, "--config": 6}, 6),
    ({"pyproject.toml": 3, "moa.toml": 4, "variable": 5, "--config": 6, "flag": 7}, 7),
    ({"moa.toml": 4, "flag": 7}, 7),
    ({"moa.toml": 4, "variable": 5, "--no-settings": 1}, None),
    ({"moa.toml": 4, "variable": 5, "--no-settings": 1, "--config": 6}, 6),
]


@pytest.mark.parametrize(("given", "layers"), ORDER, ids=[" ".join(given) or "none" for given, _ in ORDER])
def test_flags_a_named_file_the_environment_moa_toml_a_projects_table(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, int], layers: int | None
) -> None:
    for name, written in given.items():
        table = "[tool.langgraph-moa]\n" if name == "pyproject.toml" else ""
        Path(f"{name.strip('-')}.toml" if "." not in name else name).write_text(f"{table}layers = {written}")
    if "variable" in given:
        monkeypatch.setenv("LANGGRAPH_MOA_CONFIG", "variable.toml")

    sources = Sources(
        {"layers": given.get("flag")}, Path("config.toml") if "--config" in given else None, "--no-settings" in given
    )

    assert sources.whole.layers == layers


def test_one_file_is_used_and_none_is_mixed_with_another() -> None:
    Path("moa.toml").write_text("samples = 2")
    Path("pyproject.toml").write_text("[tool.langgraph-moa]\nlayers = 3")
    Path("c.toml").write_text("timeout = 5.0")

    assert Sources().whole.model_dump(exclude_unset=True) == {"samples": 2}
    assert Sources({}, Path("c.toml")).whole.model_dump(exclude_unset=True) == {"timeout": 5.0}


def test_a_flag_wins_over_a_key_of_a_found_table_and_leaves_the_others() -> None:
    Path("moa.toml").write_text("preset = 'openai'\n[quorum]\nk = 2\n")

    settings = Sources({"quorum": {"grace_s": 3.0}, "proposers": ["offline:words"], "waves": []}).whole

    assert settings.quorum
    assert (settings.quorum.k, settings.quorum.grace_s) == (2, 3.0)
    assert (settings.preset, settings.proposers) == (None, ["offline:words"])


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["--layers", "0"], 2, "error: found 0 for layers, expected 1 or more (see langgraph-moa ask --help)\n"),
        ([], 1, "error: found 'three' for samples in moa.toml, expected a whole number\n"),
    ],
)
def test_a_mistake_is_told_with_the_file_only_where_it_is_in_the_file(
    run: Run, arguments: list[str], code: int, expected: str
) -> None:
    Path("moa.toml").write_text("" if arguments else "samples = 'three'")

    done = run("ask", "1+1", *arguments)

    assert (done.code, done.err.removeprefix("settings: moa.toml\n")) == (code, expected)


def asked(name: str) -> list[str]:
    Path("q.jsonl").write_text(json.dumps({"question": "1+1", "gold": "2"}) + "\n")
    Path("r.jsonl").write_text("".join(line("4", "4", "4", "5", gold=4) for _ in range(9)))
    own = {"ask": ["1+1"], "batch": ["q.jsonl", "out.jsonl"], "compare": ["q.jsonl"], "calibrate": ["r.jsonl"]}
    return [name, *own.get(name, [])]


OF_ALL = [
    ("ask", "err", "completed: 4 layers, 7 calls"),
    ("chat", "err", "completed: 4 layers, 7 calls"),
    ("batch", "out", "1 answered; 7 calls"),
    ("compare", "out", "7.00   1,352"),
    ("calibrate", "out", "calls in a mixture of 4 layers"),
    ("graph", "out", "layer_3/stems"),
    ("models", "out", "default here: as given, 2 proposers"),
    ("mcp", "err", "models: as given, 2 proposers"),
]


@pytest.mark.parametrize(("name", "stream", "expected"), OF_ALL, ids=[name for name, _, _ in OF_ALL])
def test_every_command_finds_them_and_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, stream: str, expected: str
) -> None:
    Path("moa.toml").write_text(
        'layers = 4\nproposers = ["offline:words", "offline:stems"]\naggregator = "offline:words"\nearly_stop = "off"'
    )
    monkeypatch.setattr(sys, "stdin", StringIO("1+1\n" if name == "chat" else ""))

    done = run(*asked(name))

    assert done.err.splitlines()[0] == "settings: moa.toml"
    assert expected in getattr(done, stream)


@pytest.mark.parametrize("name", ["ask", "calibrate", "graph", "models"])
def test_a_flag_leaves_them_out(run: Run, name: str) -> None:
    Path("moa.toml").write_text("laiers = 3")

    done = run(*asked(name), "--no-settings")

    assert (done.code, "settings" in done.err) == (0, False)
    assert "unknown key 'laiers' in moa.toml; did you mean 'layers'?" in run(*asked(name)).err


def test_a_thread_goes_on_with_what_it_was_begun_with(run: Run) -> None:
    thread = ["--thread", "t", "--store", "s.db"]
    Path("moa.toml").write_text('proposers = ["offline:words"]')
    first = run("ask", "1+1", *thread, "--json")
    Path("moa.toml").write_text('laiers = 3\nproposers = ["offline:stems", "offline:phrases"]')

    second = run("ask", "2+2", *thread, "--json")
    again = run("resume", *thread)

    assert "settings: moa.toml" in first.err
    assert [p["proposer"] for p in json.loads(first.out)["proposals"]] == ["words"]
    assert (second.code, again.code) == (0, 0), second.err
    assert [p["proposer"] for p in json.loads(second.out)["proposals"]] == ["words"]
    assert "settings:" not in second.err + again.err
    assert "unknown key 'laiers' in moa.toml" in run("ask", "1+1", "--thread", "new", "--store", "s.db").err
