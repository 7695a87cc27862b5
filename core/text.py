"""Make foreign text fit for one line of a report."""

import os
import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

OURS = {"lc_source": "langgraph_moa"}
"""What a message that is ours and not the user's carries beside its text; it stays here and is not sent."""
QUESTION = "moa_question"
"""Where in the text of a message that is ours the user's question stands: its first character, and the one after it."""
CUT_TO_FIT = "\n[shortened here to fit]"
"""Written by us where a text was cut to fit a prompt, inside its fence."""
_KEY_SHAPES = re.compile(r"(?i)(bearer\s+)[\w.~+/=*-]+|\b(sk|tgp|key|lsv2)[-_][\w*.-]{8,}")
_WORDS = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+)(?:[-_. ](?:[A-Z]?[a-z]+|[A-Z]+))*")
_SHORT, _LONG = 8, 16
"""Characters: what is shorter than the first is no secret, what is as long as the second is one, words or not."""
_KEY_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Those of terminals, and those that make a text read in another order than it is written in."""

_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffc")
"""Fillers of Hangul, the blank of Braille, and the place of an object: letters and signs by name that show nothing."""

_PIECES = re.compile(r"[\x00-\x7f]*+[^\x00-\x7f]{1,200}+|[\x00-\x7f]++")
"""Letters with the marks on them, however many: no more than this, or sorting the marks takes the square of them."""


def is_ours(message: "BaseMessage") -> bool:
    """Tell a message that this package put into a conversation from those of its user."""
    return OURS.items() <= message.additional_kwargs.items()


def text_in(message: "BaseMessage") -> str:
    """Return a message's text as it is held: `message.text` is another string each time, as long as a prompt."""
    content = message.content
    return content if isinstance(content, str) else str(message.text)


def question_in(message: "BaseMessage") -> str | None:
    """Return what the user asks in a message, without what this package wrote around it; None where nothing is."""
    span = question_span(message)
    return None if span is None else text_in(message)[slice(*span)]


def question_span(message: "BaseMessage") -> tuple[int, int] | None:
    """Return where in a message's text the user's question stands; None where none does."""
    if message.type != "human":
        return None
    if not is_ours(message):
        return 0, len(text_in(message))
    span: Any = message.additional_kwargs.get(QUESTION)
    is_span = isinstance(span, list | tuple) and len(span) == 2 and all(isinstance(at, int) for at in span)
    return (span[0], span[1]) if is_span else None


def is_secret(key: str) -> bool:
    """Tell a key from the words that servers without one are given for it, such as `ollama`, `EMPTY`, `not-needed`."""
    return len(key) >= _LONG or (len(key) >= _SHORT and not _WORDS.fullmatch(key))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Replace known secrets, those of the environment, and whatever is shaped like an API key, in an error's text.

    An answer is never changed so: it is what the model said.
    """
    held = (value for name, value in os.environ.items() if _KEY_NAMES.search(name))
    for secret in sorted(filter(is_secret, {*secrets, *held}), key=len, reverse=True):  # one may hold another
        text = text.replace(secret, "[redacted]")
    return _KEY_SHAPES.sub(lambda match: (match[1] or "") + "[redacted]", text)


def one_line(text: str, *, limit: int = 240) -> str:
    """Fold white space, drop control characters, and cut at `limit` characters."""
    folded = " ".join(filter(None, map(printable, text.split())))
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def printable(text: str) -> str:
    """Drop control characters, so that a model's text can not drive the terminal it is printed on."""
    return _CONTROL.sub("", text)


def shows_something(text: str) -> bool:
    """Tell whether a text has a letter, digit or sign that is seen: not only blanks, controls and marks on nothing."""
    return any(unicodedata.category(c)[0] in "LNPS" and c not in _BLANK_LETTERS for c in text)


def plain(text: str) -> str:
    """Return an ordinary string that any encoding of Unicode can carry: lone surrogates break requests and state."""
    return str(text).encode("utf-8", "replace").decode()


def normal_form(text: str, form: Literal["NFC", "NFKC"]) -> str:
    """Write what Unicode calls the same in one way, piece by piece.

    Of marks on one letter CPython's own takes the square, up to 3.14 (github.com/python/cpython/issues/149079): for a
    text of nothing else, of 200,000 of them, more than a minute.
    """
    return "".join(unicodedata.normalize(form, piece) for piece in _PIECES.findall(text))


def tokens_at_most(text: str, *, rate: int = 2) -> int:
    """Bound the tokens of a text: one for every two bytes, or every `rate`.

    Tokenizers take three to five bytes of prose for a token, and two or more of code and of Chinese; only long runs of
    digits and rare scripts can come out above this.
    """
    return -(-len(text.encode("utf-8", "replace")) // rate)
