"""No text is slow: whatever a model, a server or a page says is read in proportion to its size, and keeps no loop."""

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import linear
import pytest
import warm
from hostile import EVERYDAY, TEXTS
from hostile_runs import KINDS, RUNS, Took, took
from readers import NO_READERS, READERS

ROOT = Path(__file__).parents[1]
ROOMS = ("apps", "core", "evaluation", "graphs", "nodes", "prompts")
_PATTERNS = re.compile(r"\bre\.(?:compile|sub|split|search|match|fullmatch|findall|finditer)\(")
linux = pytest.mark.skipif(sys.platform == "win32", reason="no CPU limits there")


def slow(reader: str, names: Sequence[str], *, size: int = linear.LARGE) -> list[str]:
    """Return the texts that cost a reader more than in proportion, or the first that it did not get to the end of."""
    process = warm.start(linear.__file__, reader, str(size), *names, stdout=-1)
    out, _ = process.communicate()
    written = [json.loads(line) for line in out.splitlines()]
    costs = [linear.Cost(*each) for each in written if isinstance(each, list)]
    unended = [f"{written[-1]}: not read to its end ({process.returncode})"] if process.returncode else []
    return unended + [
        f"{cost.text}: {cost.growth:.0f} times for ten times the size, {cost.seconds:.2f} s"
        for cost in costs
        if cost.growth is not None and cost.growth > linear.MOST
    ]


@linux
@pytest.mark.parametrize("reader", READERS)
def test_everyday_hostile_texts_cost_in_proportion(reader: str) -> None:
    """Read a sixth of them, another one with the next reader."""
    assert slow(reader, [*EVERYDAY][[*READERS].index(reader) % 6 :: 6], size=linear.LARGE // 5) == []


@pytest.mark.soak
@linux
@pytest.mark.parametrize("reader", READERS)
def test_hostile_texts_cost_in_proportion(reader: str) -> None:
    """Read a sixth of all texts, another one with the next reader; all of all readers take half an hour of CPU."""
    assert slow(reader, [*TEXTS][[*READERS].index(reader) % 6 :: 6]) == []


@linux
def test_what_costs_more_than_in_proportion_is_told() -> None:
    (quadratic,) = slow("quadratic", ["letter over and over", "digit over and over"])
    (endless,) = slow("endless", ["digit over and over", "letter over and over"], size=2_000)

    assert quadratic.startswith("letter over and over: ")
    assert endless.startswith("letter over and over: not read to its end")


@linux
@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("kind", [KINDS[0], *(pytest.param(kind, marks=pytest.mark.soak) for kind in KINDS[1:])])
def test_a_hostile_proposal_keeps_no_event_loop(run: str, kind: str) -> None:
    bounds = Took(cpu=1.0, longest=0.05)

    cost = took(run, kind, times=10, enough=bounds)

    assert cost.cpu < bounds.cpu
    assert cost.longest < bounds.longest


def test_every_reader_is_held() -> None:
    sources = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    readers = {path.relative_to(ROOT).as_posix() for path in sources if _PATTERNS.search(path.read_text("utf-8"))}
    held = set(re.findall(r"\w+(?:/\w+)+\.py", " ".join(READERS)))

    assert readers - held - NO_READERS.keys() == set()
    assert NO_READERS.keys() - readers == set()
    assert {path for path in held if not (ROOT / path).is_file()} == set()
