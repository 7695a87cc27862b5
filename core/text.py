"""Make foreign text fit for one line of a report."""

import html
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
CUT_TO_FIT, CUT_BEFORE = "\n[shortened here to fit]", "[shortened here to fit]\n"
"""Written by us where a text was cut to fit a prompt, inside its fence: what stood behind this, or before."""
_KEY_SHAPES = re.compile(r"(?i)(bearer\s+)[\w.~+/=*-]+|\b(sk|tgp|key|lsv2)[-_][\w*.-]{8,}")
_WORDS = re.compile(r"(?:[A-Z]?[a-z]+|[A-Z]+)(?:[-_. ](?:[A-Z]?[a-z]+|[A-Z]+))*")
_SHORT, _LONG = 8, 16
"""Characters: what is shorter than the first is no secret, what is as long as the second is one, words or not."""
_KEY_NAMES = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)$", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Those of terminals, and those that make a text read in another order than it is written in."""

_NOT_SEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]")
"""What drives a terminal, ends a line, turns around how a text is read, or stands there unseen; none that joins."""

_SHOWN = re.compile(
    r"[^\s\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u2800\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffd\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff]"
)
"""A character that somebody can see: none of Unicode's blanks and controls, of those that it calls ignorable, of the
blanks among its letters (braille, Hangul), and of what stands for a character that was lost."""

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
    text = strike_out(text, {*secrets, *held})
    return _KEY_SHAPES.sub(lambda match: (match[1] or "") + "[redacted]", text)


def strike_out(text: str, secrets: Iterable[str]) -> str:
    """Replace secrets in an error's text, also where it quotes them as JSON, an address or a web page would."""
    for secret in sorted(filter(is_secret, secrets), key=len, reverse=True):  # one may hold another
        text = text.replace(secret, "[redacted]")
        if not (secret.isascii() and secret.isalnum()):
            text = re.sub("".join(map(_quoted, secret)), "[redacted]", text)
    return text


def _quoted(char: str) -> str:
    """Return a pattern of a character as it is, or as JSON in JSON, an address or a web page spells it."""
    if char.isascii() and char.isalnum():
        return char
    percent, number = "".join(f"%{byte:02x}" for byte in char.encode("utf-8", "replace")), ord(char)
    spellings = [re.escape(char), percent, f"u{number:04x}", f"&#x0?{number:x};", f"&#0?{number};"]
    spellings += [re.escape(html.escape(char))] if html.escape(char) != char else []
    return rf"\\{{0,32}}(?i:{'|'.join(spellings)})"


def one_line(text: str, *, limit: int = 240) -> str:
    """Fold white space, drop control characters, and cut at `limit` characters."""
    folded = " ".join(filter(None, map(printable, text.split())))
    return folded if len(folded) <= limit else folded[: limit - 1] + "…"


def printable(text: str) -> str:
    """Drop control characters, so that a model's text can not drive the terminal it is printed on."""
    return _CONTROL.sub("", text)


def escaped(text: str) -> str:
    """Return a name as it can stand in a line: what a terminal would obey, or nobody would see, is spelt out."""
    return _NOT_SEEN.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def plain(text: str) -> str:
    """Return an ordinary string that any encoding of Unicode can carry: lone surrogates break requests and state.

    Two halves of a character that stand together become it; one that is alone becomes U+FFFD.
    """
    text = str(text)
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def plain_in(value: Any) -> Any:
    """Return what is nested, as read JSON, with each text in it made plain; as it is where nothing is wrong with it."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        cleaned: Any = {plain_in(name): plain_in(part) for name, part in value.items()}
    elif isinstance(value, list | tuple):
        cleaned = type(value)([plain_in(part) for part in value]) if type(value) in (list, tuple) else value
    else:
        return value
    return value if _is_same(value, cleaned) else cleaned


def _is_same(value: Any, cleaned: Any) -> bool:
    """Tell whether each part stayed as it was, without comparing what may be large, or know no equality."""
    if isinstance(value, dict):
        pairs = zip(value.items(), cleaned.items(), strict=False)
        return len(value) == len(cleaned) and all(a is c and b is d for (a, b), (c, d) in pairs)
    return value is cleaned or all(old is new for old, new in zip(value, cleaned, strict=True))


def plain_message(message: "BaseMessage") -> "BaseMessage":
    """Return a message in which every text can be carried anywhere; the same one where it can already.

    Args:
        message: What a user gives, or a model of anybody's answers.
    """
    fields = ("content", "name", "tool_calls", "invalid_tool_calls", "additional_kwargs")
    values = {name: value for name in fields if (value := getattr(message, name, None))}
    changed = {name: cleaned for name, value in values.items() if (cleaned := plain_in(value)) is not value}
    return message.model_copy(update=changed) if changed else message


def shows_nothing(text: str) -> bool:
    """Tell a text in which nobody can see anything: of blanks, controls, and marks that stand on nothing."""
    return all(unicodedata.combining(shown[0]) for shown in _SHOWN.finditer(text))


def normal_form(text: str, form: Literal["NFC", "NFKC", "NFKD"]) -> str:
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
