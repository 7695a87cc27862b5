"""A tool is called where a question speaks of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from offline_tools import Forecast, asked, called, get_weather, multiply, send_mail


@pytest.mark.parametrize(
    ("question", "choice", "expected"),
    [
        ("What is the weather in Rome?", None, [("get_weather", {"city": "Rome"})]),
        ("What's New York's weather?", "auto", [("get_weather", {"city": "New York"})]),
        ("Multiply 17 by 1,024", None, [("multiply", {"a": 17, "b": 1024})]),
        ("Multiply 17", None, []),
        ("Multiply 17", "any", [("multiply", {"a": 17, "b": 0})]),
        ("What is 17 * 24?", None, []),
        ("Which of the numbers is 17 * 24?", None, []),
        ("What is 17 * 24, if you multiply the numbers?", None, [("multiply", {"a": 17, "b": 24})]),
        ("What is 17 * 24?", "multiply", [("multiply", {"a": 17, "b": 24})]),
        ("What is the weather in Rome?", "none", []),
        ("Who wrote Faust?", None, []),
        ("Who wrote Faust?", "required", [("get_weather", {"city": "wrote Faust"})]),
        ("Who wrote Faust?", True, [("get_weather", {"city": "wrote Faust"})]),
        ("Who wrote Faust?", "multiply", [("multiply", {"a": 0, "b": 0})]),
        ("Rome", {"type": "function", "function": {"name": "get_weather"}}, [("get_weather", {"city": "Rome"})]),
        ("Rome", {"type": "tool", "name": "multiply"}, [("multiply", {"a": 0, "b": 0})]),
        ("Rome", "no_such_tool", [("get_weather", {"city": "Rome"})]),
        ("", "any", [("get_weather", {"city": ""})]),
    ],
)
def test_a_tool_is_called_where_the_question_speaks_of_it(question: str, choice: Any, expected: list[Any]) -> None:
    assert called(question, get_weather, multiply, choice=choice) == expected


@given(st.text(max_size=60), st.sampled_from([None, "any"]))
def test_no_question_breaks_a_call(question: str, choice: str | None) -> None:
    calls = called(question, Forecast, send_mail, multiply, choice=choice)

    assert calls or not choice


def test_a_call_is_counted_and_named_by_what_it_asks() -> None:
    rome, again, paris = (asked(f"What is the weather in {city}?", get_weather) for city in ("Rome", "Rome", "Paris"))

    assert rome.text == ""
    assert rome.response_metadata["finish_reason"] == "tool_calls"
    assert rome.usage_metadata == {"input_tokens": 6, "output_tokens": 3, "total_tokens": 9}
    assert rome.tool_calls == again.tool_calls
    assert rome.tool_calls[0]["id"] != paris.tool_calls[0]["id"]
