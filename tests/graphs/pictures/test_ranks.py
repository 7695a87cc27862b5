"""What stands in which row, and what is one bundle."""

from itertools import pairwise

from langgraph_moa.graphs.pictures.ranks import Wire, bundled_alike, rows_of
from tables import each


def wires(*pairs: str) -> list[Wire]:
    return [Wire(one, other) for one, _, other in (pair.partition(">") for pair in pairs)]


def test_what_has_the_same_edges_is_one_bundle() -> None:
    assert bundled_alike("sabcg", wires("s>a", "s>b", "s>c", "a>g", "b>g", "c>s")) == [["s"], ["a", "b"], ["c"], ["g"]]


def test_what_is_reached_for_another_reason_is_another_bundle() -> None:
    assert bundled_alike("sab", [Wire("s", "a", "yes"), Wire("s", "b", "no")]) == [["s"], ["a"], ["b"]]


@each(
    ("items", "edges", "rows"),
    [
        ("abc", ["a>b", "b>c"], ["a", "b", "c"]),
        ("abc", ["a>b", "b>c", "a>c"], ["a", "b", "c"]),
        ("abc", ["a>b", "b>c", "c>a", "b>b"], ["a", "b", "c"]),
        ("abcde", ["a>b", "b>c", "c>d", "a>e", "e>d"], ["a", "b", "ce", "d"]),
        ("cab", ["a>b", "b>c"], ["a", "b", "c"]),
        ("ab", [], ["ab"]),
        ("", [], []),
    ],
)
def test_each_stands_below_what_leads_to_it(items: str, edges: list[str], rows: list[str]) -> None:
    assert rows_of(list(items), wires(*edges)) == [list(row) for row in rows]


def test_a_thousand_steps_in_a_row_are_no_recursion() -> None:
    steps = [str(n) for n in range(1000)]

    assert len(rows_of(steps, [Wire(one, other) for one, other in pairwise(steps)])) == 1000
