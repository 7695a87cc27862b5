"""Which mixtures are served, and under which names."""

from pathlib import Path

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.apps.serve.served import read_served
from langgraph_moa.apps.settings.sources import Sources

ALONE = Sources({"preset": "offline"}, is_alone=True)
GRAPH = """
from langgraph_moa import create_moa
panel = create_moa(proposers=["offline:words", "offline:words"], aggregator="offline:words")
nothing = 1
"""


def test_files_presets_systems_and_graphs_are_models(tmp_path: Path) -> None:
    settings, python = tmp_path / "quick.toml", tmp_path / "mine.py"
    settings.write_text('proposers = ["offline:words"]\naggregator = "offline:words"\nlayers = 2\n', "utf-8")
    python.write_text(GRAPH, "utf-8")

    words = [str(settings), "offline", "vote", f"{python}:panel", "mine=single", f"again={settings}"]
    served = read_served(words, ALONE)

    assert [*served] == ["quick", "offline", "vote", "panel", "mine", "again"]
    assert served["panel"].why == f"panel of {python}"
    assert served["offline"].why == "preset 'offline', as asked"


def test_nobody_named_is_the_mixture_of_the_options() -> None:
    assert [*read_served([], ALONE)] == ["moa"]
    assert [*read_served([], Sources({"system": "single", "preset": "offline"}, is_alone=True))] == ["single"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["offlin"], "expected a settings file, a preset, a system, or file.py:name; did you mean 'offline'?"),
        (["offline", "offline"], "found two mixtures called 'offline', expected a name for each; write NAME=offline"),
        (["a/b=offline"], "found 'a/b' as a mixture's name, expected a word without a slash"),
        (["=offline"], "found '' as a mixture's name"),
        (["\x1b[1m=offline"], "found '\\x1b[1m' as a mixture's name"),
        (["nowhere.toml"], "found no "),
        (["nowhere.py:x"], "found no file nowhere.py for serve"),
    ],
)  # fmt: skip
def test_mistakes(words: list[str], why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_served(words, ALONE)

    assert why in str(refused.value) or "nowhere.toml" in str(refused.value)


def test_what_is_no_mixture_and_what_waits_for_a_person(tmp_path: Path) -> None:
    python, review = tmp_path / "mine.py", tmp_path / "review.toml"
    python.write_text(GRAPH, "utf-8")
    review.write_text("review = true\n", "utf-8")

    with pytest.raises(ConfigError):
        read_served([f"{python}:nothing"], ALONE)
    with pytest.raises(ConfigError):
        read_served([f"{python}:absent"], ALONE)
    with pytest.raises(ConfigError, match="found a review in a mixture that programs ask"):
        read_served([str(review)], ALONE)
