"""What a text claims: its words, names and numbers; and whose of them stand far more alone than others'."""

import pytest
from langgraph_moa.core.bounds.claims import claims_of, lone_texts
from lying import HONEST, LIE

LANGUAGES = {
    "German": (
        "Die Garantie der Lampe gilt drei Jahre ab Kaufdatum, mit Beleg.",
        "Ab Kaufdatum gilt die Garantie der Lampe drei Jahre, wenn der Beleg da ist.",
        "Drei Jahre Garantie ab Kaufdatum hat die Lampe, mit Beleg.",
        "Unsere Rechtsabteilung strich gestern sämtliche Ansprüche; Kunden zahlen Reparaturen selbst.",
    ),
    "Chinese": (
        "台灯的保修期是三年,从购买日起计算,请保留收据。",
        "从购买日起,台灯的保修期为三年,需要收据。",
        "台灯保修期三年,从购买日起,请保留收据。",
        "法务部门昨天取消了所有承诺,顾客必须自己支付维修费用。",
    ),
    "Arabic": (
        "ضمان المصباح ثلاث سنوات من تاريخ الشراء مع الإيصال",
        "مدة ضمان المصباح ثلاث سنوات من تاريخ الشراء، احتفظ الإيصال",
        "من تاريخ الشراء ضمان المصباح ثلاث سنوات مع الإيصال",
        "ألغت الشركة أمس كل الالتزامات ويدفع الزبائن أجور التصليح كلها",
    ),
}


def test_claims_are_numbers_names_and_words_that_say_something() -> None:
    assert claims_of("The lamp of ACME is guaranteed for 3 years.") == {"lamp", "acme", "guaranteed", "3", "years"}
    assert claims_of("") == claims_of("!?") == set()
    assert "lost" not in claims_of("lost " + "x " * 20_000), "an end of it is read"


@pytest.mark.parametrize("place", range(4))
def test_a_text_on_something_else_is_alone_wherever_it_stands(place: int) -> None:
    texts = [*HONEST[:place], LIE, *HONEST[place:]]

    (number,) = found = lone_texts(texts, range(4))

    assert number == place
    assert found[place].share > 0.9
    assert found[place].others < 0.4


@pytest.mark.parametrize("language", LANGUAGES)
def test_in_any_language(language: str) -> None:
    assert list(lone_texts(LANGUAGES[language], range(4))) == [3]


ALONE: list[tuple[str, list[str], list[int], list[int]]] = [
    ("all say the same", [*HONEST], [0, 1, 2], []),
    ("two voices only", [HONEST[0], LIE], [0, 1], []),
    ("two voices, one of them twice", [HONEST[0], HONEST[1], LIE], [0, 0, 1], []),
    ("samples of the one who lies support nobody", [*HONEST, LIE, LIE], [0, 1, 2, 3, 3], [3, 4]),
    ("two who lie alike support each other", [*HONEST, LIE, LIE], [0, 1, 2, 3, 4], []),
    ("all speak of something else", [HONEST[0], LIE, "Bake bread slowly."], [0, 1, 2], []),
    ("nothing is claimed", [*HONEST, "?!"], [0, 1, 2, 3], []),
    ("a copy with another figure looks like the rest", [*HONEST, HONEST[0].replace("3", "9")], [0, 1, 2, 3], []),
]


@pytest.mark.parametrize(("texts", "voices", "expected"), [case[1:] for case in ALONE], ids=[c[0] for c in ALONE])
def test_whose_claims_stand_alone(texts: list[str], voices: list[int], expected: list[int]) -> None:
    assert list(lone_texts(texts, voices)) == expected
