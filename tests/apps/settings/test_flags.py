"""The options that all commands about a mixture share."""

from pathlib import Path

import pytest
from commands import Run
from langgraph_moa.apps.settings.flags import with_mixture
from langgraph_moa.apps.settings.settings import Settings
from typer import Typer
from typer.testing import CliRunner


@pytest.mark.parametrize(
    ("written", "flag", "marks"),
    [(None, None, True), (None, "--no-mark-answers", False), (False, None, False), (False, "--mark-answers", True)],
)
def test_marks_are_asked_for_as_the_flag_says_or_else_the_file(
    tmp_path: Path, written: bool | None, flag: str | None, marks: bool
) -> None:
    file = tmp_path / "c.toml"
    file.write_text("" if written is None else f"mark_answers = {str(written).lower()}")
    seen: list[Settings] = []

    def command(settings: Settings) -> None:
        seen.append(settings)

    app = Typer()
    app.command()(with_mixture(command))
    done = CliRunner().invoke(app, ["--config", str(file), *([flag] if flag else [])])

    assert done.exit_code == 0, done.output
    assert seen[0].mark_answers is marks


EARLY_STOPS = [
    ([], "agreed: 2 layers, 5 calls (4 saved)"),
    (["--early-stop", "answer"], "agreed: 1 layer, 4 calls (5 saved)"),
    (["--early-stop", "shadow"], "completed: 3 layers, 9 calls,"),
    (["--early-stop", "off"], "completed: 3 layers, 9 calls,"),
    (["--waves", "1", "--confidence", "offline:words=0.9"], "how sure words is, is not known"),
    (["--proposer", "offline:words", "--samples", "2", "--escalate", "offline:stems"], "agreed: 2 layers, 3 calls"),
    (["--waves", "2"], "agreed: 2 layers, 3 calls (6 saved)"),
    (["--aggregator", "vote"], "note: vote: 4 of 4 for the answer of words"),
]


@pytest.mark.parametrize(("flags", "told"), EARLY_STOPS)
def test_early_stop_by_flags(run: Run, flags: list[str], told: str) -> None:
    done = run("ask", "What is 17 * 24?", "--layers", "3", *flags)

    assert (done.code, done.out) == (0, "17 * 24 = 408\n")
    assert told in done.err


WRONG_STOPS = [
    (
        ["--early-stop", "never"],
        "found 'never' for --early-stop, expected one of its values; known: aggregate, answer, shadow, off",
    ),
    (["--waves", "9"], "found waves=(9,) of 4 proposers, expected some to be left"),
    (["--waves", "1"], "found a first stage of one that does not know when it is unsure, expected a sign"),
    (["--confidence", "0.9"], "found a confidence with a first stage of"),
    (["--waves", "1", "--confidence", "sure"], "found --confidence sure, expected a number above 0 to 1"),
    (["--waves", "1", "--confidence", "=0.9"], "found --confidence =0.9, expected a number"),
    (["--waves", "1", "--confidence", "90"], "found 90.0 for confidence, expected 1 or less"),
    (["--waves", "1", "--confidence", "logprobs=0.9"], "found logprobs for the confidence of offline:words"),
    (["--escalate", "offline:words", "--early-stop", "off"], "found escalate without an early stop"),
    (["--debate-if", "always"], "found debate_if with no system, expected it with debate"),
    (["--waves", "2", "--early-stop", "off"], "found waves=(2,) without an early stop"),
]


@pytest.mark.parametrize(("flags", "expected"), WRONG_STOPS)
def test_wrong_early_stops_get_one_clear_line(run: Run, flags: list[str], expected: str) -> None:
    done = run("ask", "x", *flags)

    assert done.code != 0
    assert expected in done.err
    assert "Traceback" not in done.err
