"""Settings in a file."""

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Run
from langgraph_moa import Screen
from langgraph_moa.apps.settings.files import load_settings
from langgraph_moa.apps.settings.settings import Settings
from langgraph_moa.graphs.plan import plan_of


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "c.toml",
            'layers = 3\nproposers = ["offline:words", {model = "offline:stems", name = "second", samples = 2}]',
        ),
        ("c.yaml", "layers: 3\nproposer: [offline:words, {model: offline:stems, name: second, samples: 2}]"),
    ],
)
def test_settings_from_a_file_and_flags_win(run: Run, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")

    report = json.loads(run("ask", "1+1", "--json", "--config", str(tmp_path / name)).out)
    flat = json.loads(run("ask", "1+1", "--json", "--config", str(tmp_path / name), "--layers", "2").out)

    assert [p["proposer"] for p in report["proposals"]] == ["words", "second/1", "second/2"] * 2
    assert flat["run"]["layers"] == 2


def test_lists_of_proposers_from_a_file(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(
        'proposers = [["offline:words", "offline:stems"], ["offline:phrases"]]\naggregator = "offline:words"\n'
        "max-tokens = 50"
    )

    report = json.loads(run("ask", "1+1", "--json", "--config", str(tmp_path / "c.toml")).out)

    assert [p["layer"] for p in report["proposals"]] == [1, 1, 2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("laiers = 3", "unknown key 'laiers' in"),
        ('wrong_citations = "remove"', "found wrong_citations without docs"),
        ('docs = "."\nwrong_citations = "mend"', "found 'mend' for wrong_citations in"),
        ("layers = 'three'", "found 'three' for layers in"),
        ("layers = ", "cannot be read"),
        ('sistem = "x"', "unknown key 'sistem' in"),
        ("proposers = [[]]", "found proposers that mix models with lists, or an empty list"),
        ("proposers = []", "found no proposers"),
        ('proposers = ["offline:words", ["offline:stems"]]', "mix models with lists"),
        ('preset = "offline"\nproposers = ["offline:words"]', "found the preset 'offline' and proposers"),
        ('proposer = ["offline:words"]\nproposers = ["offline:words"]', "found proposer and proposers"),
        ("layers = 99999999999", "expected 100 or less"),
        ('proposers = [{name = "x"}]', "found proposers.0 without model"),
        ('proposers = [{model = "offline:words", nam = "x"}]', "unknown key 'nam' in"),
    ],
)
def test_a_wrong_settings_file_is_refused(run: Run, tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "c.toml").write_text(text)

    done = run("ask", "x", "--config", str(tmp_path / "c.toml"))

    assert (done.code, done.out) == (1, "")
    (error,) = [line for line in done.err.splitlines() if not line.startswith("models: ")]
    assert expected in error


def test_a_flag_replaces_what_a_file_says_of_the_panel(run: Run, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('proposers = ["offline:words"]')

    done = run("ask", "1+1", "--config", str(tmp_path / "c.toml"), "--preset", "offline")

    assert "models: preset 'offline', as asked" in done.err
    assert "found the preset" in run("ask", "1+1", "--preset", "offline", "--proposer", "offline:words").err


def test_a_flag_wins_over_a_shadow_in_a_file(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text("layers = 3\n[early_stop]\nshadow = true\n")

    done = run("ask", "What is 17 * 24?", "--config", str(config), "--early-stop", "answer")

    assert "agreed: 1 layer, 4 calls (5 saved)" in done.err


@pytest.mark.parametrize(
    ("written", "flag", "screen"),
    [
        ("", None, None),
        ("screen = true", None, Screen()),
        ("screen = false", None, None),
        ("[screen]", None, Screen()),
        ("[screen]\nmost = 1", None, Screen(most=1)),
        ("", True, Screen()),
        ("screen = true", False, None),
        ("[screen]\nmost = 1", True, Screen(most=1)),
        ("[screen]\nmost = 1", False, None),
    ],
)
def test_a_screen_in_a_file_and_by_a_flag(
    tmp_path: Path, written: str, flag: bool | None, screen: Screen | None
) -> None:
    file = tmp_path / "c.toml"
    file.write_text(written)

    chosen = load_settings(file, {"preset": "offline", "screen": flag}).choose()[0]

    for settings in (chosen, Settings.model_validate(chosen.record())):
        moa: Any = settings.build()
        built = plan_of(moa).rules.screen
        assert (built and (built.most,)) == (screen and (screen.most,))


def test_early_stop_in_a_file(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('layers = 3\nwaves = [2]\n[early_stop]\nthen = "answer"\nquorum = 0.9\nmin_responses = 2\n')

    done = run("ask", "What is 17 * 24?", "--config", str(config))

    assert "2 of 2 agree: 408; the rest of the layer and layers 2 and 3 skipped, 7 calls saved" in done.err
