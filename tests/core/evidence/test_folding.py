"""Texts are folded to what readers see, and each character knows where it stood."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.core.evidence.folding import EDGE, as_seen
from tables import each


def apart(text: str) -> str:
    return unicodedata.normalize("NFD", text)


PIECES = """ﬁ é １ Ｅ ² ½ * ** _ ` ~~ - -@ @ # > “ ” ' — … 가 が ｶﾞ 中 ab C 7 1.5 [a](b) \\* ą ß й हिं אִ""".split()
written = st.lists(
    st.sampled_from(
        [
            *(piece.replace("@", "\n") for piece in PIECES),
            *map(apart, PIECES),
            " ",
            "  ",
            *"\u00ad\u200b\u00a0\u3000\u0301",
        ]
    )
    | st.characters(),
    max_size=30,
).map("".join)


def seen(text: str) -> str:
    return as_seen(text).text.replace(EDGE, "")


@given(written)
def test_offsets_lead_back_into_the_text(text: str) -> None:
    folded = as_seen(text)

    assert len(folded.offsets) == len(folded.text) + 1
    assert folded.offsets == sorted(folded.offsets) or _only_marks_move(text)
    assert all(0 <= at <= len(text) for at in folded.offsets)
    assert folded.offsets[-1] == len(text)


def _only_marks_move(text: str) -> bool:
    return any(unicodedata.combining(character) for character in unicodedata.normalize("NFKD", text))


@given(written, written)
def test_what_stands_alone_is_found_where_it_was_written(before: str, after: str) -> None:
    passage = f"{before}\n\nprimed “with ﬁne” water７\n\n{after}"

    folded = as_seen(passage)

    at = folded.text.find(as_seen("primed 'with fine' water7").text)
    assert at >= 0
    assert passage[folded.offsets[at] :].startswith("primed") or passage.find("primed") <= folded.offsets[at]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Z")), max_size=30))
def test_both_forms_of_a_text_are_the_same(form: str, text: str) -> None:
    normal = unicodedata.normalize("NFC" if form == "NFC" else "NFD", text)

    assert seen(normal) == seen(unicodedata.normalize("NFC", text))


@each(
    ("text", "words"),
    [
        ("the **5 MB** limit", "|the| |5| |MB| |limit|"),
        ("15 million, 1.5 or -3", "|15| |million|, |1.5| |or| |-3|"),
        ("3-5 items", "|3|-|5| |items|"),
        ("un**believ**able", "|unbelievable|"),
        ("snake_case", "|snake|_|case|"),
        ("ポンプ が 動く", "ポンプが動く"),
        ("2*3", "|2|*|3|"),
        ("word-\nbreak", "|wordbreak|"),
        ("pre- and post-war", "|pre|- |and| |post|-|war|"),
        ("", ""),
    ],
)
def test_words_have_their_edges(text: str, words: str) -> None:
    assert as_seen(text).text.replace(EDGE, "|") == words


def test_broken_words_are_told() -> None:
    assert as_seen("a well-\nknown fact").compounds == {"wellknown"}
    assert seen("well-known") == "well-known"
    assert as_seen("well-known", compounds=frozenset({"wellknown"})).text.replace(EDGE, "") == "wellknown"
