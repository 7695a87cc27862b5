"""A text of one piece over and over is told from whatever people and models write."""

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.nodes.calls.degenerate import repeated_piece
from tables import each

LOOPS = {
    "a word": "word " * 32_000,
    "a letter": "a" * 12_000,
    "of another script": "哈" * 12_000,
    "a paragraph": "".join(f"w{n} " for n in range(150)) * 60,
    "after a beginning": "Sure, here it is!\n" + "I hope this helps! " * 2_000,
    "whose last piece was cut": "word\n" * 3_000 + "wor",
    "before a stop token": "word " * 3_000 + "<|im_end|>",
    "before a closing line": "word " * 3_000 + "\nI hope this helps!",
    "of one sign": "!" * 200,
    "before blanks": "word " * 3_000 + "\n" * 9_000,
}
TEXTS = {
    "short": "ha " * 100,
    "an answer that blanks trail": "48" + " " * 30_000,
    "a table": "\n".join(f"| {n} | x |" for n in range(3_000)),
    "numbers": " ".join(map(str, range(9_000))),
    "an answer that a short loop trails": " ".join(map(str, range(3_000))) + " so" * 1_000,
    "lines that differ": "\n".join(f"{n}. the lamp is green" for n in range(2_000)),
}


@each("text", LOOPS.values())
def test_a_loop_is_told(text: str) -> None:
    piece = repeated_piece(text, cut=False)

    assert piece
    assert piece * 3 in text


@each("text", TEXTS.values())
def test_an_ordinary_text_is_none(text: str) -> None:
    assert repeated_piece(text, cut=True) is None


def test_a_loop_that_only_a_limit_ended_is_told_earlier() -> None:
    assert repeated_piece("word " * 500, cut=False) is None
    assert repeated_piece("word " * 500, cut=True)
    assert repeated_piece("word " * 300, cut=True) is None


@given(st.text(min_size=1, max_size=40), st.text(max_size=200))
def test_whatever_is_repeated_is_found(piece: str, before: str) -> None:
    text = before + piece * (12_000 // len(piece) + 1)

    assert bool(repeated_piece(text, cut=False)) == bool(len(text.rstrip()) >= 10_000)
