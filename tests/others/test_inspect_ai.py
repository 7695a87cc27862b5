"""inspect_ai reads what is written here, and what it writes is read: logs, datasets, and a mixture as its solver."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from inspect_ai import Task
from inspect_ai import eval as evaluated
from inspect_ai.dataset import MemoryDataset, Sample, csv_dataset, json_dataset
from inspect_ai.log import read_eval_log, read_eval_log_sample, read_eval_log_samples
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import match
from inspect_ai.solver import generate
from langgraph_moa.evaluation.interchange.forms import read_interchange, write_interchange

ROOT = Path(__file__).parents[2]
RECORD: dict[str, Any] = {
    "id": "a", "question": "Which?\n\nA) x\nB) y", "choices": ["x", "y"], "gold": "B", "metadata": {"source": "z"},
    "responses": {"m": {"text": "It is B", "answer": "B", "score": 1.0, "tokens": 9, "usd": 0.5, "seconds": 1.5},
                  "m #2": {"text": "A", "sample": 2, "score": 0.0}},
}  # fmt: skip


def output(text: str) -> ModelOutput:
    made = ModelOutput.from_content("mockllm/one", text)
    made.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
    return made


@pytest.mark.parametrize("log_format", ["eval", "json"])
def test_its_logs_are_read(tmp_path: Path, log_format: Any) -> None:
    long = "Nothing is here to be worked out. " * 50
    samples = [Sample(id="a", input=f"{long}2 + 2?", target="4"), Sample(id=7, input=f"{long}3 + 3?", target="6")]
    model = get_model("mockllm/one", custom_outputs=[output(f"{long}\n4")] * 4)
    task = Task(dataset=MemoryDataset(samples), solver=generate(), scorer=match())
    [log] = evaluated(task, model=model, epochs=2, log_dir=str(tmp_path), log_format=log_format, display="none")
    items = {item["id"]: item for item in read_interchange(log.location.removeprefix("file://"))}

    assert log.status == "success"
    assert items["a"]["question"] == f"{long}2 + 2?"
    assert {name: response["score"] for name, response in items["a"]["responses"].items()} == {
        "mockllm/one": 1.0, "mockllm/one #2": 1.0
    }  # fmt: skip
    assert [response["score"] for response in items[7]["responses"].values()] == [0.0, 0.0]
    assert items["a"]["responses"]["mockllm/one"]["text"] == f"{long}\n4"


@pytest.mark.parametrize("name", ["a.eval", "a.json"])
def test_it_reads_logs(tmp_path: Path, name: str) -> None:
    write_interchange([RECORD], tmp_path / name, form="inspect")
    log = read_eval_log(str(tmp_path / name))
    samples = log.samples or []

    assert (log.status, log.eval.model, [sample.epoch for sample in samples]) == ("success", "m", [1, 2])
    assert (samples[0].input, samples[0].choices, samples[0].target) == ("Which?", ["x", "y"], "B")
    assert samples[0].output.completion == "It is B"
    assert (samples[0].scores or {})["score"].value == "C"
    assert [*read_eval_log_samples(str(tmp_path / name), all_samples_required=False)][1].output.completion == "A"
    assert read_eval_log_sample(str(tmp_path / name), "a", 2).output.completion == "A"


def test_what_it_wrote_of_ours_again_is_the_same(tmp_path: Path) -> None:
    from inspect_ai.log import write_eval_log

    write_interchange([RECORD], tmp_path / "a.eval")
    write_eval_log(read_eval_log(str(tmp_path / "a.eval")), str(tmp_path / "b.eval"))

    assert [*read_interchange(tmp_path / "b.eval")] == [RECORD]


def test_it_reads_datasets(tmp_path: Path) -> None:
    write_interchange([RECORD], tmp_path / "a.jsonl", form="inspect-dataset")
    (tmp_path / "b.csv").write_text("id,input,target\nb,3 + 3?,6\n")
    [sample] = json_dataset(str(tmp_path / "a.jsonl"))
    [other] = csv_dataset(str(tmp_path / "b.csv"))

    assert (sample.id, sample.input, sample.choices, sample.target) == ("a", "Which?", ["x", "y"], "B")
    assert [*read_interchange(tmp_path / "b.csv")] == [{"id": other.id, "question": other.input, "gold": other.target}]


def test_the_example_runs_a_mixture_as_a_solver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copy(ROOT / "examples" / "inspect_task.py", tmp_path)
    monkeypatch.chdir(tmp_path)
    [log] = evaluated("inspect_task.py", model="none", log_dir=str(tmp_path / "logs"), display="none")
    samples = log.samples or []

    assert log.status == "success"
    assert log.results is not None
    assert log.results.scores[0].metrics["accuracy"].value == 1
    assert [sample.output.completion for sample in samples] == ["12 * 17 = 204", "24 * 17 = 408", "36 * 17 = 612"]
    assert samples[0].metadata["calls"] == samples[0].metadata["run"]["calls"] == 3
    assert samples[0].metadata["usage"]["total_tokens"] == samples[0].output.usage.total_tokens > 0
    assert [[*item["responses"]] for item in read_interchange(tmp_path / "logs")] == [["langgraph-moa"]] * 3
