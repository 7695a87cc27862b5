"""What is boxed is an answer where its line says nothing else."""

from langgraph_moa.core.agreement.boxes import BOX, boxed_answer
from tables import each


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
