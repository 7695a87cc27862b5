"""Read what an analyst wrote: one JSON object, of which nothing is believed that names nobody, or is beyond a bound.

The object is looked for from the first brace to the last, since models put words or a code fence around it, and servers
that rename keys write them in camel case. Anything else that is wrong with it is told, so that it can be mended once.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from ...core.run.disagreement import MOST_CHARACTERS, MOST_POINTS, Contradiction, Coverage, Insight, Stance
from ...core.text import one_line, plain

MOST_READ = 50_000
"""Characters of an answer that are read: six points of each kind take a tenth of it."""
_LISTS = ("consensus", "contradictions", "partial_coverage", "unique_insights", "blind_spots")
_NUMBER = re.compile(r"(?:proposal|answer|reference|[apr#])?[ _#-]?(\d{1,4})", re.IGNORECASE | re.ASCII)
"""A proposal's number, also as its tag has it: small models write `"proposal 2"` where 2 is asked for."""
_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_P = TypeVar("_P")


class Points(NamedTuple):
    """Hold what an analyst found, of proposers by their names."""

    consensus: list[str]
    contradictions: list[Contradiction]
    partial_coverage: list[Coverage]
    unique_insights: list[Insight]
    blind_spots: list[str]
    left_out: int
    """Points that named nobody, or were beyond the bounds."""


def read_points(answer: str, names: Sequence[str]) -> Points:
    """Read an analyst's answer.

    A number that no proposal has is left out, and so is a point that names nobody then, a contradiction of which less
    than two sides are left, and what is beyond the bounds of a list. Where nothing of what it found is left, that is as
    wrong as no JSON.

    Args:
        answer: What it wrote.
        names: The proposers, in the order in which it was shown their proposals.

    Raises:
        ValueError: It is not what was asked for; the message says why, for whoever is to mend it.
    """
    object_ = _object_in(answer)
    lists = {key: object_.get(key) for key in _LISTS}
    if all(value is None for value in lists.values()):
        raise ValueError(f"found none of the keys {', '.join(_LISTS)}, expected all of them")
    for key, value in lists.items():
        if not isinstance(value, list | None):
            raise ValueError(f"found {type(value).__name__} as {key}, expected a list")
    reader = _Reader(names)
    points = Points(
        consensus=reader.all_of(lists["consensus"], reader.text),
        contradictions=reader.all_of(lists["contradictions"], reader.contradiction),
        partial_coverage=reader.all_of(lists["partial_coverage"], reader.coverage),
        unique_insights=reader.all_of(lists["unique_insights"], reader.insight),
        blind_spots=reader.all_of(lists["blind_spots"], reader.text),
        left_out=reader.left_out,
    )
    if points.left_out and not any(points[:5]):
        raise ValueError(
            f"found no point that is whole and names an answer, expected their numbers, 1 to {len(names)}, as "
            '{"proposers": [1], "stance": "..."}'
        )
    return points


class _Reader:
    def __init__(self, names: Sequence[str]) -> None:
        self.names, self.left_out = names, 0

    def all_of(self, items: Sequence[Any] | None, read: Callable[[Any], _P | None]) -> list[_P]:
        """Return the points of one list that mean anything, and count the others."""
        points = [point for item in (items or [])[:MOST_POINTS] if (point := read(item)) is not None]
        self.left_out += len(items or []) - len(points)
        return points

    def text(self, item: Any) -> str | None:
        return one_line(plain(item), limit=MOST_CHARACTERS) or None if isinstance(item, str) else None

    def contradiction(self, item: Any) -> Contradiction | None:
        topic, sides = self.text(_field(item, "topic")), _field(item, "stances")
        if topic is None or not isinstance(sides, list):
            return None
        stances: list[Stance] = []
        taken: set[str] = set()
        for side in sides[:MOST_POINTS]:
            stance = self.text(_field(side, "stance"))
            proposers = [name for name in self._proposers(side) if name not in taken]
            if stance and proposers:
                taken.update(proposers)
                stances.append(Stance(proposers=proposers, stance=stance))
        return Contradiction(topic=topic, stances=stances) if len(stances) > 1 else None

    def coverage(self, item: Any) -> Coverage | None:
        point, proposers = self.text(_field(item, "point")), self._proposers(item)
        return Coverage(point=point, proposers=proposers) if point and proposers else None

    def insight(self, item: Any) -> Insight | None:
        insight, proposers = self.text(_field(item, "insight")), self._proposers(item)
        return Insight(proposer=proposers[0], insight=insight) if insight and len(proposers) == 1 else None

    def _proposers(self, item: Any) -> list[str]:
        """Return whom an entry names, each once, in the order of the proposals."""
        named = _field(item, "proposers")
        named = _field(item, "proposer") if named is None else named
        numbers = {self._number(one) for one in (named if isinstance(named, list) else [named])[: len(self.names) * 2]}
        return [name for number, name in enumerate(self.names, 1) if number in numbers]

    def _number(self, named: Any) -> int | None:
        if type(named) is int:
            return named
        match = _NUMBER.fullmatch(named.strip()) if isinstance(named, str) else None
        return int(match[1]) if match else None


def _field(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, dict) else None


def _object_in(answer: str) -> Mapping[str, Any]:
    if len(answer) > MOST_READ:
        raise ValueError(f"found {len(answer):,} characters, expected at most {MOST_READ:,}; name fewer points")
    start, end = answer.find("{"), answer.rfind("}")
    if start < 0 or end < start:
        raise ValueError("found no JSON object, expected one and nothing else")
    try:
        whole = json.loads(answer[start : end + 1], object_pairs_hook=lambda pairs: dict(_in_snake_case(pairs)))
    except (ValueError, RecursionError) as exc:
        raise ValueError(f"found no whole JSON object ({one_line(str(exc), limit=120)}), expected one") from exc
    return whole if isinstance(whole, dict) else {}


def _in_snake_case(pairs: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    yield from ((_CASE.sub("_", key).casefold(), value) for key, value in pairs)
