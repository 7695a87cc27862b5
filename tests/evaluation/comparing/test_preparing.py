"""What is found out before anybody is asked."""

import asyncio
from typing import Any

import pytest
from compared import QUESTIONS, compare, right, says
from langgraph_moa import Budget, ConfigError, Question


class Slow:
    async def __call__(self, question: Question, answer: str) -> float:
        return 1.0


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"systems": {"a": right(4)}}, "found 1 as systems, expected two or more graphs by name"),
        ({"systems": [right(4), right(5)]}, "found list as systems, expected two or more"),
        ({"systems": {"a": right(4), "": right(5)}}, "found the system's name '', expected a line"),
        (
            {"systems": {"a:b": right(4), "a/b": right(5)}},
            "found the systems 'a:b' and 'a/b', whose rows would be in one",
        ),
        ({"systems": {"a": right(4), "b": "moa"}}, "found str that is no mixture"),
        ({"questions": []}, "found no questions"),
        ({"questions": [{"question": "?"}]}, "found no question with gold and no judge"),
        ({"grader": "exakt"}, "found the grader 'exakt', expected a function or a name; did you mean 'exact'?"),
        ({"grader": "exact", "questions": [{"question": "?"}]}, "found grader='exact' and no question with gold"),
        ({"grader": "score"}, "found grader='score' without a judge"),
        ({"grader": "exact", "judge": says({})}, "found a judge beside the grader exact"),
        ({"grader": asyncio.sleep}, "found a coroutine function as the grader"),
        ({"grader": Slow()}, "found a coroutine function as the grader"),
        ({"grader": lambda answer: 1.0}, "found the grader <lambda>(answer), expected one that takes a question and"),
        ({"seed": 0.5}, "found seed=0.5, expected a whole number"),
        ({"grader": lambda question, answer: 7}, "found 7 from the grader for the question '0'"),
        (
            {"grader": lambda question, answer: None},
            "found no question that could be graded for all systems by <lambda>",
        ),
        ({"baseline": "c"}, "found the baseline 'c', expected one of the systems; known: a, b"),
        ({"concurrency": 0}, "found concurrency=0"),
        ({"budget": Budget()}, "found Budget() without a limit"),
        ({"experiment": "x"}, "found the experiment 'x' without tracing"),
        ({"out": "no/where"}, "found no/where for the rows, expected a folder"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_a_wrong_argument_is_refused(change: dict[str, Any], found: str) -> None:
    given = {"systems": {"a": right(4), "b": right(5)}, "questions": QUESTIONS, **change}

    with pytest.raises(ConfigError) as refused:
        compare(given.pop("systems"), given.pop("questions"), **given)

    assert str(refused.value).startswith(found)
