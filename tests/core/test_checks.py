"""A number that could not mean anything is refused in one sentence."""

import json
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.checks import check_number, refuse_long_number
from tables import each

FEW: dict[str, Any] = {"minimum": 1, "most": 100, "whole": True}
WIDE: dict[str, Any] = {"minimum": 0, "most": 2**63 - 1, "whole": True}


@each(
    ("option", "value", "bounds", "expected"),
    [
        ("layers", 2, FEW, None),
        (
            "layers",
            0,
            FEW,
            "found layers=0, expected a whole number from 1 to 100",
        ),
        ("layers", 101, FEW, "found layers=101"),
        ("layers", 2.0, FEW, "found layers=2.0"),
        ("layers", True, FEW, "found layers=True"),
        ("layers", "2", FEW, "found layers='2'"),
        ("layers", None, FEW, "found layers=None"),
        ("timeout", 0.5, {"above": 0}, None),
        ("timeout", 0, {"above": 0}, "found timeout=0, expected a number above 0"),
        ("timeout", float("nan"), {"above": 0}, "found timeout=nan"),
        ("timeout", float("inf"), {"above": 0}, "found timeout=inf"),
        ("timeout", 1e10, {"above": 0}, "found timeout=10000000000.0, expected a number above 0 to 1,000,000,000"),
        ("top_p", 1, {"above": 0, "most": 1}, None),
        ("top_p", 1.1, {"above": 0, "most": 1}, "found top_p=1.1, expected a number above 0 to 1"),
        ("seed", 2**62, WIDE, None),
        (
            "k",
            0,
            {"minimum": 1, "where": " for 'a'", "whole": True},
            "found k=0 for 'a', expected a whole number from 1",
        ),
    ],
)
def test_what_a_number_may_be(option: str, value: Any, bounds: dict[str, Any], expected: str | None) -> None:
    if expected is None:
        check_number(option, value, **bounds)
        return
    with pytest.raises(ConfigError) as refused:
        check_number(option, value, **bounds)

    assert str(refused.value).startswith(expected)
    assert "\n" not in str(refused.value)


@each(
    ("text", "message"),
    [
        ("9" * 5_000, "found a number of more than 4,300 digits in line 1, expected fewer; write it as text"),
        ("[" * 100_000, None),
        ("{", None),
        (b"\xff", None),
    ],
)
def test_a_number_that_is_too_long_to_be_read_is_told_from_what_is_no_json(text: Any, message: str | None) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as exc:
        if message is None:
            refuse_long_number(exc, "in line 1")
            return
        with pytest.raises(ConfigError, match=message):
            refuse_long_number(exc, "in line 1")
