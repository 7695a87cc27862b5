"""Files of the same questions become one record each, with an answer a model, and none is lost or mixed up."""

from typing import Any

import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.batch.reading import with_ids
from langgraph_moa.evaluation.interchange.joined import joined_records, with_own_ids
from langgraph_moa.evaluation.interchange.losses import Losses
from tables import each

Items = list[dict[str, Any]]


def joined(*files: Items, names: str = "abc", losses: Losses | None = None) -> Items:
    sources = [
        (name, [(f"in row {n} of {name}", item) for n, item in enumerate(items, 1)])
        for name, items in zip(names, files, strict=False)
    ]
    return [item for _, item in joined_records(sources, losses or Losses())]


def row(id_: str, answer: str | None, **more: Any) -> dict[str, Any]:
    return {"id": id_, "answer": answer, "run": None, "error": None, "gold": "4", "seconds": 1.0, **more}


def test_questions_and_rows_become_records() -> None:
    losses = Losses()
    questions = [{"id": "x", "question": "2 + 2?", "gold": "4"}, {"id": "y", "question": "3 + 3?"}]
    records = joined(
        questions,
        [row("x", "4", cost={"calls": 3, "tokens": 9, "usd": None})],
        [row("x", None, error="broke")],
        losses=losses,
    )

    assert [record["id"] for record in records] == ["x", "y"]
    assert records[0]["question"] == "2 + 2?"
    assert {name: response["text"] for name, response in records[0]["responses"].items()} == {"b": "4", "c": None}
    assert records[0]["responses"]["b"]["tokens"] == 9
    assert records[0]["responses"]["c"]["error"] == "broke"
    assert losses.sentences() == ["a question is not in all files, and has no answer of those (1 time)"]


def test_an_id_that_is_missing_is_the_one_that_a_batch_gives() -> None:
    [question] = with_ids([("", {"question": "2 + 2?"})])
    [(_, item)] = with_own_ids([("", {"question": "2 + 2?"})])

    assert item == {"question": "2 + 2?", "id": question.id}


def test_the_same_model_again_is_another_sample() -> None:
    files = [[{"id": 1, "question": "a?", "responses": {"m": {"text": text}}}] for text in "xyz"]

    assert joined(*files)[0]["responses"] == {
        "m": {"text": "x"},
        "m #2": {"text": "y", "sample": 2},
        "m #3": {"text": "z", "sample": 3},
    }


@each(
    "one, other, message",
    [
        ({"id": 1, "question": "a?"}, {"id": "1", "question": "b?"}, "found another question under the id 1"),
        ({"id": 1, "question": "a?", "gold": "4"}, {"id": 1, "gold": "5", "responses": {}}, "found another gold"),
    ],
)
def test_other_questions_under_the_same_id_are_refused(
    one: dict[str, Any], other: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        joined([one], [other])

    assert message in str(caught.value)


def test_an_id_twice_in_one_file_is_refused() -> None:
    with pytest.raises(ConfigError, match="found the id 1 again in row 2 of a"):
        joined([{"id": 1, "question": "a?"}, {"id": 1, "question": "a?"}])


def test_what_differs_is_told() -> None:
    losses = Losses()
    assert (
        joined([{"id": 1, "question": "a?", "x": 1}], [{"id": 1, "question": "a?", "x": 2}], losses=losses)[0]["x"] == 1
    )
    assert "`x` is not the same in all files" in losses.sentences()[0]
