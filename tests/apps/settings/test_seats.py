"""Seats as they are written."""

from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.apps.settings.files import load_settings

TWO = """
[[proposers]]
model = "same"
base_url = "http://127.0.0.1:1/v1"

[[proposers]]
model = "same"
base_url = "http://me:pw@127.0.0.1:2/v1?key=lamb"
api_key_env = "OTHER_KEY"
headers = { X-Team = "$OTHER_TEAM", X-Token = "tiger-burning", Authorization = "Bearer $OTHER_KEY" }
extra_body = { top_k = 20 }
top_p = 0.9
seed = 7
stop = "END"
samples = 6
slots = 4
unreadable = "text"
instead = ["offline:words"]
"""


def test_what_a_thread_keeps_of_servers_holds_no_secrets(tmp_path: Path) -> None:
    (tmp_path / "two.toml").write_text(TWO)

    settings = load_settings(tmp_path / "two.toml", {}).choose()[0]
    record = settings.record()

    assert record["proposers"][1] == {
        "model": "same",
        "base_url": "http://127.0.0.1:2/v1",
        "api_key_env": "OTHER_KEY",
        "headers": {"X-Team": "$OTHER_TEAM", "X-Token": "", "Authorization": "Bearer $OTHER_KEY"},
        "extra_body": {"top_k": 20},
        "top_p": 0.9,
        "seed": 7,
        "stop": "END",
        "samples": 6,
        "slots": 4,
        "unreadable": "text",
        "instead": ["offline:words"],
    }
    assert record["aggregator"] == {"model": "same", "base_url": "http://127.0.0.1:1/v1"}
    assert "tiger" not in repr(record) + repr(settings.proposers)
    assert "lamb" not in repr(record)


@pytest.mark.parametrize(
    ("system", "own"),
    [
        ("grouped", {"proposers": ["offline:words"] * 3}),
        ("self-moa", {"proposers": ["offline:words", "offline:stems"]}),
    ],
)
def test_systems_ask_an_aggregator_where_it_is(system: str, own: Any) -> None:
    at = {"model": "big", "base_url": "http://127.0.0.1:1/v1"}

    moa = load_settings(None, {"system": system, "aggregator": at, **own}).choose()[0].build()

    last: Any = moa.builder.nodes["aggregate"].runnable
    assert last.rules.mixture.count("at http://127.0.0.1:1/v1") >= 2, "where it proposes, too"
