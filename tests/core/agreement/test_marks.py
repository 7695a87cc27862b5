"""Where a text marks its answer, and what around the mark counts."""

from time import process_time
from timeit import timeit

import pytest
from agreement import same
from langgraph_moa.core.agreement.answers import final_answer, read_answer

TWISTED = [
    "\\boxed{42} is wrong; it is 43.", "It is not \\boxed{42}", "either \\boxed{42} or 43", "-\\boxed{42}",
    "x < \\boxed{42}", "$\\frac{1}{\\boxed{42}}$", "\\boxed{42}^2", "\\boxed{42}x", "\\boxed{42} halves",
    "2(\\boxed{42})", "(\\boxed{42} + 1)", "2 \\cdot \\boxed{42}", "2 \\times \\(\\boxed{42}\\)", "3\\boxed{42}",
    "3\\(\\boxed{42}\\)", "-\\(\\boxed{42}\\)", "-$\\boxed{42}$", "it is not \\(\\boxed{42}\\)",
    "\\(\\boxed{42}\\) or \\(43\\)", "\\(\\boxed{41}\\) and \\(\\boxed{42}\\)", "\\boxed{42} million",
    "\\boxed{42} dollars per hour", "\\boxed{42} km a day", "\\boxed{42} feet and 3 inches", "\\boxed{42} km, not 43",
    "\\boxed{42} times as many", "\\boxed{42} km. Wait, no.", "`Final answer: 42` or so", "Final answer: `42` or `43`",
    "`Final answer:\n42`",
    "\\boxed{41} or \\boxed{42}", "\\boxed{42}\n\nWait, that is wrong. It is 43.",
    "#### 42\nWait, it is 43", "#### 42. Conclusion\n\nWe have 17.", "#### 42 Tips\nA", "<answer>42</answer> is wrong",
    "Final answer: 42\n\nActually, 43.", "Final answer: 42\n\nEdit: 43", "Final answer: 42\nRevised answer: 43",
    "Final answer: 42\n\nSo the answer is 43", "Final answer: 42\n+ 3", "**Final Answer**\n\n42\n\nor\n\n43",
    "Part (a)\nFinal answer: 41\nPart (b)\nFinal answer: 42", "1. Answer: 41\n2. Answer: 42",
    '[{"q":1,"answer":"41"},{"q":2,"answer":"42"}]', '{"answer": 42, "unit": "km"}', '{"answer":"42","correct":false}',
    "I doubt the answer is 42", "Some say the answer is 42", "The wrong answer is 42", "If x, the answer is 42.",
    "Model A's final answer: 42", "> Final answer: 42\n\nI disagree: 43.",
    "the answer is 42, because 42 < 43. In fact 43.",
    "A: 42\nC: 43", "Final answer: 42 incorrect", "Final answer: 42 pm", "Final answer: 42 nicht", "Final answer: 042",
    "Final answer: 42 halves", "Final answer: 42 hundred thousand", "Final answer: 42s",
]  # fmt: skip


@pytest.mark.parametrize("text", TWISTED)
def test_what_stands_around_a_mark_counts(text: str) -> None:
    assert not same("42", text)


ASKED_BETWEEN = [
    "Final answer: 42\n\nUSER\n2 + 3?\nFinal answer: 5",
    "#### 42\n\nHUMAN> 2 + 3?\n#### 5",
    "Final answer: 42\n\nThe next question is: 2 + 3?\n#### 5",
    "The answer is 42.\n\nLet's try another: how many are 2 + 3?\n\n\\boxed{5}",
    'Final answer: 42\n\n{"role": "user", "content": "2 + 3?"}\n{"answer": 5}',
    "Final answer: 42\n\n接下来呢？\n#### 5",
]


@pytest.mark.parametrize("text", ASKED_BETWEEN)
def test_a_question_between_two_marks_that_differ_leaves_none(text: str) -> None:
    assert final_answer(text) is None
    assert same("42", text.replace("5", "42"))


ANOTHER_TASK = [
    "Hmm, a new puzzle:", "Wait for it:", "Sorry! Next up:", "No one minds.", "Update 2:", "Let me recall another:",
    "Correction officer Bob asks.", "That is correct.\nThen the bonus:",
    "Let's try another one.", "Now solve this:", "Extra credit:", "Student:", "Alice:", "**User**\n",
    "Solution 2:", "#2", "Given 2 and 3,", "Write a function.\n", "Example:", "Teacher:", "Q.:", "No. 2:",
    "Sample 2:", "第2问：", "第二题：", "二、", "例题2：", "Задача 2.", "문제 2.", "問題2", "السؤال 2:", "Câu 2:",
    "Zadanie 2.", "प्रश्न 2:", "<|prompter|>", "\n\n\n", "Below is an instruction that describes a task.\n",
    "Only if it is not so,", "Actually, here is another question.", "Sorry, one more task:",
]  # fmt: skip


