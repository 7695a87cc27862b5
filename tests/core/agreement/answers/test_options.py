"""Options are read up to Z as A to D are, and what only looks like an option's letter is none."""

import json
import re

import pytest
from agreement import judge, same
from langgraph_moa import closed_answers
from langgraph_moa.core.agreement.answers import final_answer, read_answer
from langgraph_moa.core.agreement.values import kind_of
from tables import each

# How models answer a question with four options; # is the letter, % the option's text.
BARE = [
    "#", "(#)", "#)", "#.", "**#**", "**(#)**", "*#*", "`#`", "$#$", "\\(#\\)", "“#”", "**#**.",
    "“#”.", "[#]", "[[#]]", "（#）", "【#】",
    "［#］", "Option #", "option (#)", "Choice #", "\\text{#}", "\\text{(#)}", "\\textbf{#}", "\\mathrm{#}",
    "<|begin_of_box|>#<|end_of_box|>",
]  # fmt: skip
WITH_TEXT = [
    "#) %", "(#) %", "#. %", "#: %", "**#) %**", "**#)** %", "**(#)** %", "(#) **%**", "Option #: %", "[#] %",
    "\\text{#) %}", "(#): %", "（#）%", "#) %.",
]  # fmt: skip
MARKED = [
    "Final answer: {}", "**Final answer: {}**", "**Final answer:** {}", "### Final answer: {}", "- Final answer: {}",
    "Answer: {}", "ANSWER: {}", "The answer is {}", "So the answer is {}", "Therefore, the correct answer is {}",
    "The answer must be {}", "Thus, the final answer is: {}", "**Answer:**\n\n{}", "## Final Answer\n\n{}",
    "<answer>{}</answer>", "Correct answer: {}", "The correct answer is: **{}**", "Antwort: {}", "**Antwort:** {}",
    "Endgültige Antwort: {}", "Réponse finale : {}", "Respuesta: {}", "Resposta final: {}", "Risposta: {}",
    "Antwoord: {}", "Odpowiedź: {}", "Ответ: {}", "Відповідь: {}", "Cevap: {}", "الجواب: {}", "उत्तर: {}",
    "Đáp án: {}", "Jawaban: {}", "Svar: {}", "答案：{}", "最终答案：{}", "答え：{}", "정답: {}", "คำตอบ: {}",
]  # fmt: skip
BOXED = [
    "\\boxed{{{}}}", "So it is $\\boxed{{{}}}$.", "Final answer: \\(\\boxed{{{}}}\\)", "Answer: $$\\boxed{{{}}}$$",
    "Therefore, the answer is \\[\\boxed{{{}}}\\]", "### Answer\n\n\\boxed{{{}}}",
    "因此，答案是 \\boxed{{{}}}",
]  # fmt: skip
FIELDS = ['{{"answer": {}}}', '```json\n{{"reasoning": "It has rings.", "answer": {}}}\n```', '{{\n "answer": {}\n}}']
LETTERS = "CIJVX"
"""Of four options, of ten, and further on: a pronoun, Roman numerals, variables."""


def texts(letter: str) -> list[str]:
    """Return all ways of answering with a letter."""
    stated = [way.replace("#", letter).replace("%", "Saturn") for way in (*BARE, *WITH_TEXT)]
    plain = [one for one in stated if "$" not in one and "\\(" not in one and "box" not in one]
    marked = [f"It has rings.\n\n{mark.format(one)}" for mark in MARKED for one in stated]
    fields = [field.format(json.dumps(one, ensure_ascii=False)) for field in FIELDS for one in stated]
    boxed = [f"It has rings.\n\n{box.format(one)}" for box in BOXED for one in plain]
    return [text for text in (*stated, *marked, *fields, *boxed) if "****" not in text]


@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.soak)])
@pytest.mark.parametrize("letter", LETTERS)
def test_options_of_ten_and_more_are_read_as_those_of_four_are(letter: str, every: int) -> None:
    asked = [text for text in texts(letter) if letter != "X" or not re.search(r"(?<!\\)\[|［|【", text)]
    read = {text: final_answer(text) for text in asked[::every]}

    assert len(read) > 200
    assert [text for text, answer in read.items() if not answer or answer.value != ("letter", letter)] == []


