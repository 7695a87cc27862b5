"""What counts as the same word: texts and questions are written in one way, for the index and for whoever compares."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from ..text import normal_form

LONGEST_STEM = 6
_STOP_WORDS = frozenset(
    "a about an and are as at be been but by can could did do does doing for from had has have how i if in into is it "
    "its me my of on or our please should so tell than that the their them then there these they this those to us was "
    "we were what when where which who whom why will with would you your".split()
)
_SPELLINGS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ґ": "г"}
    | {"ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ٱ": "ا"}
)
"""Letters that Unicode does not take apart, and people write in two ways."""
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufe00-\ufe0f\ufeff"
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed]"
)
"""Accents, points and vowel signs that many leave out (of Latin, Greek, Cyrillic, Hebrew and Arabic), and what nobody
sees: soft hyphens, joiners, directions. Signs of other scripts are letters, without which a word is another one."""
_DIGIT = re.compile(r"(?=[^\x00-\x7f])\d")
_ARTICLE = re.compile(r"(?<!\w)(?:[وبكف]?ال|لل)(?=[ء-ي]{3})")
"""What Arabic writes before a noun, and nobody types who looks for it."""

_SIGNS = (
    "\u0711\u0730-\u074a\u07a6-\u07b0\u07eb-\u07f3\u0816-\u082d\u0859-\u085b\u0900-\u0963\u0966-\u096f\u0971-\u0df3"
    "\u0f18-\u0f3f\u0f71-\u0fbc\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ua8e0-\ua8f1"
)
"""Signs that are part of words and no letters to Python, as the vowels of India's scripts are."""
_LETTERS = rf"(?:[^\W_]++|[{_SIGNS}]++)++"
"""In runs: letter by letter, a pattern remembers each of them, and takes more than in proportion for a long word."""
_UNSPACED = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u0edc-\u0edf\u1000-\u103f\u1050-\u108f\u1100-\u11ff\u1780-\u17d3\u1950-\u19df"
    "\u1a20-\u1a7f\u2e80-\u2fd5\u3005-\u3007\u3041-\u3096\u3099\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u312f\u3131-\u318e"
    "\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa7f\uac00-\ud7a3"
    "\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
"""Letters of scripts that put no spaces between words, and Korean's, which ends nouns with particles."""
_NO_LETTER = re.compile(rf"[^\x00-\x7f\w{_SIGNS}{_UNSPACED}]")
"""What SQLite may hold to be one, for it knows other versions of Unicode."""
_RUN = re.compile(rf"([{_UNSPACED}]+)")
_CLUSTER = re.compile(
    r"(?s).(?:\u17d2.|[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ece\u102b-\u103e\u1056-\u1059"
    r"\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u17b4-\u17d1\u17d3\u1a55-\u1a7f\u3099\u309a])*+"
)
"""A letter with the signs on it."""
_COMPOUND = re.compile(
    rf"(?<![^\W_])(?<![^\W_][-‐‑_./,:'’·&]){_LETTERS}(?:[-‐‑_./,:'’·&]{_LETTERS}){{1,7}}+(?![-‐‑_./,:'’·&+#]*[^\W_]|[+#])"
)
"""Words and numbers that are written together: `e-mail`, `3.14`, `AB-123/4`, `rate_limited`, `aujourd'hui`."""
_ASCII_COMPOUND = re.compile(_COMPOUND.pattern.replace(_LETTERS, "[a-z0-9]++"))
"""The same where there is nothing else, in a third of the time."""
_SIGNED = re.compile(rf"(?<![\w{_SIGNS}])([^\W_]{{1,20}})(\+\+?|#)(?![\w{_SIGNS}+#])")
"""`C++`, `C#`, `Notepad++`."""
_DOTTED = re.compile(rf"\.(?<![\w{_SIGNS}.)\]]\.)(?=[^\W\d_])([^\W_]{{1,20}})(?![\w{_SIGNS}])")
"""`.NET`, `.env`."""
_MEASURE = re.compile(r"([0-9]{1,9})([a-z]{1,4})")
"""`12V`, which may be written `12 V`."""
_SIGN_NAMES = {"+": "plus", "++": "plusplus", "#": "sharp"}
_LONGEST_COMPOUND = 64
_TERM = re.compile(
    rf"(?P<compound>{_COMPOUND.pattern})|(?P<signed>{_SIGNED.pattern})|(?P<dotted>{_DOTTED.pattern})|(?P<word>{_LETTERS})"
)
_HIRAGANA = re.compile(r"[\u3041-\u309f\u30fc]+")
_HANGUL = re.compile(r"(?:[\uac00-\ud7a3][\u3099\u309a]*+)+")
_PARTICLE = re.compile(
    r"(?<=..)(?:이라는|이란|인가요|인가|입니까|입니다|이에요|예요|에서는|에서도|에서|에게서|에게|으로는|으로|로는|까지|부터|처럼|보다|한테|께서"
    r"|에는|에도|이나|은|는|이|가|을|를|의|에|로|와|과|도|만|나)$"
)
"""What Korean puts behind a noun; two syllables at least are before it."""
_ASKING_RUNS = re.compile(
    "为什么|是不是|有没有|什么时候|需要多|几点|几天|几年|需要|什么|怎么样|怎么|怎样|如何|为何|多少|多久|多长|多大|多远|几个|哪里|哪儿|哪个|哪些|是否|能否|可否|请问"
    "|為什麼|什麼時候|什麼|怎麼|為何|多長|多遠|哪裡|哪個|請問|何時|何日|何月|何年|何人|何個|何回|何円|何度|何が|何を|何で|教えて|誰が|誰を|誰の|誰"
    "|얼마나|얼마인가요|얼마|무엇|어떻게|어떤|언제|어디|누구|있나요|있습니까|하나요|합니까|되나요|됩니까"
    "|เท่าไร|เท่าไหร่|อย่างไร|ยังไง|อะไร|ที่ไหน|เมื่อไร|เมื่อไหร่|ทําไม|หรือไม่|ได้ไหม|ใคร|ไหม|แค่ไหน|นานกี่|กี่"
)
"""How these languages ask; the rest of a question is what it is about."""
_PARTICLES = frozenset("的了吗呢吧嗎")
"""What Chinese puts between and behind words: what holds one of these tells little."""


