"""Logs that inspect_ai wrote are read without it: questions, gold, and what a model answered, each epoch by itself."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.evaluation.interchange.inspect_logs import document_rows, is_log, log_rows, with_kept
from langgraph_moa.evaluation.interchange.losses import Losses
from tables import each

DATA = Path(__file__).parents[2] / "data"
HEAD = {"version": 2, "status": "success", "eval": {"task": "t", "model": "m"}}
SAMPLE = {"id": 1, "epoch": 1, "input": "a?", "target": "b"}


def one(sample: dict[str, Any], **head: Any) -> tuple[dict[str, Any], list[str]]:
    losses = Losses()
    [(_, item)] = document_rows({**HEAD, **head, "samples": [{**SAMPLE, **sample}]}, Path("a.json"), losses)
    return item, losses.sentences()


def test_what_inspect_ai_wrote() -> None:
    items = [item for _, item in log_rows(DATA / "sums-one.eval", Losses())]

    assert [(item["id"], item["question"], item["gold"]) for item in items] == [
        ("sum", "What is 2 + 2?", "4"),
        ("sum", "What is 2 + 2?", "4"),
        (7, "What is 3 + 3?", ["6", "six"]),
        (7, "What is 3 + 3?", ["6", "six"]),
    ]
    assert [[*item["responses"]] for item in items] == [["mockllm/one"], ["mockllm/one #2"]] * 2
    response = items[3]["responses"]["mockllm/one #2"]
    assert (response["text"], response["score"], response["tokens"], response["sample"]) == ("It is 6", 1.0, 15, 2)
    assert items[0]["metadata"] == {"source": "made up"}


def test_options_and_the_answer_that_a_scorer_read() -> None:
    [(_, item)] = log_rows(DATA / "planets.eval", Losses())

    assert item["choices"] == ["Mars", "Jupiter"]
    assert item["responses"]["mockllm/one"]["answer"] == "B"


@each(
    "sample, key, value",
    [
        (
            {
                "output": {
                    "completion": "",
                    "choices": [{"message": {"content": [{"type": "reasoning"}, {"type": "text", "text": "x"}]}}],
                }
            },
            "text",
            "x",
        ),
        ({"output": {"completion": "x"}, "scores": {"a": {"value": "P"}}}, "score", 0.5),
        ({"output": {"completion": "x"}, "scores": {"a": {"value": True}}}, "score", 1.0),
        ({"output": {"completion": "x"}, "scores": {"a": {"value": {"f1": 1}}}}, "scores", {"a": {"f1": 1}}),
        (
            {"output": {"completion": "x"}, "scores": {"a": {"value": 0.25}, "b": {"value": 1}}},
            "scores",
            {"a": 0.25, "b": 1},
        ),
        (
            {
                "output": {"completion": "x"},
                "model_usage": {
                    "m": {"total_tokens": 3, "total_cost": 0.5},
                    "n": {"total_tokens": 4, "total_cost": 0.25},
                },
            },
            "usd",
            0.75,
        ),
        ({"error": {"message": "broke"}}, "error", "broke"),
        ({"output": {"completion": "x", "model": "m-2026"}}, "model", "m-2026"),
    ],
)
def test_what_a_response_holds(sample: dict[str, Any], key: str, value: Any) -> None:
    assert one(sample)[0]["responses"]["m"][key] == value


def test_a_solver_that_asked_no_model_of_the_log_is_called_by_what_it_says() -> None:
    about = {"task": "t", "model": "none/none"}

    assert [*one({"output": {"completion": "x", "model": "moa"}}, eval=about)[0]["responses"]] == ["moa"]


def test_a_sample_that_was_not_run_is_a_question() -> None:
    assert one({})[0] == {"id": 1, "question": "a?", "gold": "b"}


def test_attachments_stand_in_their_places_again() -> None:
    asked = [{"role": "user", "content": "attachment://1", "id": "x", "source": "input"}]

    assert one({"input": asked, "attachments": {"1": "long"}})[0]["messages"] == [{"role": "user", "content": "long"}]


def test_what_is_left_out_and_how_a_run_ended_is_told() -> None:
    assert one({"store": {"a": 1}}, status="cancelled")[1] == [
        "a log of a run that did not end well (cancelled) was read as far as it goes (1 time)",
        "what a sample keeps as store is in no record, and was left out (1 time)",
    ]


def test_a_log_that_is_still_written_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    losses = Losses()
    with zipfile.ZipFile(tmp_path / "a.eval", "w") as log:
        log.writestr("_journal/start.json", json.dumps(HEAD))
        log.writestr("samples/1_epoch_1.json", json.dumps(SAMPLE))

    assert [item["id"] for _, item in log_rows(tmp_path / "a.eval", losses)] == [1]
    assert "(started)" in losses.sentences()[0]


@each(
    "members, message",
    [
        ({"a": "{}"}, "found no header.json"),
        ({"header.json": "{}"}, "found no `eval` in"),
        ({"header.json": json.dumps(HEAD), "samples/1.json": "{"}, "found no JSON in samples/1.json"),
        ({"header.json": json.dumps(HEAD), "samples/1.json": "{}"}, "expected a sample with `id` and `input`"),
    ],
)
def test_a_zip_that_is_no_log_is_refused(tmp_path: Path, members: dict[str, str], message: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.eval", "w") as log:
        for name, content in members.items():
            log.writestr(name, content)

    with pytest.raises(ConfigError) as caught:
        [*log_rows(tmp_path / "a.eval", Losses())]
    assert message in str(caught.value)


def test_what_is_no_log_is_told_apart() -> None:
    assert is_log(HEAD)
    assert not is_log([HEAD])
    assert with_kept({"question": "a?", "metadata": {"x": 1}}) == {"question": "a?", "metadata": {"x": 1}}
