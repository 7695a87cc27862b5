"""Ids are found in brackets that belong together, and code is told from what is only set like code."""

import pytest
from langgraph_moa.core.evidence.bracketed import code_in, count_ids, groups_in, id_of, ids_in, may_cite
from tables import each


@each(
    ("text", "inside"),
    [
        ("[E1]", ["E1"]),
        ("(E1 [E2] E3)", ["E2", "E1 [E2] E3"]),
        ("[E1) E2]", ["E1) E2"]),
        ("(a [b) E1]", []),
        ("【E1] and （E2)", ["E1", "E2"]),
        ("<sup>E1</sup>", ["E1"]),
        ("E1 [a] E2", []),
        ("(E1\n\n)", []),
        ("[a](http://E1) [E2]", ["E2"]),
    ],
)
def test_ids_are_in_the_brackets_around_them(text: str, inside: list[str]) -> None:
    assert [text[slice(*group.inside)] for group in groups_in(text, [])] == inside


def test_code_is_passed_over() -> None:
    text = "`[E1]` [E2] `E3` [`E4`] ``` [E5]"
    code, quoted = code_in(text)

    assert [text[slice(*span)] for span in code] == ["`[E1]`", "``` [E5]"]
    assert [(mention.id, mention.start) for _, _, mention in quoted] == [("E1", 2)]
    assert [m.id for group in groups_in(text, code) for m in group.mentions] == ["E2", "E4"]


@pytest.mark.parametrize(("number", "id_"), [("1", "E1"), ("007", "E7"), ("0", "E0"), ("１２", "E12"), ("000", "E0")])
def test_an_id_has_one_spelling(number: str, id_: str) -> None:
    assert id_of(number) == id_


def test_what_looks_like_an_id() -> None:
    text = "E1, (e2), E 3, E250 and PGE4, E5a"

    assert ids_in(text) == {"E1", "E2", "E3", "E250"}
    assert count_ids(text) == 4
    assert may_cite(text)
    assert not may_cite("none here, E-mail and e.g. 5")
