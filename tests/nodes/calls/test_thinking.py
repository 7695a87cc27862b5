"""Thinking in an answer's text is taken off, whole or in pieces; what speaks of such tags is left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.nodes.calls.thinking import Splitter, split_thinking
from tables import each

THOUGHT = {
    "Qwen, DeepSeek": "<think>\nSECRET 46\nFinal answer: 46\n</think>\n\n48",
    "attached": "<think>SECRET</think>48",
    "nothing thought": "<think>\n\n</think>\n\n48",
    "another case": "<THINK>SECRET</THINK>48",
    "thinking": "<thinking>SECRET</thinking>48",
    "thought": "<thought>\nSECRET\n</thought>\n48",
    "reasoning": "<reasoning>\nSECRET</reasoning>\n48",
    "Seed": "<seed:think>SECRET</seed:think>48",
    "Magistral": "[THINK]SECRET[/THINK]48",
    "Kimi": "◁think▷SECRET◁/think▷48",
    "gpt-oss": "<|channel|>analysis<|message|>SECRET<|end|><|start|>assistant<|channel|>final<|message|>48<|return|>",
    "gpt-oss, commented": (
        "<|start|>assistant<|channel|>analysis<|message|>SECRET<|end|><|start|>assistant<|channel|>commentary<|message|>"
        "SECRET<|end|><|start|>assistant<|channel|>final<|message|>48"
    ),
    "gpt-oss, in a form": "<|channel|>analysis<|message|>SECRET<|end|><|start|>assistant<|channel|>final "
    "<|constrain|>json<|message|>48",
    "gpt-oss, final alone": "<|channel|>final<|message|>48<|return|>",
    "gpt-oss without its marks": "analysisSECRET We needassistantfinal48",
    "Gemma": "<|channel>thought\nSECRET<channel|>48<turn|>",
    "Cohere": "<|START_THINKING|>SECRET<|END_THINKING|><|START_RESPONSE|>48<|END_RESPONSE|>",
    "OpenThinker": "<|begin_of_thought|>SECRET<|end_of_thought|>\n\n<|begin_of_solution|>48<|end_of_solution|>",
    "LongCat": "<longcat_think>SECRET</longcat_think>48",
    "MedGemma": "<unused94>thought\nSECRET<unused95>48",
    "a scratchpad": "<REASONING_SCRATCHPAD>SECRET</REASONING_SCRATCHPAD>48",
    "K2": "<|open|>think<|sep|>SECRET<|close|>think<|sep|><|open|>response<|sep|>48",
    "escaped": "&lt;think&gt;SECRET&lt;/think&gt;48",
    "two slashes": "<think>SECRET<//think>48",
    "gpt-oss without a final": "<|channel|>analysis<|message|>SECRET<|end|>48",
    "after a role": "assistant\n<think>SECRET</think>48",
    "Open WebUI": '<details type="reasoning" done="true">\n<summary>x</summary>SECRET</details>\n48',
    "after blanks": "\n\n \ufeff<think>SECRET</think>48",
    "after a template's tokens": "<|im_start|>assistant\n<think>SECRET</think>48",
    "twice": "<think>SECRET</think>\n<think>SECRET</think>48",
    "quoting its own tag": "<think>SECRET ends with `</think>`, so\n</think>\n48",
    "the end of a template's": "</think>\n\n48",
}


def streamed(text: str, size: int) -> str:
    splitter = Splitter()
    return "".join(splitter.feed(text[at : at + size]) for at in range(0, len(text), size)) + splitter.end()


@each("text", THOUGHT.values())
def test_thinking_is_taken_off_in_any_spelling(text: str) -> None:
    assert split_thinking(text).text == "48"
    assert {streamed(text, size) for size in (1, 2, 5, 30)} == {"48"}
    assert ("SECRET" in split_thinking(text).reasoning) == ("SECRET" in text)


@pytest.mark.parametrize(
    "text",
    ["<think>\nSECRET and on", "<think>48", "<|channel|>analysis<|message|>SECRET", "[THINK]SECRET", "analysisWe need"],
)
def test_thinking_that_was_cut_is_all_of_it(text: str) -> None:
    assert split_thinking(text).text == ""
    assert streamed(text, 3) == ""


OPENED = {
    "on a line of its own": ("so 46\n</think>\n\n48", "48"),
    "after a number": ("So it is 408</think>\n\n408", "408"),
    "after a sentence": ("It is so. </think>\n48", "48"),
    "after a quoted one": ("I end with `</think>`.\n</think>\n48", "48"),
    "after one in a sentence": ("I write </think> then\n</think>\n48", "48"),
    "with nothing behind it": ("So it is 48.\n</think>", ""),
    "after one that opens in a sentence": ("The user asks about <think> tags.\n</think>\n\n48", "48"),
    "in code that has no end": ("So ```python\nx\n</think>\n\n48", "48"),
    "after a number and a blank": ("so it is 48 </think>\n\n48", "48"),
    "in a channel": ("We need it.<|end|><|start|>assistant<|channel|>final<|message|>48", "48"),
    "within thinking": ("<think>a<think>b</think>c\n</think>48", "48"),
}


@each(("text", "answer"), OPENED.values())
def test_thinking_that_the_prompt_opened_ends_alone(text: str, answer: str) -> None:
    split = split_thinking(text)

    assert split.text == answer
    assert split.opened == (not text.startswith("<think>"))


def test_an_end_with_nothing_behind_it_ends_none_where_the_thinking_came_apart() -> None:
    assert split_thinking("48\n</think>", thought=True).text == "48\n</think>"
    assert split_thinking("</think>\n48", thought=True).text == "48"


ABOUT = [
    "<think> for Qwen, [THINK] for Magistral.",
    "<think>: the tag that Qwen uses.",
    "<think>...</think> is what Qwen writes.",
    "<think>-Tag: so beginnt es.",
    "<think>标签用于思考",
    "analysisBuilder is the class that you need.",
    "analysisResult = 5",
    "In XML you close the element with\n</thought>\nand go on with the next one.",
    "The `<think>` tag opens the thinking of Qwen.",
    "Qwen ends its thinking with </think> and answers.",
    "<think> is a tag of Qwen.",
    "<think></think> tags wrap thoughts.",
    "`</think>` closes it.",
    "Qwen writes:\n<think>\nfoo\n</think>\nand then it answers.",
    "```\nfoo\n</think>\n```\nis how it ends.",
    "Analysis: 48",
    "analysis of it",
    "<div>48</div>",
    "<thinker>48",
    "[THIS] is 48",
    "a < b",
    "<",
    "  48",
    "",
    "Here </think>, there.",
]


@each("text", ABOUT)
def test_an_answer_about_such_a_tag_keeps_its_text(text: str) -> None:
    assert split_thinking(text) == ("", text, False)
    assert {streamed(text, size) for size in (1, 4)} == {text}


PIECES = ["<think>", "</think>", "[THINK]", "`", "\n", " ", "a", "48", "<|channel|>", "final", "<|message|>", "<", "◁"]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.integers(1, 9))
def test_pieces_are_read_as_the_whole_is(text: str, size: int) -> None:
    whole, split = streamed(text, len(text) + 1), split_thinking(text)

    assert streamed(text, size) == whole
    assert whole.endswith(split.text)  # an end that stands alone is told from the whole only


def test_a_model_whose_prompt_opens_the_thinking_is_held_to_its_end() -> None:
    splitter = Splitter(opened=True)
    shown = [splitter.feed(piece) for piece in ("so ", "we</thi", "nk>\n", "\n48", " is it")]

    assert (shown, splitter.end(), splitter.reasoning) == (["", "", "", "48", " is it"], "", "so we")


@pytest.mark.parametrize("text", ["Qwen ends it with </think> and then answers.", "One two </think> closes it all."])
def test_a_sentence_about_the_end_is_none_of_a_prompts_thinking(text: str) -> None:
    splitter = Splitter(opened=True)

    assert splitter.feed(text) + splitter.end() == text


def test_thinking_that_comes_apart_is_not_waited_for() -> None:
    splitter = Splitter(opened=True)
    splitter.close()

    assert splitter.feed("It is 48.") == "It is 48."


def test_what_was_held_back_for_nothing_is_the_answer() -> None:
    splitter = Splitter(opened=True)

    assert [splitter.feed("48 "), splitter.feed("it " * 200), splitter.end()] == ["", "", "48 " + "it " * 200]
    assert splitter.reasoning == ""
