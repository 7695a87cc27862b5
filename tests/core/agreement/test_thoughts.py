"""What is marked in thinking, wherever that stands and whatever it is called, is no answer."""

from agreement import same
from langgraph_moa.core.agreement.answers import final_answer
from langgraph_moa.core.agreement.thoughts import without_thoughts
from tables import each

TAGS = [
    ("<think>", "</think>"), ("<think>", "<//think>"), ("<thinking>", "</thinking>"), ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"), ("<reasoning>", "</reasoning>"), ("<longcat_think>", "</longcat_think>"),
    ("<seed:think>", "</seed:think>"), ("<antThinking>", "</antThinking>"), ("<scratchpad>", "</scratchpad>"),
    ("<REASONING_SCRATCHPAD>", "</REASONING_SCRATCHPAD>"),
    ("<reflection>", "</reflection>"), ("[THINK]", "[/THINK]"),
    ("<inner_monologue>", "</inner_monologue>"), ("<analysis>", "</analysis>"), ("◁think▷", "◁/think▷"),
    ("<|open|>think<|sep|>", "<|close|>think<|sep|>"), ("<unused94>thought", "<unused95>"),
    ("< think >", "< / think >"),
    ("<|channel>thought", "<channel|>"), ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"), ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|inner_prefix|>", "<|inner_suffix|>"), ("&lt;think&gt;", "&lt;/think&gt;"), ('<think time="3">', "</think>"),
    ('<details type="reasoning" done="true">', "</details>"),
]  # fmt: skip


@each(("opening", "end"), TAGS)
def test_what_is_marked_in_thinking_is_no_answer(opening: str, end: str) -> None:
    for before in ("", "Let me check.\n\n", "<think>a</think>It is so.\n"):
        thinking = f"{before}{opening}\nA guess.\nFinal answer: 46\n"
        assert final_answer(thinking) is None, thinking
        assert final_answer(f"{thinking}{end}\nIt is forty-eight, as I see it.") is None
        assert same("48", f"{thinking}{end}\nFinal answer: 48")
        assert same("48", f"Final answer: 48\n\n{thinking}{end}")


def test_an_end_without_a_beginning_ends_what_the_prompt_began() -> None:
    assert final_answer("Hm.\nFinal answer: 46\n<//think>\nIt is so, as I see it.") is None
    assert same("48", "Hm.\nFinal answer: 46\n</think>\n48")
    assert same("48", "<think>a<think>b</think>\nFinal answer: 46\n</think>\n48")


@each(
    "text",
    [
        "I wrote `<think>` there.\nFinal answer: 6",
        "if a < think: b > c",
        "<b>thinking</b>",
        "[think](x)",
        "</details> 6",
        "",
    ],
)
def test_a_tag_that_is_spoken_of_and_other_text_stay(text: str) -> None:
    assert without_thoughts(text) == text
