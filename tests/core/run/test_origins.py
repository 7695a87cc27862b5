"""Which proposals an answer's lines stand in."""

from typing import Any

from langgraph_moa.core.run.origins import Joined, in_words, joined, origins
from tables import each


def proposal(name: str, text: str, *, layer: int = 1, status: str = "ok") -> Any:
    return {"proposer": name, "text": text, "layer": layer, "status": status}


FIRST = [proposal("a", "one\ntwo"), proposal("b", "two \nthree\n\nfour"), proposal("c", "lost", status="error")]


def test_each_line_has_its_origin() -> None:
    later = proposal("d", "one\nfive", layer=2)

    assert origins("one\n two\n\nfive\nlost\nsix", [*FIRST, later]) == [
        ("one", ["a"]),
        ("two", ["a", "b"]),
        ("five", ["d"]),
        ("lost", []),
        ("six", []),
    ]


@each(
    ("answer", "counted"),
    [
        ("one\ntwo\nthree", Joined(3, 4, {"a": 2, "b": 2})),
        ("two\nthree", None),
        ("one", None),
        ("one\ntwo\nthree\nand so on", None),
        ("", None),
        ("lost\none", None),
    ],
)
def test_only_what_was_joined_word_for_word_is_counted(answer: str, counted: Joined | None) -> None:
    assert joined(answer, FIRST) == counted


def test_evidence_is_no_proposal() -> None:
    assert joined("E1\nE2", [proposal("r", "E1", layer=0), proposal("s", "E2", layer=0)]) is None


def test_it_is_said_with_its_figures() -> None:
    assert in_words(Joined(3, 4, {"a": 2, "b": 1})) == (
        "the answer joins 3 of the 4 lines proposed; no proposal had more than 2 of them (a 2, b 1)"
    )
