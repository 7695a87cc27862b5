"""Equal proposals are one card, which says who said it; nothing that was said is lost."""

from typing import Any

from langgraph_moa.graphs.cards import dealt
from records import a_proposal
from tables import each

FORTY_TWO, IN_WORDS, OTHER = "Final answer: 42", "Six by seven.\n\nFinal answer: 42", "Final answer: 41"


def layer(*texts: str, **more: Any) -> list[Any]:
    return [a_proposal(text, proposer=name, **more) for name, text in zip("abcdefgh", texts, strict=False)]


def agreed(*groups: str, representative: str | None = None) -> Any:
    return {"groups": [list(group) for group in groups], "representative": representative, "measure": "m"}


@each(
    ("proposals", "agreement", "cards"),
    [
        (layer(FORTY_TWO, FORTY_TWO, FORTY_TWO), None, [("abc", "")]),
        (layer("An essay.", "An essay.", "Another."), None, [("ab", ""), ("c", "")]),
        (layer(FORTY_TWO, OTHER, IN_WORDS), None, [("ac", "c"), ("b", "")]),
        (layer(FORTY_TWO, OTHER, IN_WORDS), agreed("ac", representative="c"), [("ca", "a"), ("b", "")]),
        (layer("One way.", "Another way.", "No."), agreed("ab", "c"), [("ab", "b"), ("c", "")]),
        (layer(FORTY_TWO, IN_WORDS, IN_WORDS), agreed("abc"), [("abc", "b")]),
        (layer(FORTY_TWO, FORTY_TWO), agreed(), [("ab", "")]),
        (layer("", "", status="error", error="refused"), None, [("ab", "")]),
        (layer("x"), None, [("a", "")]),
        ([], None, []),
    ],
)
def test_a_card_holds_who_says_the_same(proposals: Any, agreement: Any, cards: Any) -> None:
    """The second part is who stands first for each other wording."""

    def names(numbers: list[int]) -> str:
        return "".join(proposals[number]["proposer"] for number in numbers)

    hand = dealt(proposals, agreement)

    assert [(names(card.said_by), names([w[0] for w in card.wordings])) for card in hand] == cards


def test_other_failures_and_what_a_person_touched_stay_alone() -> None:
    one, two, three, four = layer(FORTY_TWO, FORTY_TWO, FORTY_TWO, FORTY_TWO)
    touched = [one, {**two, "reviewed": "edited"}, {**three, "status": "error", "error": "x"}, four]

    assert [card.said_by for card in dealt(touched, agreed("abcd"))] == [[0, 3], [1], [2]]


def test_retrievers_that_found_the_same_are_not_joined() -> None:
    assert len(dealt(layer("docs/a.md", "docs/a.md", layer=0), None)) == 2
