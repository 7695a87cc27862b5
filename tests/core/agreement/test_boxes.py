"""What is boxed is an answer where its line says nothing else."""

import pytest
from agreement import same
from langgraph_moa.core.agreement.answers import final_answer
from langgraph_moa.core.agreement.boxes import BOX, boxed_answer, leads_in
from tables import each
from together import together


@each(
    ("text", "stated"),
    [
        ("\\boxed{42}", "42"),
        ("It is $\\fbox {42}$.", "42"),
        ("\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("So \\(\\boxed{7}\\) cm.", "7 cm"),
        ("\\boxed{7}\\text{ cm}", "7 cm"),
        ("**$\\boxed{42}$**", "42"),
        ("It is $\\boxed{42}$!", "42"),
        ("It is \\boxed{42}!", ""),
        ("It is $\\boxed{42}!$", ""),
        ("at most \\boxed{42}", ""),
        ("\\boxed{5} days to go", "5 days"),
        ("\\boxed{45}^\\circ", "45 °"),
        ("\\boxed{5} red cards left", "5 red cards left"),
        ("\\boxed{5} cards on the table", ""),
        ("\\boxed{5} x", ""),
        ("\\boxed{red} apples", ""),
        ("\\boxed{42} km, not 43", ""),
        ("not \\boxed{42}", ""),
        ("2 \\cdot \\boxed{42}", ""),
        ("{\\boxed{42}", ""),
        ("\\boxed{42", ""),
        ("\\boxed{4\n2}", ""),
        ("\\boxed{" + "4" * 300 + "}", ""),
        ("\\boxed{41} or \\boxed{42}", ""),
    ],
)
def test_what_a_box_says(text: str, stated: str) -> None:
    whole = f"Before.\n{text}\nAfter."
    match = BOX.search(whole)
    assert match

    answer, end = boxed_answer(whole, match)

    assert answer == stated
    assert end <= len(f"Before.\n{text}")


OTHERS = [
    "The upper bound is", "la mitad es", "das Doppelte ist", "最多即", "它的一半即",
    "~", "is ~$", "at most", "at least", "is at most", "is at least", "less than", "no more than", "more than",
    "fewer than", "up to", "over", "is under", "negative", "is negative", "minus", "equals minus", "plus",
    "except", "all except", "but not", "anything but", "not", "is not", "is not equal to", "other than", "besides",
    "without", "half of", "is exactly half of", "twice", "is twice", "double", "three times", "is 3 times",
    "is the square of", "the reciprocal of", "is the opposite of", "is the number before", "is one less than",
    "is divisible by", "per", "between", "is between 3 and", "about", "is about", "approximately", "roughly",
    "nearly", "is close to", "is max.", "at most:", "höchstens", "n'est pas", "no es", "不是", "2\\cdot",
    "2 \\cdot", "2\\times", "x = 2", "3", "3\\,", "\\frac{1}{2}", "-", "- ", "n -", "3 +", "+", "2*", "2 *", "x^",
    "x_", "10^", "1/", "is 1/", "f(", "\\sin", "\\sin(", "\\ln", "\\log_2", "\\sqrt", "is \\sqrt", "\\lfloor",
    "\\int", "|", "\\pm", "\\approx", "\\neq", "\\equiv", "<", "≤", "is at most\n\\[", "is not\n\n$$",
    "equals twice\n", "= 2 \\cdot\n", "is at most equal to", "is approximately equal to", "is about equal to",
    "at least it is", "最多是", "最多为", "至少是", "约为", "大约是", "近似为", "答案约为", "答案最多是", "最多：",
    "höchstens ist", "höchstens:", "mindestens sind", "como máximo son", "al menos es", "environ est",
    "au maximum vaut", "al massimo è", "其平方为", "答案的平方为", "一半是", "其相反数为", "约は", "約は",
    "負の値は", "如果是", "takes the square of", "it takes half", "it takes one before", "gives the number before",
    "pays for half of",
]  # fmt: skip
PLAIN = [
    "", "=", "x =", "x=", "&=", "= &", "$x =", "\\sqrt{25} =", "\\frac{10}{2} =", "The answer is",
    "The answer is:", "Answer:", "**Answer:**", "**Final Answer:**", "- **Answer:**", "**Answer:** $",
    "The final answer is: $", "So", "Thus,", "Therefore, the answer is", "The total is therefore",
    "the answer is exactly", "is equal to", "she has", "It takes", "Janet earns", "they get", "sells",
    "He is left with", "for a total of", "which simplifies to", "The answer is option", "\\therefore", "\\implies",
    "\\Rightarrow", "→", "\\text{Answer} =", "\\text{Total: }", "Total cost: \\$", "Step 3.", "She has 5 left.",
    "答案是", "因此，答案为", "Die Antwort ist", "La réponse est", "### Answer\n\n", "we get\n\\[\n",
    "We conclude:\n\n$$\n", "---\n", "x + 3 = 8 \\\\\n", "Half of it is", "it will take the fog bank",
    "it takes Prince", "it costs her", "should sell each ear of corn for",
]  # fmt: skip


@together("before", OTHERS)
def test_what_counts_bounds_or_turns_round_makes_no_answer_of_a_box(before: str) -> None:
    for gap in ("", " "):
        assert final_answer(f"So.\n\n{before}{gap}\\boxed{{5}}") is None
    assert final_answer(f"So.\n\n{before}3.\\boxed{{5}}") is None
    assert not same("5", f"So.\n\nFinal answer: {before} \\boxed{{5}}")


@together("before", PLAIN)
def test_what_leads_in_leaves_a_box_as_it_is(before: str) -> None:
    assert same("5", f"So.\n\n{before} \\boxed{{5}}")


@pytest.mark.parametrize(
    ("before", "above", "plain"),
    [
        ("It is ", "", True),
        ("It is ", "It is not 4.\n", True),
        ("", "It is not\n", False),
        ("", "It is not 4.\n", True),
        ("The option ", "", False),
        ("Option ", "", False),
        ("Thus the ", "", True),
    ],
)
def test_the_lines_before_count_where_a_line_begins_with_the_box(before: str, above: str, *, plain: bool) -> None:
    assert leads_in(before, above) == plain
