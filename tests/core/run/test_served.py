"""How many models stand behind answers, and how much each of those counts."""

import pytest
from langgraph_moa.core.run.served import Asked, model_name, same_models, served_name, shares
from tables import each

# Labels and what their server said; then which of them are of one model.
CALLS: dict[str, tuple[list[tuple[str, str | None]], list[list[int]]]] = {
    "nobody says": ([("a", None), ("b", None)], [[0], [1]]),
    "each its own": ([("openai:a", "a"), ("openai:b", "b")], [[0], [1]]),
    "asked for twice": ([("openai:a", None), ("openai:a", None)], [[0, 1]]),
    "three names, one served": ([("llama3", "qwen05"), ("gemma3", "qwen05"), ("phi4", "qwen05")], [[0, 1, 2]]),
    "two of three": ([("a", "x"), ("b", "y"), ("c", "X")], [[0, 2], [1]]),
    "a dated version": ([("openai:gpt-5.4-mini", "gpt-5.4-mini-2026-01-01"), ("b", "gpt-5.4-mini")], [[0, 1]]),
    "two dates": ([("a", "gpt-5-2026-01-01"), ("b", "gpt-5-0613"), ("c", "gpt-5:latest")], [[0, 1, 2]]),
    "the same elsewhere": ([("together:Qwen/Qwen3-8B", None), ("openai:x", "qwen3-8b")], [[0, 1]]),
    "a file": ([("a", "/models/Qwen3-8B.gguf"), ("b", "C:\\models\\qwen3-8b.gguf"), ("c", "qwen3-8b")], [[0, 1, 2]]),
    "sizes differ": ([("gemma3:4b", "gemma3:4b"), ("gemma3:12b", "gemma3:12b"), ("qwen3:4b", None)], [[0], [1], [2]]),
    "a name that says nothing": ([("a", "default"), ("b", "local-model"), ("c", "")], [[0], [1], [2]]),
    "nor one for all": ([("a", "model"), ("b", "model"), ("c", "default_model")], [[0], [1], [2]]),
    "asked for by such a name": ([("openai:default", "a"), ("openai:default", "b")], [[0], [1]]),
    "and served by one": ([("openai:default", "model"), ("openai:default", None)], [[0, 1]]),
    "a chain of names": ([("a", "x"), ("x", "y"), ("y", None), ("z", None)], [[0, 1, 2], [3]]),
    "a sample whose server kept silent": ([("deploy", "gpt-5"), ("deploy", None)], [[0, 1]]),
}  # fmt: skip


@each("case", CALLS)
def test_which_calls_one_model_answered(case: str) -> None:
    calls, groups = CALLS[case]

    assert same_models([Asked(*call) for call in calls]) == groups


SHARES: dict[str, tuple[list[tuple[str, str | None]], list[float]]] = {
    "samples of one": ([("a", "a")] * 3, [1, 1, 1]),
    "samples beside another": ([("a", "a"), ("a", "a"), ("b", "b")], [1, 1, 1]),
    "two names of one beside another": ([("a", "x"), ("b", "x"), ("c", "c")], [0.5, 0.5, 1]),
    "samples of two names of one": ([("a", "x"), ("a", "x"), ("b", "x"), ("c", "c")], [0.5, 0.5, 0.5, 1]),
    "nobody to outvote": ([("a", "x"), ("b", "x"), ("c", "x")], [1, 1, 1]),
    "versions declared as such": ([("gpt-5-2026-01-01", None), ("gpt-5-2026-06-01", None), ("b", None)], [1, 1, 1]),
}


@each("case", SHARES)
def test_no_model_counts_twice_by_having_two_names(case: str) -> None:
    calls, expected = SHARES[case]

    assert shares([Asked(*call) for call in calls]) == expected


def test_what_a_server_calls_it_is_told_as_it_says() -> None:
    assert served_name([Asked("a", "default"), Asked("b", "Qwen/Qwen05.gguf")]) == "Qwen/Qwen05.gguf"
    assert served_name([Asked("a", "default")]) is None


@pytest.mark.parametrize(
    ("label", "name"), [("openai:gpt-5", "gpt-5"), ("gemma3:4b", "gemma3:4b"), ("openai:default", None), ("", None)]
)
def test_a_declared_name_is_without_its_provider(label: str, name: str | None) -> None:
    assert model_name(label) == name
