"""Whether an answer is gold, where one of the two names a unit and the other none."""

from time import process_time
from timeit import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.agreement.answers import read_answer
from langgraph_moa.core.agreement.gold import is_gold, names_unit
from tables import each

CALORIES = "A glass of milk has 3 calories an ounce. How many calories does John consume?"
MILES = "How many miles does she drive?"
PLANETS = "Which is the largest?\nA) Saturn\nB) Jupiter\nC) Neptune"
GASES = "Which of these are gases?\nA) Oxygen\nB) Iron\nC) Neon\nJ) Xenon"
# Gold, what was answered, what was asked; None where nobody knows.
RIGHT = [
    ("48", "48 calories", CALORIES),
    ("48", "48 calories", None),
    ("30", "30 carrots", "How many carrots are left?"),
    ("7", "7 cards", None),
    ("7", "7 Cards", ""),
    ("20", "20 white hats", "How many white hats does Skyler have?"),
    ("1", "1 apple", None),
    ("9", "9 people", None),
    ("5", "5 hours", "How long does it take?"),
    ("10", "$10", "How much change did she get?"),
    ("120", "120 km", "At 60 km/h for 2 hours, how far does it go?"),
    ("48", "48 miles", MILES),
    ("48", "48 Miles", MILES),
    ("4", "4 kWh", "How many kWh does it use?"),
    ("3", "3 quarters", "How many quarters does he need?"),
    ("2", "2 dozens", "How many dozens of eggs are left?"),
    ("25", "25 miles per gallon", "How many miles per gallon does it do?"),
    ("50", "50%", "What percentage of them is red?"),
    ("50", "50%", "By how much did the price fall?"),
    ("50", "50%", None),
    ("48 calories", "48", CALORIES),
    ("48 calories", "48 Calories", "?"),
    ("5 km", "5", "How many kilometers?"),
    ("5 km", "5", "She runs 2 km and 3 km. How far is that?"),
    ("5 km", "5", None),
    ("5 km", "5 kilometers", "?"),
    ("$5", "5", "One costs $2. What do two and a half cost?"),
    ("$5", "5", "How many dollars?"),
    ("4 m", "4", "A rope of 8 m is cut in two. How long is a half?"),
    ("3 inches", "3", "How many inches?"),
    ("50%", "50", "What percent of them?"),
    ("100 °C", "100", "At what temperature in Celsius, in degrees, does it boil?"),
    ("5 million", "5,000,000", "How many?"),
    ("Paris", "paris", None),
    ("Red", "red", None),
    ("B", "Jupiter", PLANETS),
    ("B", "B) Jupiter", PLANETS),
    ("C", "$30", "What is the new price?\nA) $10\nC) $30"),
    ("J", "Xenon", GASES),
    ("J", "(J) Xenon", GASES),
    ("A, C", "C and A", GASES),
    ("A, C", "C, A", "Which of the gases are light?"),
    ("A and C", "AC", GASES),
    ("AC", "A, C", GASES),
    ("AC", "CA", GASES),
    ("AJ", '["J", "A"]', GASES),
    ("A, C, J", "Options J, C, and A.", GASES),
    ("AC", "A, C", "Which are gases?\na) oxygen\nb) iron\nc) neon"),
]
WRONG = [
    ("48 miles", "48 km", MILES),
    ("48", "48 km", MILES),
    ("48", "48 km", "What is the distance, in miles?"),
    ("10", "$10", "What does each pump cost, in cents?"),
    ("2", "2 days", "How many hours does it take?"),
    ("5", "5 million", "How many?"),
    ("5", "5 millions", "How many?"),
    ("5", "5 hundred", None),
    ("5", "5 dozen", "How many eggs?"),
    ("5", "5 dozens", "How many eggs?"),
    ("5", "5 pairs", "How many socks?"),
    ("3", "3 quarters", "How much is left?"),
    ("42", "42 halves", None),
    ("42", "42 incorrect", None),
    ("4", "4 calories per ounce", "How many calories are that?"),
    ("50", "50%", "How many of the 100 students passed?"),
    ("60", "60%", "Of 200 students, 30% passed. How many passed?"),
    ("48 calories", "48", "How much energy does it have?"),
    ("48 calories", "48", None),
    ("5 km", "5", "How far is it?"),
    ("5 apples", "5 pears", "How many apples and pears?"),
    ("5 million", "5", "How many?"),
    ("48", "49 calories", CALORIES),
    ("2 m", "2", "I'm asking Sam: how long is it?"),
    ("3 inches", "3", "How much in all?"),
    ("B", "Saturn", PLANETS),
    ("B", "A) Jupiter", PLANETS),
    ("B", "Jupiter", None),
    ("B", "Jupiter", f"{PLANETS}\nD) Jupiter"),
    ("A, C", "A", GASES),
    ("A", "A, C", GASES),
    ("A, C", "A, B", GASES),
    ("A, C", "A, B, C", GASES),
    ("A, C", "C, A", f"{GASES}\nPut them in order."),
    ("A, C", "C, A", "按重量排序。"),
    ("A, C", "C, A", None),
    ("A, C", "AC", None),
    ("A, C", "AC", "Which blood types are rare?"),
    ("A, B", "AB", "Which blood types are rare?\nA) A\nB) B\nC) AB"),
    ("AC", "CA", "Which code is it?"),
    ("A, K", "AK", GASES),
    ("A, C", '["A", 3]', GASES),
    ("I", "Jupiter", "i. Jupiter\nii. Mars\nWhich are giants?\nA) ii\nI) i and ii"),
]


@each(("gold", "answer", "question"), RIGHT)
def test_a_unit_may_be_added_or_left_out_where_there_is_no_doubt(gold: str, answer: str, question: str | None) -> None:
    assert told(gold, answer, question)


@each(("gold", "answer", "question"), WRONG)
def test_another_unit_or_scale_is_wrong(gold: str, answer: str, question: str | None) -> None:
    assert not told(gold, answer, question)


def told(gold: str, answer: str, question: str | None) -> bool:
    one, other = read_answer(answer), read_answer(gold)
    assert one is not None
    assert other is not None
    return is_gold(one, other, question)


@pytest.mark.parametrize("piece", ["in ", "how many ", "in", "a) b\n", "(A) ", " ", "5 m", "$", "km"])
def test_a_question_of_any_length_is_read_in_linear_time(piece: str) -> None:
    """Read 4 and 200 KB: a square would take 2,500 times as long."""
    letter, miles, bare = (read_answer(written) for written in ("B", "48 miles", "48"))
    assert letter
    assert miles
    assert bare

    def ask(question: str) -> None:
        is_gold(miles, letter, question)
        is_gold(miles, bare, question)
        is_gold(bare, miles, question)

    def seconds(size: int, tries: int) -> float:
        question = piece * (size // len(piece))
        return min(timeit(lambda: ask(question), timer=process_time, number=1) for _ in range(tries))

    assert seconds(200_000, tries=1) < 400 * max(seconds(4_000, tries=3), 1e-3)


@given(st.text(max_size=200), st.sampled_from(["m", "$", "km", "calorie", "°C", "l", "%", "white hat"]))
def test_whatever_was_asked_it_names_a_unit_or_does_not(question: str, unit: str) -> None:
    assert names_unit(question, unit) in (True, False)
    assert names_unit(f"{question} 5 {unit}s 5 {unit} ", unit)
