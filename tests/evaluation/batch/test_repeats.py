"""Repeats of a question are questions of their own."""

import asyncio
import json
from pathlib import Path

import pytest
from langgraph_moa import ConfigError, abatch, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.batch.repeats import Repeated, id_of_repeated


def test_each_repeat_has_an_id_and_the_first_keeps_the_questions() -> None:
    ids = [question.id for question in Repeated([{"id": "q7", "question": "?"}, {"id": 8, "question": "!"}], 3)]

    assert ids == ["q7", "q7#2", "q7#3", "8", "8#2", "8#3"]
    assert [id_of_repeated(id_) for id_ in ids] == ["q7"] * 3 + ["8"] * 3
    with pytest.raises(ConfigError, match="found the id 'x#2'"):
        list(Repeated([{"id": "x#2", "question": "?"}], 2))


def test_a_batch_with_more_repeats_goes_on(tmp_path: Path) -> None:
    model, out = ScriptedModel(script="42"), tmp_path / "rows.jsonl"
    moa = create_moa(proposers=[model], layers=1)
    sums = [asyncio.run(abatch(moa, ["What?", "Why?"], out, repeat=repeat)) for repeat in (1, 3)]

    assert [(one["questions"], one["done_before"]) for one in sums] == [(2, 0), (6, 2)]
    assert len(model.asked) == 6
    assert len({json.loads(line)["id"] for line in out.read_text().splitlines()}) == 6
    with pytest.raises(ConfigError, match=r"found a row of the repeat '.*#.' in line . .*; ask as often as before"):
        asyncio.run(abatch(moa, ["What?", "Why?"], out))
