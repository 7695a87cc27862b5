"""What stands behind a change of speaker, or behind a further question, is no answer."""

import pytest
from agreement import judge, same
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa import closed_answers
from langgraph_moa.core.agreement.answers import final_answer
from langgraph_moa.core.agreement.measures import medoid
from langgraph_moa.core.agreement.turns import own_part
from together import together

ASKERS = [
    "User:", "USER:", "Human:", "**User:**", "### Human:", "- User:", "User :", "User (turn 2):", "Q:", "Question:",
    "**Question:**", "Next question:", "New question:", "Follow-up question:", "User question:", "Problem:", "Task:",
    "Exercise:", "Prompt:", "Input:", "Instruction:", "### Instruction:", "### Question\n", "## User\n", "[USER]",
    "[User]:", "user\n", "---\nQ:", "Frage:", "Aufgabe:", "Pregunta:", "Domanda:", "Вопрос:", "Задача:", "用户：",
    "问题：", "問題:", "質問：", "질문:", "سؤال:", "Câu hỏi:",
]  # fmt: skip
NUMBERED = ["Question 2:", "Question #2:", "Question No. 2:", "Q2:", "Q2.", "**Question 2**\n", "## Problem 2\n"]
NUMBERED += ["## Problem 2 of 5\n", "Example 2:", "Problem II:", "Question two:", "Aufgabe 2:", "问题二："]
AUTHORS = ["Assistant:", "AI:", "**Assistant:**", "### Response:", "### Assistant\n", "assistant\n", "助手："]
TOKENS = [
    "<|im_end|>\n<|im_start|>user\n", "<|im_start|>user\n", "<|user|>", "<|eot_id|>", "<|endoftext|>", "<|assistant|>",
    "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n", "<|im_end|>\n<|im_start|>assistant\n", "[INST]",
    "</s><s>[INST] ", "</s>", "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>user\n", "<turn|>\n<|turn>user\n",
    "<｜User｜>", "<｜end▁of▁sentence｜>", "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>", "[|endofturn|]\n[|user|]",
    "[e~[\n]~b]user\n", "<extra_id_1>User\n", "<|im_user|>", "<|return|>", "assistant\n\n", "user\n\n",
]  # fmt: skip
ANSWERS = ["#### 6", "Final answer: 6", "6", "The answer is 6.", "\\boxed{6}", '{"answer": 6}', "12 / 2\n**Answer:** 6"]
ANSWERS += ["So 12 / 2 = 6.\n\n**Final answer:**\n\n6"]
FURTHER = ["3 cars and 2 more?\nA: 3 + 2 = 5\n#### 5", "2 + 3?\nFinal answer: 5", "2 + 3?\n\nThe answer is 5."]
FURTHER += ["2 + 3?\n\nAssistant: \\boxed{5}", '2 + 3?\n### Response:\n{"answer": 5}']


@together("change", [*ASKERS, *AUTHORS, *TOKENS])
def test_the_answer_stands_before_the_change(change: str) -> None:
    gaps = ("\n\n", "\n", "" if change in TOKENS else "\n\n\n")
    for text in (f"{answer}{gap}{change} {more}" for answer in ANSWERS for gap in gaps for more in FURTHER):
        assert same("6", text), text


@together("change", NUMBERED)
def test_of_several_questions_nobody_knows_which_was_asked(change: str) -> None:
    for text in (f"{answer}\n\n{change} {more}" for answer in ANSWERS for more in FURTHER):
        assert final_answer(text) is None, text


@together("change", [*ASKERS, *AUTHORS, *TOKENS, *NUMBERED])
def test_what_stands_behind_a_change_is_never_the_answer(change: str) -> None:
    assert final_answer(f"It is so, as I see it.\n\n{change} 2 + 3?\nFinal answer: 5") is None


RESTATED = [
    "Q: 12 eggs, half?\nA: 6",
    "Question: 12 eggs, half?\n\nAnswer: 6",
    "**Question:** 12 eggs?\n\n**Final Answer:** 6",
    "Problem: 12 eggs\n\nSolution: 12 / 2 = 6\n\nFinal answer: 6",
    "### Problem\n12 eggs\n\n### Solution\n12 / 2\n#### 6",
    "Question 1: 12 eggs?\nFinal answer: 6",
    "Here is the question again:\n\nQuestion: 12 eggs?\nAnswer: 6",
    "User: 12 eggs?\nAssistant: 6",
    "Input: 12\nOutput: 6\n\nFinal answer: 6",
    "Assistant: The answer is 6.",
    "### Response:\nFinal answer: 6",
    "assistant\n\nFinal answer: 6",
    "<|im_start|>assistant\nFinal answer: 6<|im_end|>",
    "<|start_header_id|>assistant<|end_header_id|>\n\n6<|eot_id|>",
    "[INST] 12 eggs? [/INST] 6 </s>",
    "<s> 6</s>",
    "> Question: 12 eggs?\n\nFinal answer: 6",
    "The user asks: how many?\nFinal answer: 6",
    "The <s>10</s> 8 eggs are 6.\nFinal answer: 6",
    "`<|im_end|>` ends a turn.\nFinal answer: 6",
    '{"answer": "6<|eot_id|>"}',
    "A system of equations:\nx = 6\nFinal answer: 6",
]


@together("text", RESTATED)
def test_a_question_that_is_restated_first_and_an_opened_turn_belong_to_the_answer(text: str) -> None:
    assert same("6", text)


@pytest.mark.parametrize(
    "text",
    [
        "Q: 12 eggs?\nA: 6\n\nQ: 3 cars?\nA: 5",
        "Question 1: a?\nAnswer: 6\n\nQuestion 2: b?\nAnswer: 5",
        "Question: a?\n#### 6\n\nQuestion: b?\n#### 5",
    ],
)
def test_several_questions_from_the_start_have_no_one_answer(text: str) -> None:
    assert final_answer(text) is None


def test_who_goes_on_stands_for_nobody_else() -> None:
    goes_on = "12 / 2 = 6\n#### 6\n\nQ: 3 cars and 2 more?\nA: 3 + 2 = 5\n#### 5"
    agreement = judge(closed_answers(), [goes_on, goes_on, "Final answer: 6", "The answer is 5."])

    assert (agreement["groups"], agreement["representative"], agreement["answer"]) == ([[0, 1, 2], [3]], 2, "6")
    assert medoid([goes_on, goes_on], [0, 1]) == 0


@given(st.lists(st.sampled_from([*ASKERS, *AUTHORS, *TOKENS, *ANSWERS, "\n", " ", "a"]), max_size=9).map("".join))
def test_a_text_is_read_in_part_and_that_part_as_a_whole(text: str) -> None:
    own = own_part(text)

    assert own in text
    assert own_part(own) in own


def test_a_change_far_from_the_end_counts() -> None:
    further = "\n\nQ: How many?\nA: It is so.\n#### 5"

    assert same("6", f"#### 6{further * 400}")
    for times in (400, 2_000):
        assert final_answer(f"It is so, as I see it.{further * times}") is None
    assert final_answer(f"#### 6{further * 2_000}") is None  # so far nobody looks
