"""The time is asked for in one place, and a clock that is set moves nothing that is under way."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from langgraph_moa.core.clock import TRUSTED_SECONDS, WallTime

ROOT = Path(__file__).parents[2]
ROOMS = ("apps", "core", "evaluation", "graphs", "nodes", "prompts", "studio")
WALL = {"time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "now", "utcnow", "today", "strftime"}
"""What asks the machine's clock, as it is called of `time`, `datetime` and `date`."""


def asks_the_clock(source: str) -> Iterator[str]:
    """Yield what of a module asks what time it is."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=ast.Name(id="time" | "datetime" | "date" as module), attr=name) if name in WALL:
                yield f"{module}.{name}"
            case ast.Attribute(value=ast.Attribute(attr="datetime" | "date" as kind), attr=name) if name in WALL:
                yield f"{kind}.{name}"
            case ast.ImportFrom(module="time", names=names):
                yield from (f"time.{each.name}" for each in names if each.name in WALL)


@pytest.mark.parametrize(
    "source",
    ["time.time()", "f(default=time.time)", "from time import time", "datetime.datetime.now()", "datetime.now(UTC)"],
)
def test_asking_is_seen(source: str) -> None:
    assert len(list(asks_the_clock(source))) == 1


def test_nothing_else_asks_what_time_it_is() -> None:
    asking = {
        path.relative_to(ROOT).as_posix()
        for path in [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
        if [*asks_the_clock(path.read_text(encoding="utf-8"))]
    }

    assert asking == {"core/clock.py"}


@pytest.mark.parametrize("hours", [1, -1, 24 * 365])
def test_a_clock_that_is_set_is_not_followed_at_once(monkeypatch: pytest.MonkeyPatch, hours: int) -> None:
    steady, wall = [50.0], [1000.0]
    monkeypatch.setattr("time.time", lambda: wall[0])
    unix_time = WallTime(lambda: steady[0])
    assert unix_time() == 1000.0

    wall[0] += 3600 * hours
    steady[0] += 7
    assert unix_time() == 1007.0

    steady[0] += TRUSTED_SECONDS
    assert unix_time() == wall[0]
