"""The short answer that a text ends on, and what counts as the same one."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from agreement import same
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.agreement.answers import final_answer, read_answer
from langgraph_moa.core.agreement.values import FinalAnswer, same_answer
from replay import DATA, WHY_NOT

recorded = pytest.mark.skipif(not DATA.is_dir(), reason=WHY_NOT)


# What is written, and another way of writing the same; then what is not the same.
EQUAL = [
    ("42", "42.0"),
    ("42", "**42**"),
    ("42", "$42$"),
    ("42", "\\boxed{42}"),
    ("42", "The answer is \\boxed{42}."),
    ("42", "#### 42"),
    ("42", "A: 42"),
    ("42", "<answer>42</answer>"),
    ("42", '{"reasoning": "six times seven", "answer": 42}'),
    ("42", '```json\n{"answer": "42"}\n```</s>'),
    ("42", "**Final answer:**\n\n42"),
    ("42", "So the answer is **42**. Hope that helps!"),
    ("42", "Final answer: 42 because it is so."),
    ("42", "6 * 7 = 42"),
    ("42", "٤٢"),
    ("42", "４２"),
    ("-5", "−5"),
    ("0.5", "1/2"),
    ("0.5", "½"),
    ("0.5", "\\frac{1}{2}"),
    ("1.5", "1 1/2"),
    ("1e3", "1000"),
    ("1234", "1,234"),
    ("1234", "1 234"),
    ("1234", "1'234"),
    ("1234", "1’234"),
    ("1234.5", "1,234.50"),
    ("1234.5", "1.234,50"),
    ("1234.5", "1 234,5"),
    ("100000", "1,00,000"),
    ("$1,234", "1234 dollars"),
    ("$1,234", "1234"),
    ("50%", "50 percent"),
    ("5 km", "5 kilometres"),
    ("5 km", "5"),
    ("B", "(b)"),
    ("B", "B) Paris"),
    ("B", "Option B"),
    ("B. Paris", "(B) Paris"),
    ("Yes", "yes."),
    ("Yes", "True"),
    ("2024-03-05", "March 5, 2024"),
    ("2024-03-05", "5th of March 2024"),
    ("Paris", "paris."),
    ("[1, 2]", "[1.0,2]"),
    ("{'a': 1, 'b': 2}", "{'b': 2, 'a': 1}"),
    ("'a'", '"a"'),
    ("42", "## Final Answer\n\n42"),
    ("42", "**Answer:**\n\n```\n42\n```"),
    ("42", "Final answer:\n\\[\n42\n\\]"),
    ("42", "(42)"),
    ("1234", "\\boxed{1{,}234}"),
    ("B", "\\boxed{\\text{B}}"),
    ("A, C", "A and C"),
    ("2.5", "2\\frac{1}{2}"),
    ("5 million", "5,000,000"),
    ("60 km/h", "60 kilometers per hour"),
    ("25 °C", "25 degrees Celsius"),
    ("5 apples", "5 apple"),
    ("42", "So it is \\(\\boxed{42}\\)."),
    ("42", "So it is \\[\\boxed{42}\\]."),
    ("42", "So it is $$\\boxed{42}$$"),
    ("42", "Final answer: \\(\\boxed{42}\\)."),
    ("42", "- `Final answer: 42`"),
    ("42", "**`Final answer: 42`**."),
    ("42", "`**Final answer: 42**`"),
    ("42", "`Final answer:` 42"),
    ("42", "`Final answer`: 42"),
    ("42", "**Final answer:** `42`"),
    ("42", "```Final answer: 42```"),
    ("42", "So the answer is `Final answer: 42`."),
    ("42", "The final answer is: Final answer: 42"),
    ("42", "Final answer: “42”"),
    ("42", "So she has 42. Final answer: 42."),
    ("yes", "`Final answer: yes`"),
    ("7 cm", "So it is \\(\\boxed{7\\text{ cm}}\\)."),
    ("7 cm", "\\boxed{7~\\mathrm{cm}}"),
    ("7 cm", "\\(\\boxed{7}\\) cm"),
    ("7 cm", "\\(\\boxed{7} \\text{ cm}\\) in all."),
    ("7 cm", "Final answer: \\(7\\) cm"),
    ("7 cm", "Final answer: `7` cm"),
    ("5 days", "It takes \\boxed{5} days to sell all of it."),
    ("45°", "\\(\\boxed{45}^\\circ\\)"),
    ("42%", "$\\boxed{42}\\%$"),
    ("42 million", "\\boxed{42} million"),
    ("7 cards", "They have \\(\\boxed{7}\\) cards."),
    ("7 cards", "7 Cards"),
    ("5 miles", "5 Miles"),
    ("5 l", "5 L"),
    ("Fe", "`Fe`"),
    ("Oslo", "Final answer: `Oslo`"),
    ("B", "Final answer: `B`"),
    ("C", "C) both the same"),
    ("Red", "red"),
    ("Red", "It is \\(\\boxed{\\text{red}}\\)."),
    ("the Red Sea", "The red sea"),
]
DIFFERENT = [
    ("42", "43"),
    ("42", "not 42"),
    ("42", "42 or 43"),
    ("42", "about 42"),
    ("42", "~42"),
    ("42", "≈ 42"),
    ("42", "I'm sorry, I can't help with question 42."),
    ("42", "Final answer: I cannot determine 42."),
    ("42", ""),
    ("5 km", "5 miles"),
    ("5 M", "5 m"),
    ("0.5", "50%"),
    ("B", "Paris"),
    ("B", "A"),
    ("A. Lincoln", "A. Johnson"),
    ("Yes", "No"),
    ("1", "True"),
    ("[1, 2]", "(1, 2)"),
    ("[1, 2]", "[2, 1]"),
    ("'a'", "a"),
    ("'a'", "'A'"),
    ("'[]'", "[]"),
    ("'\\d'", "'d'"),
    ("x = 5", "y = 5"),
    ("2024-03-05", "2024-05-03"),
    ("1,2,3", "123"),
    ("3:2", "32"),
    ("5/0", "5"),
    ("7 cm", "\\(\\boxed{7}\\) km"),
    ("7 cards", "They have \\(\\boxed{7}\\) dogs."),
    ("RED", "red"),
    ("Co", "CO"),
    ("Pa", "pa"),
    ("mW", "MW"),
    ("5 mW", "5 MW"),
    ("Mmol", "mmol"),
    ("5 Mbar", "5 mbar"),
    ("5 Cal", "5 cal"),
    ("`Red`", "`red`"),
    ("'Red'", "'red'"),
    ("rEd", "red"),
    ("Final answer: `Fe`", "FE"),
    ("Final answer: `x_1`", "x_2"),
    ("Final answer: \\(\\", "Final answer: \\(\\"),
]


# Found in review: each pair was once taken for one answer. All of them behind a mark.
NAMES = [
    ("St. Louis", "St. Paul"), ("Dr. Smith", "Dr. Jones"), ("J. K. Rowling", "J. R. R. Tolkien"), ("No. 7", "No"),
    ("H. G. Wells", "H. P. Lovecraft"), ("E. coli", "E. faecalis"), ("U.S. Steel", "U.S. Grant"),
    ("approx. 5 km", "approx. 9 km"), ("x = 1; y = 2", "x = 1; y = 3"), ("A; C", "A; D"),
    ("as many as 5", "as many as 7"), ("5. März 2024", "5. Mai 1999"), ("42", "42. Wait, no, 43."),
    ("import numpy as np", "import numpy as pd"), ("Known as Io", "Known as Titan"),
]  # fmt: skip
NOT_FIVE = [
    "5k", "5 dozen", "5!", "2π", "\\boxed{5x}", "\\boxed{5 + C}", "5 < x", "5 mod n", "5 is wrong", "5?", "5 at most",
    "5 minus one", "5 and a half", "5 if positive", "5 million", "5 squared", "5 below zero", "5 BC",
    "5 alternatively 6",
]  # fmt: skip
TAKEN_FOR_ONE = [
    *NAMES,
    *(("5", other) for other in NOT_FIVE),
    ("105", "10⁵"), ("23", "2³"), ("10.5", "2\\frac{1}{2}"), ("5 MPa", "5 mPa"), ("5 Mb/s", "5 MB/s"),
    ("192168100200", "192.168.100.200"), ("42", "1. 42"),
    ("A", "(A) and (C)"), ("A", "(A) or (B)"), ("A", "(A) is wrong"), ("A", "A: not B"), ("D", "D.C."),
    ("\n```python\nprint(1)\n```", "\n```python\nprint(2)\n```"),
    ("\n\\[\n42\n\\]", "\n\\[\n43\n\\]"),
    ("\n1. Paris\n2. London", "\n1. Rome\n2. Oslo"),
    ("\n- Alice\n- Bob", "\n- Alice\n- Carol"),
    ("{\n'a': 1\n}", "{\n'a': 2\n}"),
    ("The roots are:\nx=1", "The roots are:\nx=2"),
    ("\n\nTo solve this, we add.\n\n= 4", "\n\nTo solve this, we add.\n\n= 5"),
    ("\n- 42", "-42"),
    ("42", "42\n\nWait, that is wrong: it must be 45."),
    ("x is \\boxed{3} and y is \\boxed{5}", "x is \\boxed{4} and y is \\boxed{5}"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), TAKEN_FOR_ONE)
def test_what_review_found_to_be_taken_for_one(one: str, other: str) -> None:
    assert not same(f"So.\n\n**Final answer:** {one}", f"So.\n\n**Final answer:** {other}")


CASES = [
    ("X", "x"), ("CO", "Co"), ("O(N)", "O(n)"), ("`a  b`", "`a b`"), ("__init__", "init"), ("*.txt", ".txt"),
    ("x!", "x"),
    ("0,125", "125"), ("007", "7"), ("A, B, C", "C, B, A"), ("A: 5, B: 6", "A"), ("(A) unless raining", "A"),
    ("A: incorrect", "A"), ("5 Marble 2024", "5 March 2024"), ("5 mmol", "5 Mmol"), ("5 apples", "5 pears"),
    ("Prof. Smith", "Prof. Jones"), ("$42. Per month.", "$42. Plus tax."), ("x = 1\ny = 2", "x = 1\ny = 3"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), CASES)
def test_small_differences_are_differences(one: str, other: str) -> None:
    assert not same(f"So.\n\nFinal answer: {one}", f"So.\n\nFinal answer: {other}")


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_one_answer_in_two_ways(one: str, other: str) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_answers(one: str, other: str) -> None:
    assert not same(one, other)
    assert not same(other, one)


BLANK = [
    "\u200b\u200b",
    "\x00",
    "\ufeff",
    "\u2060 \u00ad",
    "\u3164",
    "\u2800",
    "\u0301",
    "\u202e\n",
    "<|eot_id|>",
    "**\u200b**",
]


@pytest.mark.parametrize("blank", BLANK)
def test_what_shows_nothing_is_no_answer(blank: str) -> None:
    for text in (blank, f"Final answer: {blank}", f"So.\n\n\\boxed{{{blank}}}", f"**Answer:**\n\n{blank}"):
        assert final_answer(text) is None
    assert read_answer(blank) is None


@pytest.mark.parametrize("end", ["<|eot_id|>", "<|im_end|>", "</s>", "</s></s>\n", " <end_of_turn>\n<eos>", "[e~["])
@pytest.mark.parametrize(
    "text", ["48", "Final answer: 48", "#### 48", "\\boxed{48}", "So it is.\n**Answer:** 48", "B", "'a'"]
)
def test_stop_tokens_that_trail_an_answer_are_no_part_of_it(text: str, end: str) -> None:
    assert final_answer(f"{text}{end}") == final_answer(text)
    assert read_answer(f"48{end}") == read_answer("48")


NONE = ["N/A", "it depends", "see above", "unknown", "?", "not sure", "(none)", "<number>", "[your answer]"]
NONE += ["Unable to determine", "Cannot answer", "cannot be determined", "TBD"]
NOTHING = [
    "",
    "   ",
    "Final answer:",
    "Final answer: ___",
    "Hello! How can I help you today?",
    "There are two ways to see it.\nBoth have their merits.",
    "The capital of France is Paris, which lies on the Seine, and has been its capital for a long time.",
    "Final answer: it depends on whether you count the first one, on the weather and on much else besides",
    "Final answer: either 4 or 5",
    *(
        f"A long essay.\n\nFinal answer: {n}"
        for n in ("N/A", "it depends", "see above", "unknown", "?", "not sure", "(none)")
    ),
    *(
        f"A long essay.\n\nFinal answer: {n}"
        for n in ("<number>", "[your answer]", "Unable to determine", "Cannot answer")
    ),
    '{"answer": null}',
    'Final answer: 42\n\n(Agent 2 wrote "Final answer: 41".)',
    "Final answer: 42\n> Final answer: 41",
    "Final answer: 42\nSome say the answer is 41.",
    "I have no idea.",
    "It depends.",
]


@pytest.mark.parametrize("text", NOTHING)
def test_what_ends_on_no_short_answer(text: str) -> None:
    assert final_answer(text) is None


@given(st.text(max_size=300))
def test_whatever_is_written_it_is_an_answer_or_none(text: str) -> None:
    found = final_answer(text)

    assert found is None or isinstance(found, FinalAnswer)
    if found:
        assert same_answer(found, found)
        assert hash(found.value) is not None
        assert "\n" not in found.shown


@recorded
def test_solutions_of_gpt_3s_time_are_read_as_their_labels_say() -> None:
    right = total = 0
    for row in lines("openai_gsm8k_4models.jsonl"):
        gold = final_answer(row["ground_truth"])
        for model in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"):
            found = final_answer(row[model]["solution"])
            said = found is not None and gold is not None and same_answer(found, gold)
            right, total = right + (said == row[model]["is_correct"]), total + 1

    assert total == 600
    assert right / total >= 0.99


@recorded
def test_answers_of_six_models_are_read_as_their_labels_say() -> None:
    right = total = 0
    for row in lines("zeroeval_gsm_text.jsonl"):
        for response in row["responses"].values():
            found = final_answer(response["text"])
            label = read_answer(response["answer"]) if response["answer"] else None
            right += found.value == label.value if found and label else found is label
            total += 1

    assert total == 720
    assert right / total >= 0.97


def lines(name: str) -> Iterator[Any]:
    with (DATA / name).open(encoding="utf-8") as file:
        yield from map(json.loads, file)


NO_ANSWERS = [
    "upstream error", "HTTP 503", "Connection refused", "Quota exceeded", "Let me check.", "我不会", "Not a number",
    "NaN", "nan", "-nan", "undefined", "No response", "No response.", "Internal Server Error", "Bad Gateway",
    "Empty", "[ERROR] model overloaded", "Error: timeout", "Request timed out", "429 Too Many Requests",
    "（模型返回为空）", "模型返回为空", "抱歉，我无法回答", "对不起", "未知", "Ich kann das nicht beantworten",
    "Das kann ich nicht sagen", "Je ne peux pas répondre", "No puedo responder", "No lo sé", "Não sei",
    "Non lo so", "Не могу ответить", "わかりません", "申し訳ありません", "죄송합니다", "Nie wiem", "Unbekannt",
    "[object Object]", "Rate limit exceeded",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_ANSWERS)
def test_what_says_that_there_is_no_answer_agrees_with_nobody(text: str) -> None:
    assert final_answer(text) is None


def test_behind_a_mark_a_result_may_be_undefined() -> None:
    assert final_answer("Final answer: undefined") is not None
    assert final_answer("Final answer: NaN") is None


@pytest.mark.parametrize("literal", ["'hello'", "'error'", "['error']", '"https://a"'])
def test_a_literal_of_code_may_hold_words_of_a_failure(literal: str) -> None:
    assert same(literal, f"Final answer: {literal}")
