"""Several retrievers' passages become one numbered list, the same one every time."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langgraph_moa.core.evidence.passages import found_of, fuse, highest_id, numbered
from langgraph_moa.core.run.cited import Found
from tables import each


def found(*texts: str, query: str = "q", source: str = "s") -> list[Found]:
    return [Found(text=t, source=source, metadata={}, query=query, rank=n) for n, t in enumerate(texts, 1)]


@each(
    ("metadata", "id_", "source"),
    [
        ({"source": "a.md", "title": "A", "url": "http://a"}, "1", "a.md"),
        ({"source": " ", "title": "A\n title", "url": "http://a"}, "1", "A title"),
        ({"source": None, "url": "http://a"}, "1", "http://a"),
        ({"source": 7}, None, "7"),
        ({}, "1", "1"),
        ({}, None, "unknown"),
    ],
)
def test_a_source_is_what_a_document_calls_itself(metadata: dict[str, Any], id_: str | None, source: str) -> None:
    assert found_of([Document("text", metadata=metadata, id=id_)], "q")[0]["source"] == source


def test_found_passages_are_plain_data() -> None:
    metadata = {"page": 3, "score": 0.5, "new": True, "none": None, "s": "\ud800", "nan": math.nan, "list": [1], 4: 5}
    documents = [Document("one"), Document(" \n"), Document("\ud800two", metadata=metadata)]

    one, two = found_of(documents, "why?")

    assert (one["rank"], two["rank"]) == (1, 2)
    assert two["text"] == "\ufffdtwo"
    assert two["query"] == "why?"
    assert two["metadata"] == {"page": 3, "score": 0.5, "new": True, "none": None, "s": "\ufffd"}
    assert json.loads(json.dumps(two)) == two


def test_what_several_retrievers_find_comes_first() -> None:
    fused = fuse({"words": found("a", "b"), "stems": found("c", "b")}, limit=3)

    assert [(e["text"], e["found_by"]) for e in fused] == [
        ("b", ["words", "stems"]),
        ("a", ["words"]),
        ("c", ["stems"]),
    ]
    assert [e["score"] for e in fused] == [round(2 / 62, 6), round(1 / 61, 6), round(1 / 61, 6)]


def test_two_queries_count_twice_and_one_query_once() -> None:
    fused = fuse({"r": [*found("a", "b", "b"), *found("b", query="other")]}, limit=9)

    assert [(e["text"], e["score"]) for e in fused] == [("b", round(1 / 62 + 1 / 61, 6)), ("a", round(1 / 61, 6))]
    assert fused[0]["found_by"] == ["r"]


def test_the_same_content_is_one_passage_under_its_first_source() -> None:
    fused = fuse({"a": found("The  Lamp", source="one"), "b": found("the\nlamp", source="two")}, limit=9)

    assert [(e["text"], e["source"], e["found_by"]) for e in fused] == [("The  Lamp", "one", ["a", "b"])]


@pytest.mark.parametrize(
    ("turns", "after", "ids"),
    [
        (["ab"], 0, [["E1", "E2"]]),
        (["ab"], 7, [["E8", "E9"]]),
        (["ab", "c", "ba"], 0, [["E1", "E2"], ["E3"], ["E2", "E1"]]),
        (["a", "", "bA"], 0, [["E1"], [], ["E2", "E1"]]),
        (["a", "b"], 3, [["E4"], ["E5"]]),
    ],
)
def test_ids_are_never_used_again(turns: list[str], after: int, ids: list[list[str]]) -> None:
    known: dict[str, str] = {}
    given = []
    for turn in turns:
        shown, known = numbered(fuse({"r": found(*turn)}, limit=9), known, after=after)
        given.append([e["id"] for e in shown])

    assert given == ids


texts = st.lists(st.sampled_from(["a", "A ", "b", "c", "d", "e"]), max_size=6)


@given(st.dictionaries(st.sampled_from(["r1", "r2", "r3"]), texts), st.integers(0, 7), st.randoms())
def test_the_order_that_passages_arrive_in_changes_nothing(lists: Any, limit: int, random: Any) -> None:
    ordered = {name: found(*items) for name, items in lists.items()}
    shuffled = {name: random.sample(items, len(items)) for name, items in ordered.items()}

    fused = fuse(ordered, limit=limit)

    assert fuse(shuffled, limit=limit) == fused
    assert len(fused) <= limit
    assert [e["id"] for e in numbered(fused, {})[0]] == [f"E{n}" for n in range(1, len(fused) + 1)]
    assert [e["score"] for e in fused] == sorted((e["score"] for e in fused), reverse=True)


@given(st.permutations(["r1", "r2", "r3"]), st.lists(texts, min_size=3, max_size=3))
def test_the_order_of_retrievers_changes_no_score(names: list[str], lists: list[list[str]]) -> None:
    declared = dict(zip(["r1", "r2", "r3"], (found(*items) for items in lists), strict=True))

    scores = [
        {e["text"].strip().lower(): e["score"] for e in fuse(order, limit=9)}
        for order in (declared, {name: declared[name] for name in names})
    ]

    assert scores[0] == scores[1]


@each(
    ("text", "number"),
    [
        ("", 0),
        ("none, E7, GPT-E8", 0),
        ("one, E7, (E8)", 8),
        ("[E1, E2, and E3]", 3),
        ("[E1-E5] 【E6†L1】 （E7） [as E9 says, at length]", 9),
        ("a [E2] b [e11]", 11),
        ("[E1, E30; E4]", 30),
        ("[E1 and E5] 【E6】 [E7, p. 3]", 7),
        ("[E9999] [E10000]", 9999),
        ("[E" + "9" * 5000 + "]", 0),
        ("[E1" * 20_000, 1),
    ],
)
def test_the_highest_number_cited(text: str, number: int) -> None:
    assert highest_id(["[E1x]", text]) == number
    assert highest_id([], ['<evidence-0a1b2c id="E12">']) == 12
