"""Foreign text does nothing to the terminal that it is printed on."""

import html
import json
import unicodedata
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, HumanMessage
from langgraph_moa.core.text import (
    OURS,
    QUESTION,
    is_secret,
    normal_form,
    one_line,
    plain,
    plain_in,
    plain_message,
    printable,
    question_in,
    redact,
    shows_nothing,
    strike_out,
)
from tables import each

SAID = [
    ("a\x1b[31m b\x07", "a[31m b"),
    ("a \x00 b\x9b", "a b"),
    ("pay \u202e001\u202c \u2066now\u2069", "pay 001 now"),
    ("a\r\n\tb\x0b c", "a b c"),
    ("\N{FAMILY} ي \u200e", "\N{FAMILY} ي \u200e"),
]


@pytest.mark.parametrize(("said", "shown"), SAID)
def test_a_line_holds_no_control_characters(said: str, shown: str) -> None:
    assert one_line(said) == shown


def test_a_text_keeps_its_lines_and_loses_what_drives_a_terminal() -> None:
    assert printable("a\n\tb\x1b]0;title\x07 \u202ec") == "a\n\tb]0;title c"


@pytest.mark.parametrize(
    ("text", "shows"),
    [("a", True), ("\u200b.", True), ("語", True), ("=", True), ("👍", True), ("", False), (" \n\t\x00", False)]
    + [(blank, False) for blank in ("\u200b\ufeff", "\u3164\u115f", "\u2800", "\u0301", "\ufe0f", "\u2028")],
)
def test_what_is_seen_is_told_from_what_is_not(text: str, *, shows: bool) -> None:
    assert shows_nothing(text) != shows


PLACEHOLDERS = [
    "",
    "x",
    "test",
    "none",
    "EMPTY",
    "ollama",
    "lm-studio",
    "not-needed",
    "no-key-needed",
    "placeholder",
    "vllm",
    "k1",
]
KEYS = [
    "tiger-burning-bright",
    "Zq7pLant",
    "sk-12345678",
    "abcdefgh12",
    "aBcDeFgHiJkL",
    "0123456789abcdef",
    "dGhlIGtleQ==",
]


