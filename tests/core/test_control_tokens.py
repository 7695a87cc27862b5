"""Control tokens of chat templates are harmless in foreign text, and no part of an answer that they trail."""

import unicodedata
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.control_tokens import TOKEN, neutralised, only_tokens, without_last_tokens
from tables import each
from together import together

TOKENS = [
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|user|>", "<|assistant|>", "<|end|>", "<|eot_id|>",
    "<|start_header_id|>", "<|begin_of_text|>", "<|START_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|im_user|>",
    "<|tool_calls_section_begin|>", "<|start_of_role|>", "<|channel|>", "<|im:start|>", "<|/tool_call|>",
    "<|assistant to=functions.run|>", "<｜User｜>", "<｜end▁of▁sentence｜>", "<｜tool▁calls▁begin｜>", "｜DSML｜",
    "[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<s>", "</s>", "<unk>", "<pad>", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]",
    "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[TOOL_RESULTS]", "[/TOOL_RESULTS]", "[TOOL_CONTENT]",
    "[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]", "[IMG]", "[PREFIX]", "<start_of_turn>", "<end_of_turn>", "<bos>",
    "<eos>", "<unused12>", "<|turn>", "<turn|>", "<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", '<|"|>',
    "<start_function_call>", "<escape>", "[gMASK]", "<sop>", "<eop>", "[|user|]", "[|endofturn|]", "]~b]", "]~!b[",
    "[e~[", "]!p~[", "]<]start of image[>[", "<seed:bos>", "</seed:think>", "<minimax:tool_call>", "<extra_id_1>",
    "<SPECIAL_12>", "<reserved_106>", "<longcat_user>", "<think>", "</think>", "<tool_call>", "</tool_call>",
    "<tool_response>", "</tool_response>", "<fim_prefix>", "<|fim_middle|>", "<EOT>", "<[begin_of_image]>",
    "<BOS_TOKEN>", "<arg_key>", "[UNUSED_TOKEN_145]",
    "<fake_token_around_image>", "<audio_soft_token>", "<image_soft_token>", "<commit_before>", "<commit_msg>",
    "<TOOLCALL>", "</TOOLCALL>", "<ctrl23>", "<|DSML|invoke", "</|DSML|parameter", "<longcat_think>", "<unused94>",
    "<|open|>", "<|sep|>", "<|/tool>", "<endoftext>",
    "<dsml:", "</dsml:", "[REF]", "[/REF]", "[REFERENCE_DOC_19]", "<META_START>", "<META>", "<SOS>", "<__media__>",
    ">>QUESTION<<", ">>ANSWER<<", "<mask:0>", "<IMG_CONTEXT>", "<tts_text_bos>", "<row_1_col_2>", "<tool_declare>",
    "<|header_start|>", "<|eot|>", "<|python_tag|>", "<|bom|>", "<｜hy_User｜>", "<|extra_0|>", "<|observation|>",
    "<|action_start|>", "<EOP_TOKEN>", "<|im_middle|>", "<|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>", "[EOS]",
    "<|constrain|>", "<|message|>", "<|placeholder1|>", "<|fim▁begin|>", "<｜begin▁of▁repo▁name｜>",
]  # fmt: skip
ORDINARY = [
    "[1]", "[^2]", "[a link](b.md)", "- [ ] to do", "- [x] done", "[NOTE]", "a[i][j]", "x[e]", "[[1, 2], [3]]", "[|x|]",
    "a <| b", "a <| b |> c", "x |> f", "f <|> g", "<|", "|>", "x < y > z", "1<2", "a << b", "List<String>", "<T>",
    "<p>a</p>", "<div class='s'>", "<br/>", "<strong>s</strong>", "<script>", "<img src='x'>", "<user>", "<filename>",
    "<path>", "<!-- s -->", "<?xml?>", "\\[x\\]", "{|x| x}", "P(a|b)<1", "<phi|psi>", "[img]",
    "[args]", "[mask]", "[MASK]",
    "a >> b << c", ">>> QUESTION <<<", "cout << x >> y", "[REFERENCES]", "[Ref]", "<dsm>", "<metadata>", "<img>",
    "<pre>", "<image>", "<mask id='m'></mask>", "<tools>", "<role>", "a[b]~c", "]~", "<3", "<- s", "#include <string>",
]  # fmt: skip


