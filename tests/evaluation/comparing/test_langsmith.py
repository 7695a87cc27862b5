"""Comparisons as LangSmith is shown them, by a server on 127.0.0.1."""

from collections.abc import Iterator
from typing import Any

import pytest
from compared import QUESTIONS as ALL
from compared import compare, right
from experiments import LangSmith, langsmith
from langgraph_moa import create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.comparing.measures import Comparison
from langgraph_moa.prompts import bundled
from langsmith import Client
from langsmith.run_helpers import tracing_context

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]
QUESTIONS = ALL[:8]
SYSTEMS = {"a": right(4, "a"), "b": right(8, "b")}


@pytest.fixture
def server() -> Iterator[LangSmith]:
    with langsmith() as kept:
        yield kept


def traced(server: LangSmith, systems: Any = SYSTEMS, questions: Any = QUESTIONS, **options: Any) -> Comparison:
    client = Client(api_url=server.url, api_key="k", timeout_ms=(500, 2_000))
    with tracing_context(enabled=True, client=client, project_name="p"):
        found = compare(systems, questions, **options)
    client.flush()
    return found


def test_questions_become_a_dataset_and_each_system_an_experiment(
    server: LangSmith, capsys: pytest.CaptureFixture[str]
) -> None:
    found = traced(server, experiment="mine")

    (dataset,) = server.datasets
    assert dataset["name"].startswith("mine-")
    assert len(server.examples) == 8
    example = next(example for example in server.examples.values() if example["inputs"]["id"] == "7")
    system, message = example["inputs"]["messages"]
    assert (system["role"], system["content"]) == ("system", bundled("mark").text)
    assert message["content"] == "7?"
    assert example["outputs"] == {"gold": "7"}
    assert [one["name"].rpartition("-")[0] for one in server.experiments] == ["mine-a", "mine-b"]
    assert all(one["reference_dataset_id"] == dataset["id"] for one in server.experiments)
    assert server.experiments[0]["extra"]["metadata"]["verdict"] == found.verdict
    assert capsys.readouterr().out == ""
    assert any(note.startswith(f"LangSmith holds the dataset {dataset['name']}") for note in found.notes)


def test_our_grades_are_the_feedback(server: LangSmith) -> None:
    found = traced(server)
    ids = [one["id"] for one in server.experiments]

    for id_, system in zip(ids, found.systems, strict=True):
        told = [one for one in server.feedback if one.get("session_id") == id_]
        scores = [one["score"] for one in told if one["key"] == "score"]
        assert sum(scores) / len(scores) == pytest.approx(system.score.mean)
        assert {one["key"] for one in told} == {"score", "calls", "tokens", "usd", "seconds"}


def test_the_same_questions_are_the_same_dataset_and_others_are_another(server: LangSmith) -> None:
    traced(server)
    traced(server)
    assert len(server.datasets) == 1
    assert len(server.examples) == 8

    traced(server, questions=QUESTIONS[:6])
    assert len(server.datasets) == 2


def test_examples_that_are_missing_are_made(server: LangSmith) -> None:
    traced(server)
    for id_ in list(server.examples)[:4]:
        del server.examples[id_]

    traced(server)

    assert len(server.examples) == 8


@pytest.mark.parametrize("path", ["/datasets", "/examples", "/sessions"])
def test_where_langsmith_fails_the_comparison_is_finished_and_says_so(server: LangSmith, path: str) -> None:
    server.fails_at = path

    found = traced(server)

    assert found.graded == 8
    assert found.notes[-1].startswith("LangSmith did not take the experiments: ")


def test_texts_that_are_hidden_are_not_shown_in_experiments(server: LangSmith) -> None:
    hidden = create_moa(proposers=[ScriptedModel(script="Final answer: 1")], layers=1, hide_texts=True)

    found = traced(server, systems={"a": SYSTEMS["a"], "hidden": hidden})

    assert server.datasets == []
    assert found.notes[-1] == "LangSmith got no experiments, for hidden keeps texts out of traces"