NO_LETTER = [
    "I think so", "I think it is B", "I am not sure", "I don't know", "I'm sorry, I cannot tell",
    "I would go with I or J",
    "A good choice", "A or I", "I or J", "either I or J", "I and not J", "(I) is wrong", "I, J or K", "I but not J",
    "(I) and (J) are both wrong", "I; not sure", "I: wrong", "I: not J", "I. J. or K.", "None of the above", "I/J",
    "(S)he", "[T]he first", "(I)t", "Q: what is it?", "Q. What is it", "[X]", "[Y]", "[N]", "(x)", "(n)", "(k)", "<I>",
    "[option]", "[LETTER]", "X. laevis", "I. e. five", "V. cholerae", "World War I", "Type I", "25 °C", "5 V", "3 J",
    "X = 5", "I = V/R", "I only", "I and II", "I, II and III", "II", "IV", "III only", "[True]", "X + Y", "I: 5, J: 6",
    "X: 5, Y: 6", "I-J", "I → J", "I > J", "K+", "N2", "Dr. I", "AC", "AND", "a", "i", "x",
]  # fmt: skip


@pytest.mark.parametrize("stated", NO_LETTER)
def test_what_only_looks_like_an_options_letter_is_none(stated: str) -> None:
    for text in (stated, f"So.\n\nFinal answer: {stated}", f"So.\n\n\\boxed{{{stated}}}", f"The answer is {stated}"):
        answer = final_answer(text)
        assert answer is None or kind_of(answer) != "letter", text
        for letter in "AIJKNVXY":
            assert not same(f"({letter})", text)


IN_PROSE = [
    "I believe that it is five.", "As I said, the answer depends.", "In my view I am right.", "I: yes\nYou: no",
    "The answer is I think five", "The answer is a matter of taste.", "The answer is in World War I.",
    "The answer is A characteristic of rings.", "The answer seems to be I guess.", "Answer: Let's think step by step.",
    "Answer: I will first list all options.", "Option I looks fine, but so does option J.",
]  # fmt: skip


@pytest.mark.parametrize("text", IN_PROSE)
def test_prose_with_single_letters_names_no_option(text: str) -> None:
    answer = final_answer(text)
    assert answer is None or kind_of(answer) not in ("letter", "letters")


DIFFERENT = [
    ("I", "J"), ("(I)", "I and J"), ("I) Iodine", "I) Neon"), ("J. Smith", "J. Doe"),
    ("J. K. Rowling", "J. R. R. Tolkien"),
    ("X", "x"), ("X", "(x)"), ("(X)", "x"), ("X: 5", "X: 7"), ("X: 5, Y: 6", "X"), ("A: 5, B: 6", "A"), ("I", "II"),
    ("A, C", "C, A"), ("C, A, B", "A, B, C"), ("A and C", "AC"), ("AB", "A and B"), ("A, B", "A"),
    ("A and C", "A, C, D"),
    ("[Yes]", "[No]"), ("(Yes)", "No"), ("[True]", "True"), ("N. Korea", "S. Korea"), ("V", "5"), ("I", "1"),
    ("C", "C#"),
    ("Don't know", "Don't know"), ("do not know", "Do not know."), ("A, C,", "A, C"), ("$5", "$B"), ("A,", "A"),
    ("B. (I) and (II) only", "B. (I) only"), ("N", "No"), ("Y", "Yes"), ("T", "True"), ("(I) Iodine", "Iodine"),
]  # fmt: skip


@each(("one", "other"), DIFFERENT)
def test_two_answers_that_share_a_letter(one: str, other: str) -> None:
    for mark in ("{}", "So.\n\nFinal answer: {}", "So.\n\n<answer>{}</answer>"):
        assert not same(mark.format(one), mark.format(other)), mark


EQUAL = [
    ("A and C", "A, C"), ("A, C", "(A), (C)"), ("A and C", "A & C."), ("A, C, and I", "A, C and I"),
    ("A、C、J", "A, C, J"),
    ("Options A and C", "A and C"), ("Both A and J", "A and J."), ("(I), (J)", "I; J"), ("[Yes]", "yes"),
    ("(No)", "No."),
    ("**C**) Saturn", "C"), ("**[Yes]**", "Yes"),
    ("（Yes）", "True"), ("[[No]]", "no"), ("(true)", "True"), ("\\text{[Yes]}", "Yes"),
    ("B。", "B"), ("(J)。", "J"), ("B. 巴黎。", "B. 巴黎"), ("$J", "J"),
    ("C. Both (I) and (II)", "C"), ("B) Potassium (K)", "B"), ("D. World War I", "(D)"), ("C) Samuel J. Tilden", "C"),
]  # fmt: skip


@each(("one", "other"), EQUAL)
def test_one_answer_in_two_ways(one: str, other: str) -> None:
    assert same(f"So.\n\nFinal answer: {one}", f"So.\n\nFinal answer: {other}")


def test_two_marks_that_name_different_ones_of_ten_options_leave_none() -> None:
    """Real models did so: what was read of them was the second one, for the first was not seen to be a letter."""
    assert final_answer("The answer is (J).\n\nNow, let's combine all the answers:\nThe answer is (F).") is None
    assert final_answer("The answer is (I).\n\nFinal answer: The answer is (H).") is None
    assert same("J", "The answer is (J).\n\nFinal answer: The answer is (J).")


