"""What each member brings, and whose errors are whose."""

import json
from pathlib import Path

import pytest
from langgraph_moa.evaluation.panel.members import difference, error_correlations, find_twins
from langgraph_moa.evaluation.panel.reading import read_panel
from recorded_panels import write_record

LONG = "The tide turns twice a day because the Earth turns below the bulge that the Moon draws, round number "


def test_errors_go_together_opposed_or_nobody_can_tell() -> None:
    marks = [[1, 1, 0, 1], [0, 0, 1, 1], [1, 1, 0, 1], [0, 0, 1, 1]]

    correlations = error_correlations(marks)

    assert correlations[0][:3] == pytest.approx([1.0, 1.0, -1.0])
    assert correlations[0][3] is None


def test_one_model_in_two_seats_gives_itself_away(tmp_path: Path) -> None:
    rows = [
        {
            "gold": 1,
            "responses": {
                "a": {"text": LONG + str(n), "served_model": "m-2026"},
                "b": {"text": LONG + str(n), "served_model": "n-2026"},
                "c": {"text": LONG + str(n + 100), "served_model": "m-2026"},
                "short": {"text": "1", "served_model": "o"},
                "shorter": {"text": "1", "served_model": "p"},
            },
        }
        for n in range(8)
    ]

    pairs = find_twins(read_panel([write_record(tmp_path / "r.jsonl", rows)]))

    assert [(pair.first, pair.second, pair.served_model, pair.equal) for pair in pairs] == [
        ("a", "b", None, 1.0),
        ("a", "c", "m-2026", 0.0),
    ]


def test_samples_of_one_proposer_are_no_secret(tmp_path: Path) -> None:
    rows = [
        {
            "id": str(n), "answer": "1", "run": RUN, "error": None, "gold": "1", "seconds": 1.0,
            "proposals": [
                {"layer": 1, "proposer": "a", "sample": sample, "status": "ok", "text": f"{LONG} {n} {sample}",
                 "model": "m", "served_model": "m-2026", "tokens": 5, "usd": None, "seconds": 1.0}
                for sample in (1, 2)
            ],
        }
        for n in range(8)
    ]  # fmt: skip

    recording = read_panel([write_record(tmp_path / "r.jsonl", rows)])

    assert recording.names == ["a/1", "a/2"]
    assert find_twins(recording) == []


RUN = json.loads('{"mixture": "m", "calls": 2, "usage": {"total_tokens": 7}, "usd": null, "aggregators": []}')


def test_a_difference_of_marks_has_an_interval_too() -> None:
    spread = difference([0.9, 0.8, 0.7, 0.9], [0.5, 0.5, 0.4, 0.4])

    assert spread.mean == pytest.approx(0.375)
    assert 0 < spread.low < spread.mean < spread.high
