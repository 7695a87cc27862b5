"""How systems to compare are written."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.apps.compare.specs import read_specs
from langgraph_moa.apps.settings.settings import Settings
from langgraph_moa.graphs.plan import plan_of


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


def test_what_settings_say_of_a_model_is_said_of_it_alone() -> None:
    table = {"model": "offline:words", "max_tokens": 7, "samples": 3, "name": "w"}
    shared = Settings.model_validate({"proposers": [table, "offline:stems"], "aggregator": "offline:stems"})

    words, stems, _ = read_specs([], shared)

    assert (words.label, words.why, stems.label) == ("words", "one model: offline:words", "stems")
    assert words.settings.model_dump()["proposers"][0]["max_tokens"] == 7
    assert plan_of(words.settings.build()).is_single
