"""How likely an answer's tokens were is what its server told of them, or nothing."""

from typing import Any

from langgraph_moa.nodes.calls.likelihood import likelihood_of
from tables import each


def content(*figures: Any) -> dict[str, Any]:
    return {"content": [{"token": "x", "logprob": figure} for figure in figures]}


@each(
    ("logprobs", "mean", "least"),
    [
        (content(0.0, -0.693147), 0.75, 0.5),
        (content(-9999.0, 0), 0.5, 0.0),
        ({"tokens": ["a", "b"], "token_logprobs": [-0.693147, -0.693147], "content": None}, 0.5, 0.5),
        (content(0.0004), 1.0, 1.0),
        # Together's first figure was no logarithm (github.com/togethercomputer/openapi/issues/5)
        ({"token_logprobs": [0.69970703, -0.03, -0.01]}, None, None),
        # accepted, and nothing told (github.com/jundot/omlx/issues/1549, theroyallab/tabbyAPI/pull/430)
        ({"content": []}, None, None),
        ({"content": None}, None, None),
        (None, None, None),
        ([], None, None),
        (content(float("nan")), None, None),
        (content(True), None, None),
        (content("-0.1"), None, None),
        ({"content": [5, {"logprob": -0.1}]}, None, None),
        ({"token_logprobs": [None, -0.1]}, None, None),
    ],
)
def test_it_is_what_was_told(logprobs: Any, mean: float | None, least: float | None) -> None:
    assert likelihood_of({"logprobs": logprobs}, "mean") == mean
    assert likelihood_of({"logprobs": logprobs}, "least") == least


def test_without_any_there_is_none() -> None:
    assert likelihood_of({}, "mean") is None
    assert likelihood_of({"logprobs": content(*[-0.1] * 200_001)}, "mean") is None