def one_spelling(text: str) -> str:
    """Write a text as it is compared: without case, accents, points, ligatures and full widths, digits as 0 to 9.

    Args:
        text: Anybody's.
    """
    if text.isascii():
        return text.lower()
    plain = normal_form(normal_form(text, "NFKC").casefold(), "NFKD")
    plain = normal_form(_UNSEEN.sub("", plain).translate(_SPELLINGS), "NFC")
    plain = _DIGIT.sub(lambda digit: str(unicodedata.decimal(digit[0])), plain)
    return _ARTICLE.sub("", plain)


def for_index(text: str) -> str:
    """Write a text as an index splits it at what is no letter: pairs of letters where a script has no spaces.

    What is written together is there in its parts, and as one.
    """
    plain, compound = one_spelling(text), _ASCII_COMPOUND
    if not plain.isascii():
        plain, compound = _RUN.sub(lambda run: f" {' '.join(_pairs(run[0]))} ", plain), _COMPOUND
    plain = compound.sub(_with_joined, plain)
    if "+" in plain or "#" in plain:
        plain = _SIGNED.sub(lambda match: f"{match[0]}/{match[1]}{_SIGN_NAMES[match[2]]}", plain)
    plain = _DOTTED.sub(lambda match: f"{match[0]}/dot{match[1]}", plain)
    return plain if plain.isascii() else _NO_LETTER.sub(" ", plain)


class Sought(NamedTuple):
    """Hold what a question is about, as SQLite looks for it."""

    terms: dict[str, str]
    """Its words, each with what to look for."""
    pieces: list[list[str]]
    """The same by what is written together: phrases, of which any will do."""


def key_words(text: str) -> list[str]:
    """Return the words of a question that say what it is about, each once, as an index knows them."""
    return list(sought_in(text).terms)


def sought_in(text: str) -> Sought:
    """Return what a question is about; where it does nothing but ask, that is all its words.

    Args:
        text: What somebody asks.
    """
    parts = _RUN.split(one_spelling(text))
    telling = _sought(parts, _telling_pairs)
    return telling if telling.terms else _sought(parts, lambda run: _pairs(run)[:-1] or [run])


