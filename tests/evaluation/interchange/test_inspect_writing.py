"""What is written for inspect_ai is read again as it was; `make interchange` has inspect_ai itself read it."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange import inspect_writing
from langgraph_moa.evaluation.interchange.forms import read_interchange, write_interchange
from langgraph_moa.evaluation.interchange.losses import Losses
from langgraph_moa.evaluation.interchange.spool import Spool

RECORD: dict[str, Any] = {
    "id": "a",
    "question": "Which?\n\nA) x\nB) y",
    "choices": ["x", "y"],
    "gold": "B",
    "metadata": {"source": "z"},
    "responses": {
        "m": {
            "text": "It is B",
            "answer": "B",
            "score": 1.0,
            "model": "m-1",
            "tokens": 9,
            "usd": 0.5,
            "seconds": 1.5,
            "x": [1],
        }
    },
    "proposals": [{"layer": 1, "proposer": "a"}],
}
ROW = {
    "id": "r",
    "answer": "408",
    "run": {"calls": 3},
    "error": None,
    "gold": "408",
    "seconds": 1.0,
    "cost": {"calls": 3, "tokens": 5, "usd": 0.0},
}


def back(path: Path, *items: dict[str, Any], form: str | None = None) -> tuple[list[dict[str, Any]], list[str]]:
    losses = Losses()
    path.unlink(missing_ok=True)
    write_interchange(iter(items), path, form=form, losses=losses)
    return [*read_interchange(path, form=form, losses=losses)], losses.sentences()


@pytest.mark.parametrize("name", ["a.eval", "a.json"])
def test_records_rows_and_questions_come_back(tmp_path: Path, name: str) -> None:
    question = {"id": 7, "messages": [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}], "gold": 4}
    rows, sentences = back(tmp_path / name, ROW, form="inspect")

    assert back(tmp_path / name, RECORD, question, form="inspect")[0] == [RECORD, question]
    assert rows == [ROW]
    assert "holds no question" in sentences[0]


def test_answers_without_more_come_back_as_they_are(tmp_path: Path) -> None:
    for response in ("text", "", None, 408, {"text": None, "error": "broke"}, {"text": "4"}):
        record = {"id": "a", "question": "a?", "responses": {"m": response}}
        assert back(tmp_path / "a.eval", record)[0] == [record]


def test_samples_are_epochs_and_models_logs_of_their_own(tmp_path: Path) -> None:
    responses = {"m": {"text": "1"}, "m #2": {"text": "2", "sample": 2}, "n/o": {"text": "3"}}
    record = {"id": "a", "question": "a?", "responses": responses}
    with pytest.raises(ConfigError, match="found answers of 2 models for one log"):
        back(tmp_path / "a.eval", record)

    write_interchange([record], tmp_path / "logs", form="inspect")
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == ["01-m.eval", "02-n-o.eval"]
    assert [*read_interchange(tmp_path / "logs")] == [record]
    assert [*inspect_writing.answering_models([record])] == ["m", "n/o"]


def test_a_dataset_holds_what_a_task_reads(tmp_path: Path) -> None:
    with Spool([RECORD]) as spool:
        [sample] = inspect_writing.dataset_items(spool, Losses())

    assert (sample["id"], sample["input"], sample["target"], sample["choices"]) == ("a", "Which?", "B", ["x", "y"])
    assert sample["metadata"]["source"] == "z"
    assert back(tmp_path / "a.jsonl", RECORD, form="inspect-dataset")[0] == [RECORD]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
RESPONSE = TEXT | st.fixed_dictionaries(
    {"text": TEXT},
    optional={"answer": TEXT, "score": st.floats(0, 1), "tokens": st.integers(0, 99), "other": st.none() | TEXT},
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.integers() | TEXT.filter(bool),
                "question": TEXT.filter(str.strip),
                "responses": st.dictionaries(st.just("m"), RESPONSE, min_size=1),
            },
            optional={"gold": TEXT.filter(bool) | st.integers(), "note": st.lists(TEXT)},
        ),
        min_size=1,
        max_size=3,
        unique_by=lambda item: str(item["id"]),
    )
)
def test_whatever_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, items: list[dict[str, Any]]
) -> None:
    assert back(tmp_path_factory.getbasetemp() / "round.eval", *items)[0] == items