@pytest.mark.parametrize("word", PLACEHOLDERS)
def test_what_stands_for_no_key_is_no_secret(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGGRAPH_MOA_API_KEY", word)
    told = f"While executing the latest test: {word} is ollama's EMPTY list, a placeholder that is not-needed."

    assert not is_secret(word)
    assert redact(told, [word]) == told


@each("key", KEYS)
def test_a_key_is_struck_from_an_error(key: str) -> None:
    assert redact(f"wrong key: '{key}', {key}x", [key[:-1], key]) == "wrong key: '[redacted]', [redacted]x"


def test_text_is_made_fit_for_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOMEBODYS_API_KEY", "tiger-burning-bright")

    assert redact("it said tiger-burning-bright") == "it said [redacted]"
    assert redact("Bearer abc def sk-0123456789 tok", ["tok"]) == "Bearer [redacted] def [redacted] tok"
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("x" * 10, limit=5) == "xxxx…"
    assert printable("a\x1b[31mb\r\n\tc\x9b") == "a[31mb\n\tc"


@each("span", ["ab", [1], [None, 2], ["0", "1"], {"a": 1}, 7])
def test_a_place_that_is_none_holds_no_question(span: object) -> None:
    forged = HumanMessage("text", additional_kwargs={**OURS, QUESTION: span})

    assert question_in(forged) is None


@pytest.mark.parametrize("form", ["NFC", "NFKC"])
@given(text=st.text(alphabet=st.one_of(st.characters(), st.sampled_from("e\u0301\u0323\u1112\u1161\u11ab\uff9eﬁ½ "))))
def test_one_way_of_writing_is_unicodes(form: Any, text: str) -> None:
    assert normal_form(text, form) == unicodedata.normalize(form, text)


def test_a_letter_with_more_marks_than_anybody_reads_is_written_in_some_way() -> None:
    written = normal_form("e" + "\u0301\u0323" * 1_000, "NFC")

    assert (written[0], len(written)) == ("ẹ", 2_000)


HALVES = [
    ("an answer", "an answer"),
    ("\N{FAMILY} grün", "\N{FAMILY} grün"),
    ("\ud83d\ude00", "\N{GRINNING FACE}"),
    ("a \ud83d b", "a \ufffd b"),
    ("\ude00\ud83d", "\ufffd\ufffd"),
    ("\ud83d\ud83d\ude00", "\ufffd\N{GRINNING FACE}"),
    ("caf\udce9", "caf\ufffd"),
    ("\x00\n", "\x00\n"),
]


@each(("text", "carried"), HALVES)
def test_halves_of_characters_are_joined_or_replaced(text: str, carried: str) -> None:
    assert plain(text) == carried
    assert plain_in({text: [text, (text, 7)], "a": None}) == {carried: [carried, (carried, 7)], "a": None}


@given(st.text(st.characters(exclude_categories=[]), max_size=20))
def test_any_text_can_be_carried_anywhere(text: str) -> None:
    assert plain(plain(text).encode().decode()) == plain(text)
    assert plain(text) == text or any("\ud800" <= char <= "\udfff" for char in text)


class Word(str):
    """A text of a kind of its own, as LangChain's are."""

    __slots__ = ()


def test_what_is_plain_stays_the_same() -> None:
    nested: Any = {"a": ["b", ("c", 7)], "d": object(), "e": float("nan")}

    assert plain_in(nested) is nested
    assert type(plain(Word("a"))) is str
    message = HumanMessage([{"type": "text", "text": "a"}], name="ann")
    assert plain_message(message) is message


def test_a_message_is_made_plain_wherever_it_holds_text() -> None:
    call: Any = {"name": "look", "args": {"at": ["\ud83d"]}, "id": "1", "type": "tool_call"}
    message = AIMessage([{"type": "text", "text": "a \ud83d"}], name="\ud83d", tool_calls=[call], id="m1")

    cleaned = plain_message(message)

    assert (cleaned.text, cleaned.name, cleaned.id) == ("a \ufffd", "\ufffd", "m1")
    assert isinstance(cleaned, AIMessage)
    assert cleaned.tool_calls[0]["args"] == {"at": ["\ufffd"]}
    assert message.name == "\ud83d"


INVISIBLE = [
    *("", " \n\t", "\x00\x1b\x7f\x9f", "\u200b\u200d\ufeff", "\u202e\u2066", "\xad", "\ufe0f", "\U000e0041"),
    *(
        "\u2800",
        "\u3164\u115f\u1160\uffa0",
        "\u180e",
        "\u034f",
        "\xa0\u3000",
        "\ufffd",
        "\u2028",
        "\U000e0100",
        "\u0301",
    ),
]
VISIBLE = ["a", "0", ".", "-", "\u200b.", "\N{GRINNING FACE}", "☺\ufe0f", "你", "ي", "\u0600", "\ue000", " x"]


@each("text", INVISIBLE)
def test_what_nobody_can_see_shows_nothing(text: str) -> None:
    assert shows_nothing(text)
    assert shows_nothing(text * 3)
    assert shows_nothing("\ud83d" + text)
    assert not shows_nothing(f"{text}a{text}")


@each("text", VISIBLE)
def test_what_somebody_can_see_shows_something(text: str) -> None:
    assert not shows_nothing(text)


@pytest.mark.parametrize("key", ["tiger/burning&bright 1", 'a"key\\with-9', "schlüssel-mit-9", "plainkey12345678"])
def test_a_key_is_struck_however_it_is_spelt(key: str) -> None:
    written = json.dumps(key)
    for spelt in (key, written, json.dumps(written), quote(key, safe=""), html.escape(key), json.dumps({"a": key})):
        told = strike_out(f"a {spelt} b", [key])
        assert "[redacted]" in told
        assert not any(part in told for part in ("burning", "with-9", "mit-9", "345"))