def phrase(word: str) -> str:
    """Write one word as SQLite looks for it: a letter that is a word by itself begins a pair, wherever it stands."""
    is_part = _RUN.fullmatch(word) and len(_CLUSTER.findall(word)) == 1
    return f'"{word}"{"*" if is_part else ""}'


def is_number(word: str) -> bool:
    """Tell a number, also one in several parts."""
    return word.replace(" ", "").isdigit()


def stem(word: str) -> str:
    """Return the beginning that a word shares with most of its other forms."""
    return word[: max(4, len(word) - 3)][:LONGEST_STEM]


def _with_joined(compound: re.Match[str]) -> str:
    together = "".join(_parts(compound[0]))
    return f"{compound[0]}/{together}" if len(together) <= _LONGEST_COMPOUND else compound[0]


def _parts(compound: str) -> list[str]:
    return re.findall(_LETTERS, compound)


def _pairs(run: str) -> list[str]:
    """Return the letters of a run in overlapping pairs, and the last one alone: each of them begins one."""
    letters = _CLUSTER.findall(run)
    return [*(a + b for a, b in pairwise(letters)), letters[-1]]


def _sought(parts: Sequence[str], read_run: Callable[[str], list[str]]) -> Sought:
    """Read a question in parts, every second of them a run."""
    terms: dict[str, str] = {}
    pieces: dict[tuple[str, ...], None] = {}
    for place, part in enumerate(parts):
        of_run = [{word: [phrase(word)]} for word in read_run(part)] if place % 2 else []
        for words in of_run or map(_words_of, () if place % 2 else _TERM.finditer(part)):
            terms |= {word: ways[0] if len(ways) == 1 else f"({' OR '.join(ways)})" for word, ways in words.items()}
            ways = dict.fromkeys(way for ways in words.values() for way in ways)
            pieces[tuple(sorted(ways, key=lambda way: " " not in way))] = None
    return Sought(terms, [list(piece) for piece in pieces if piece])


def _words_of(match: re.Match[str]) -> dict[str, list[str]]:
    """Return the words of one piece of a question, each with the phrases that are as good."""
    if match["compound"]:
        return _words_of_compound(match["compound"])
    if word := match["word"]:
        measure = _MEASURE.fullmatch(word)
        return (
            {}
            if word in _STOP_WORDS
            else {word: [phrase(word), *([f'"{measure[1]} {measure[2]}"'] if measure else [])]}
        )
    sign = match["signed"] or match["dotted"]
    name = sign.strip(".+#")
    whole = f"dot{name}" if match["dotted"] else name + _SIGN_NAMES[sign[len(name) :]]
    words = [whole, name] if len(name) > 1 and name not in _STOP_WORDS else [whole]
    return {word: [phrase(word)] for word in words}


def _words_of_compound(compound: str) -> dict[str, list[str]]:
    """Return its parts that are words, and itself where numbers or single letters would say little alone."""
    parts = _parts(compound)
    whole, together = " ".join(parts), "".join(parts)
    least = 3 if any(map(str.isdigit, compound)) else 2  # what says little alone
    words = [part for part in parts if len(part) >= least and not part.isdigit() and part not in _STOP_WORDS]
    is_elided = any(mark in compound for mark in "'’")  # l'eau: what is left of an article says nothing
    says_little = not words or any(len(part) == 1 or part.isdigit() for part in parts)
    if says_little and not is_elided:
        words.append(whole)
    return {word: list(dict.fromkeys([f'"{word}"', f'"{whole}"', f'"{together}"'])) for word in words}


def _telling_pairs(run: str) -> list[str]:
    """Return the pairs of letters that say what is asked for: without how it is asked, and grammar's own letters."""
    pieces = [piece for part in _ASKING_RUNS.split(run) for piece in _apart(part)]
    words = [pair for piece in pieces for pair in (_pairs(piece)[:-1] or [piece])]
    return [word for word in words if not _HIRAGANA.fullmatch(word) and not _PARTICLES & {*word}]


def _apart(part: str) -> Iterator[str]:
    """Yield Korean words without their particles, and what stands between them."""
    end = 0
    for match in _HANGUL.finditer(part):
        yield from filter(None, [part[end : match.start()], _PARTICLE.sub("", match[0])])
        end = match.end()
    if part[end:]:
        yield part[end:]