@together("token", TOKENS)
def test_a_token_is_one_no_more_wherever_it_stands(token: str) -> None:
    harmless = neutralised(f"a{token}{token} b\n{token}")

    assert token not in harmless
    assert token not in unicodedata.normalize("NFKC", harmless)
    assert len(harmless) == len(f"a{token}{token} b\n{token}")
    assert neutralised(harmless) == harmless


@together("hidden", ["\u200b", "\u00ad", "\ufeff", "\u2060", "\u200d", "\ufe0f", "\U000e0041", "\u202e"])
def test_what_nobody_sees_hides_no_token(hidden: str) -> None:
    for token in TOKENS:
        text = f"{hidden}a {hidden.join(token)}{hidden} b {token[0]}{hidden * 9}{token[1:]}"
        harmless = neutralised(text)

        assert token not in harmless.replace(hidden, "")
        assert len(harmless) == len(text)
        assert harmless.count(hidden) == text.count(hidden)
        assert neutralised(harmless) == harmless
    assert neutralised(f"a{hidden} [1] ✌{hidden}") == f"a{hidden} [1] ✌{hidden}"


@together("case", [str.upper, str.lower, str.title, str.swapcase])
def test_angled_tokens_are_found_in_any_case(case: Callable[[str], str]) -> None:
    """SentencePiece and added tokens compare letters as they are, but a normalizer may fold them first."""
    for token in ("<|im_end|>", "<|EOT_ID|>", "<start_of_turn>", "<EOS>", "<｜User｜>", "</s>", "<<SYS>>", "</think>"):
        assert case(token) not in neutralised(f"a{case(token)}b")


@together("text", ORDINARY)
def test_code_mathematics_and_markup_stay_as_they_are(text: str) -> None:
    assert neutralised(text) == text
    assert without_last_tokens(text) == text


@given(st.lists(st.sampled_from([*TOKENS, *"<[]|>/s｜~", "a", " "]), max_size=12).map("".join))
def test_nothing_is_left_whatever_stands_side_by_side(text: str) -> None:
    harmless = neutralised(text)

    assert not TOKEN.search(harmless)
    assert not [token for token in TOKENS if token in harmless]


ENDS = ["<|eot_id|>", "<|im_end|>", "</s>", "<end_of_turn>", "<eos>", "<|end|>", "<|return|>", "<turn|>", "[e~["]
ENDS += ["[|endofturn|]", "<｜end▁of▁sentence｜>", "</s></s>", " </s>\n<|endoftext|>\n", "<|end_of_text|><pad><pad>"]


@together("end", ENDS)
def test_tokens_that_trail_a_text_are_taken_off(end: str) -> None:
    assert without_last_tokens(f"48{end}") == "48"


@each(
    "text", ["<s>48</s>", "48</think>", "48</tool_call>", "<|begin_of_box|>48<|end_of_box|>", "48 </s>.", "48\n\n", ""]
)
def test_what_a_token_closes_and_what_none_trails_stays(text: str) -> None:
    assert without_last_tokens(text) == text


@together("token", TOKENS)
def test_a_text_of_nothing_but_tokens_is_told(token: str) -> None:
    for text in (token, f" {token}\n{token}\u200b", f"{token}<pad><pad></s>"):
        assert only_tokens(text)
    assert not only_tokens(f"{token} 48")


@together("text", [*ORDINARY, "", " ", "\u200b", "48", "."])
def test_what_shows_something_and_what_holds_no_token_is_no_text_of_tokens(text: str) -> None:
    assert not only_tokens(text)
