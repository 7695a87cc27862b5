"""Expressions are parsed although others parse in the middle of it."""

import ast
import gc
import sys
from collections.abc import Callable, Iterator

import pytest
from langgraph_moa.core.agreement.values import parsed_literal
from langgraph_moa.core.expressions import parse_expression
from langgraph_moa.core.offline.arithmetic import work_out

LISTS = "[" + "[(1, [2, {3: 4}])], " * 20 + "]"
SUM = " + ".join(["(1 + 2)"] * 20)


@pytest.fixture
def intrude() -> Iterator[Callable[[int], list[str]]]:
    """Parse another text while garbage is collected, as a thread does that is let in there: as often as is said."""
    threshold, callbacks = gc.get_threshold(), gc.callbacks[:]

    def start(times: int) -> list[str]:
        intrusions: list[str] = []

        def parse(phase: str, info: dict[str, int]) -> None:
            if phase == "start" and len(intrusions) < times:
                intrusions.append(phase)
                gc.disable()
                ast.parse("[[1]]", mode="eval")
                gc.enable()

        gc.callbacks.append(parse)
        gc.set_threshold(3)
        return intrusions

    yield start
    gc.set_threshold(*threshold)
    gc.callbacks[:] = callbacks


@pytest.mark.parametrize(
    ("read", "text"),
    [(parse_expression, LISTS), (parsed_literal, LISTS), (work_out, f"What is {SUM}?")],
    ids=["expression", "literal", "sum"],
)
def test_others_that_parse_meanwhile_change_nothing(
    intrude: Callable[[int], list[str]], read: Callable[[str], object], text: str
) -> None:
    alone = read(text)
    intrusions = intrude(4)

    beside = read(text)

    assert intrusions
    assert alone is not None
    assert (ast.dump(beside) if isinstance(beside, ast.AST) else beside) == (
        ast.dump(alone) if isinstance(alone, ast.AST) else alone
    )


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="each thread counts for itself since 3.13")
def test_the_way_it_is_provoked_is_real(intrude: Callable[[int], list[str]]) -> None:
    intrude(1000)

    with pytest.raises(SystemError, match="recursion depth mismatch"):
        ast.parse(LISTS, mode="eval")


@pytest.mark.parametrize(
    ("text", "error"), [("1 +", SyntaxError), ("", SyntaxError), ("1\0", (SyntaxError, ValueError))]
)
def test_what_is_no_expression_is_an_error(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_expression(text)


def test_blanks_before_an_expression_are_left_out() -> None:
    assert ast.dump(parse_expression(" \t 1")) == ast.dump(parse_expression("1"))