# Reported of others' ways to read answers, with what they took for the option.
REPORTED = {
    "The answer might be C. Also it could be (F) or option J. Dog is no answer for sure.": None,  # D, or J
    "Antwort:\n\nAntwort: C": "C",  # A
    "**Antwort:\n\nAntwort: J**": "J",  # A
    "ANSWER: None of the above": None,  # A and B
    "ANSWER: I don't know": None,  # I and D
    "The calculated answer is 11.\n\nAnswer seems to be A.\n\nAnswer: J": "J",  # S
    "Answer: Let's think step by step. It is red.\n\nThe answer is (J).": "J",  # L
    "The answer is C because I computed the integral.": "C",  # I
    "The answer is B because a car moves.": "B",  # A
    "I would pick B — a safe choice.": None,  # A
    "Conclusion: (B). Eliminated: (A), (C), (D).": None,  # D
    "I considered (A), but it is incorrect. Final answer: D.": "D",  # A
    "答案：(J) $3.3\\mathrm{MeV}$。": "J",  # J, M and V
    "ANSWER: $J$": "J",  # none, as the next ones
    "Answer: $J": "J",
    "ANSWER: **J**": "J",
    "So it is.\n\nThe correct answer is **J**.": "J",
    "정답: J": "J",
    "J. 4": "J",
}


@each("text", REPORTED)
def test_what_others_were_reported_to_misread(text: str) -> None:
    answer = final_answer(text)
    letter = answer.value[1] if answer and kind_of(answer) == "letter" else None  # type: ignore[index]
    assert letter == REPORTED[text]


SHOWN = {
    "Final answer: **B)** Jupiter": "B) Jupiter",
    "Final answer: (B) **Jupiter**": "(B) Jupiter",
    "So it is $\\boxed{\\text{B) Jupiter}}$.": "B) Jupiter",
    "Final answer: `J`": "J",
    "Final answer: $J$": "J",
    "Final answer: 【J】": "【J】",
    "Final answer: Jupiter": "Jupiter",
    '{"answer": "\\frac{1}{2}"}': "\\frac{1}{2}",
}


@each("text", SHOWN)
def test_an_answer_is_shown_as_it_is_spelled_and_without_its_markup(text: str) -> None:
    answer = final_answer(text)
    assert answer is not None
    assert answer.shown == SHOWN[text]


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        (["B", "B", "**B) Jupiter**"], "B) Jupiter"),
        (["B", "(b)", "B"], "B"),
        (["B", "B", f"B. It is {'much ' * 12}larger"], "B"),
        (["B. Jupiter", "B: jupiter"], "B. Jupiter"),
        (["Jupiter", "jupiter"], "Jupiter"),
        (["5", "5 km"], "5"),
    ],
)
def test_what_is_agreed_on_is_told_with_the_options_text_where_one_gives_it(stated: list[str], shown: str) -> None:
    assert judge(closed_answers(), [f"Final answer: {one}" for one in stated])["answer"] == shown


@each(
    ("written", "meant"),
    [
        ('"\\frac{1}{2}"', "1/2"), ('"\\\\frac{1}{2}"', "1/2"), ('"-\\frac{1}{2}"', "-1/2"),
        ('"$\\frac{1}{2}$"', "0.5"),
        ('"\\boxed{42}"', "42"), ('"\\text{B}"', "B"), ('"\\textbf{B}"', "B"), ('"\\(42\\)"', "42"),
        ('"\\tfrac{1}{2}"', "0.5"),
        ('"\\sqrt{2} + \\\\frac{1}{2}"', "\\sqrt{2} + \\frac{1}{2}"), ('"2\\times 3"', "2\\times 3"),
        ('"\\beta"', "\\beta"),
        ('"\\nu"', "\\nu"), ('"\\rho"', "\\rho"), ('"\\u0042"', "B"), ('"\\"B\\""', '"B"'), ('"42\\n"', "42"),
        ('"\\t42"', "42"),
    ],
)  # fmt: skip
def test_latex_in_json_is_read_as_latex(written: str, meant: str) -> None:
    for text in (f'{{"answer": {written}}}', f'```json\n{{"reasoning": "So.", "answer": {written}}}\n```'):
        answer, wanted = final_answer(text), read_answer(meant)
        assert answer is not None
        assert wanted is not None
        assert answer.value == wanted.value, text


@each(("one", "other"), [("\\nu", "u"), ("\\frac{1}{2}", "rac{1}{2}"), ("\\beta", "eta"), ("\\times", "imes")])
def test_latex_in_json_is_not_what_json_makes_of_it(one: str, other: str) -> None:
    assert not same(f'{{"answer": "{one}"}}', f'{{"answer": "{other}"}}')
