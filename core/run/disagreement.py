"""What proposals agree and disagree on, as an analyst compared them, or a gate for nothing: points, all bounded.

What an analyst wrote is foreign text: whoever shows it fences, escapes or strips it.
"""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Literal

from typing_extensions import TypedDict

from .records import Proposal

MOST_POINTS = 12
"""Points of one kind, and stances of one contradiction."""
MOST_CHARACTERS = 400
"""Characters of one point."""
MOST_SHOWN = 6_000
"""Bytes that a prompt holds of it; what is beyond is left out, by whole lines."""
_LEFT_OUT = "- (more was left out here to fit)"
_BEFORE_A_LIST = 80
"""Bytes that the fixed words of one line take at most."""


ComparedBy = Literal["analyst", "gate"]
"""Who compared: a model, or a gate, whose groups of equal short answers cost nothing."""


class Stance(TypedDict):
    """Say what some proposers hold."""

    proposers: list[str]
    stance: str


class Contradiction(TypedDict):
    """Say on what proposers contradict one another, and who says what."""

    topic: str
    stances: list[Stance]
    """Two or more; nobody is in two of them."""


class Coverage(TypedDict):
    """Name a point that some proposers cover, and others leave out."""

    point: str
    proposers: list[str]


class Insight(TypedDict):
    """Name what one proposer alone brings."""

    proposer: str
    insight: str


class Disagreement(TypedDict):
    """Say what a layer's proposals agree and disagree on; proposers are called as in `proposals`."""

    turn: str
    layer: int
    """Whose proposals were compared."""
    origin: ComparedBy
    compared: dict[str, str]
    """Whose proposals were compared, each with a digest of its text: what a person edits since is another text."""
    consensus: list[str]
    contradictions: list[Contradiction]
    partial_coverage: list[Coverage]
    unique_insights: list[Insight]
    blind_spots: list[str]
    left_out: int
    """Points that the analyst made and that are not here: they named nobody of the layer, or were beyond the bounds."""


def digests_of(proposals: Iterable[Proposal]) -> dict[str, str]:
    """Return what proposals are known by, each by its proposer."""
    return {p["proposer"]: sha256(p["text"].encode("utf-8", "replace")).hexdigest()[:12] for p in proposals}


def still_true(disagreement: Disagreement, proposals: Iterable[Proposal]) -> Disagreement | None:
    """Return what is left of it once a person has dropped proposals, or edited some; None where less than two are left.

    Args:
        disagreement: What was found.
        proposals: Those that go on.
    """
    now = digests_of(proposals)
    same = {name: digest for name, digest in disagreement["compared"].items() if now.get(name) == digest}
    if same == disagreement["compared"]:
        return disagreement
    if len(same) < 2:
        return None
    contradictions = []
    for one in disagreement["contradictions"]:
        stances = [Stance(proposers=_of(same, s["proposers"]), stance=s["stance"]) for s in one["stances"]]
        contradictions.append(Contradiction(topic=one["topic"], stances=[s for s in stances if s["proposers"]]))
    coverage = [
        Coverage(point=p["point"], proposers=_of(same, p["proposers"])) for p in disagreement["partial_coverage"]
    ]
    return {
        **disagreement,
        "compared": same,
        "contradictions": [one for one in contradictions if len(one["stances"]) > 1],
        "partial_coverage": [one for one in coverage if one["proposers"]],
        "unique_insights": [one for one in disagreement["unique_insights"] if one["proposer"] in same],
    }


def _of(same: Mapping[str, str], names: Iterable[str]) -> list[str]:
    return [name for name in names if name in same]


def points_in(disagreement: Disagreement, called: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Yield each point in a line, with the title of its kind: for prompts and for people.

    Args:
        disagreement: What was found.
        called: What proposers are called; None is by their names, and who is not in it is "another answer".
    """

    def names(proposers: Iterable[str]) -> str:
        return ", ".join(p if called is None else called.get(p, "another answer") for p in proposers)

    yield from (("All or nearly all say", point) for point in disagreement["consensus"])
    for one in disagreement["contradictions"]:
        stances = "; ".join(f"{names(s['proposers'])}: {s['stance']}" for s in one["stances"])
        yield "They contradict one another", f"{one['topic']} ({stances})"
    for part in disagreement["partial_coverage"]:
        yield "Only some cover", f"{part['point']} ({names(part['proposers'])})"
    for alone in disagreement["unique_insights"]:
        yield "Only one says", f"{alone['insight']} ({names([alone['proposer']])})"
    yield from (("Nobody covers", point) for point in disagreement["blind_spots"])


def listed(disagreement: Disagreement, called: Mapping[str, str]) -> str:
    """Return all of it as a text for a prompt, in `MOST_SHOWN` bytes at most; empty where there is nothing to say.

    Args:
        disagreement: What was found.
        called: What proposers are called.
    """
    lines: list[str] = []
    title, room = "", MOST_SHOWN - len(_LEFT_OUT) - _BEFORE_A_LIST
    for kind, point in points_in(disagreement, called):
        new = [*([f"{kind}:"] if kind != title else []), f"- {point}"]
        size = sum(len(line.encode("utf-8", "replace")) + 1 for line in new)
        if size > room:
            return "\n".join([*lines, _LEFT_OUT])
        lines, title, room = [*lines, *new], kind, room - size
    return "\n".join(lines)


def counted_points(disagreement: Disagreement) -> str:
    """Say in a line how many points of each kind there are."""
    kinds = {
        "agreed on": len(disagreement["consensus"]),
        "contradicted": len(disagreement["contradictions"]),
        "covered by some": len(disagreement["partial_coverage"]),
        "said by one": len(disagreement["unique_insights"]),
        "covered by nobody": len(disagreement["blind_spots"]),
    }
    counts = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number) or "nothing to tell"
    by = "an analyst" if disagreement["origin"] == "analyst" else "a gate, by short answers"
    left_out = f"; {disagreement['left_out']} left out" if disagreement["left_out"] else ""
    return f"compared by {by}: {counts}{left_out}"