@pytest.mark.parametrize("between", ANOTHER_TASK)
def test_another_task_leaves_no_answer_though_it_asks_nothing(between: str) -> None:
    for mark in ("#### {}", "Final answer: {}", "The answer is {}.", "\\boxed{{{}}}", '{{"answer": {}}}'):
        text = f"12 / 2 = 6\n{mark.format(6)}\n\n{between} There are 2 cars and 3 more come.\n2 + 3 = 5\n"
        assert final_answer(text + mark.format(5)) is None, text
        assert same("6", text + mark.format(6)), text


TAKEN_BACK = [
    "Wait, that is wrong.", "No, wait.", "Actually, I forgot one.", "Correction:", "Hmm, let me check.", "Oops!",
    "Let me recount.", "That is not correct.", "I made a mistake.", "(Sorry, I misread it.)", "Nein, das ist falsch.",
    "Attendez, une erreur.", "Espera.", "等等，不对。", "更正：", "Подождите, ошибка.", "訂正します。", "잠깐.",
]  # fmt: skip


@pytest.mark.parametrize("between", TAKEN_BACK)
def test_of_an_answer_that_is_taken_back_the_next_one_counts(between: str) -> None:
    assert same("42", f"Final answer: 41\n\n{between} 40 + 2 is more.\n\nFinal answer: 42")
    assert same("42", f"#### 41\n{between}\n#### 42")


WHOLE_TEXTS = [
    ("Therefore, the answer is:\n\n42", "Therefore, the answer is:\n\n43"),
    ("So the answer is:\n**42**", "So the answer is:\n**43**"),
    ("#### Final Answer\n42", "#### Final Answer\n43"),
    ("#### Step 2: add\nSo 4.", "#### Step 2: add\nSo 5."),
    ("The answer is as follows:\n\nParis", "The answer is as follows:\n\nRome"),
    ("A: Paris\nB: London\nI choose B", "A: Paris\nB: London\nI choose A"),
    ('{"answer": [\n1,\n2]}', '{"answer": [\n1,\n3]}'),
]


@pytest.mark.parametrize(("one", "other"), WHOLE_TEXTS)
def test_layouts_are_not_taken_for_answers(one: str, other: str) -> None:
    assert not same(one, other)


MARKED = {
    "the last of two": ("Final answer: 41\n\nNo, wait.\n\nFinal answer: 42", "42"),
    "not another's in quotes": ('Agent 2 wrote "Final answer: 41".\nThat is wrong.\nFinal answer: 42', "42"),
    "not another's in a block of quotes": ("> Final answer: 41\n\nFinal answer: 42", "42"),
    "with emphasis": ("- **Final Answer:** `x_1`", "`x_1`"),
    "a literal with a full stop": ("Final answer: ['a. B', 2]", "['a. B', 2]"),
    "the last field of two": ('{"answer": "41"}\nThat is wrong.\n{"answer": "42"}', "42"),
    "a calculation, then its result": ("Answer: 40 + 2 = 42\n\nFinal answer: 42", "42"),
    "an answer in words, then in short": ("Answer: We add two to forty.\n\nFinal answer: 42", "42"),
    "before good wishes": ("Final answer: Paris\n\nI hope this helps! Let me know if you have questions.", "Paris"),
    "before the same in words": ("#### 42\n\nShe had 42 eggs left over.", "42"),
    "in a field, whatever is said after it": ('{"answer": "42"}\n\nThe 3 eggs make 42.', "42"),
}


@pytest.mark.parametrize("case", MARKED)
def test_the_mark_that_counts(case: str) -> None:
    text, expected = MARKED[case]

    found, wanted = final_answer(text), read_answer(expected)

    assert found is not None
    assert wanted is not None
    assert found.value == wanted.value


HUGE = [
    "x",
    "\n",
    " ",
    "*",
    "$",
    "(",
    "\\(",
    "\\(\\boxed{7}\\) ",
    "\\boxed{7} cm ",
    "\\text{",
    "\\[",
    "`",
    "` ",
    "``` ",
    "`Final answer: ",
    "“",
    "[",
    "1,",
    "1'",
    "1 ",
    "A:",
    "\nA: \n",
    "\\boxed{",
    "<answer>",
    '"answer": ',
    "answer is ",
    "-",
]


@pytest.mark.parametrize("piece", HUGE)
def test_a_text_of_any_length_is_read_by_its_end(piece: str) -> None:
    final_answer(piece * (200_000 // len(piece)))
    for mark in ("Final answer: ", "Final answer:\n", "The answer is "):
        final_answer(mark + piece * (5_000 // len(piece)))

    tail = final_answer(piece * (200_000 // len(piece)) + "\n\nFinal answer: 42")

    assert tail is not None
    assert tail.shown == "42"
    assert final_answer("Final answer: 42\n" + "\n" * 7_000) is None


@pytest.mark.parametrize("piece", HUGE)
def test_what_one_mark_holds_is_read_in_linear_time(piece: str) -> None:
    """Read 4 and 200 KB behind a mark: a square would take 2,500 times as long."""

    def seconds(size: int) -> float:
        texts = [f"Final answer: {piece * (size // len(piece))}", f"{piece * (size // len(piece))}\\boxed{{7}}"]
        return min(
            timeit(lambda: [read_answer(text) for text in texts], timer=process_time, number=1) for _ in range(3)
        )

    assert seconds(200_000) < 400 * max(seconds(4_000), 1e-4)
