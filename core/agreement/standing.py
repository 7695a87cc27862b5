"""Tell where a mark stands: among its author's own words, set apart from them, or in what somebody else says.

Models quote what they read: documents, tools, one another. What is marked there is nobody's answer to this question,
and what is only set apart (in a block of code, a list, a tag) may have been copied: it counts where nothing that the
author says for itself tells otherwise.
"""

import re
from bisect import bisect_right
from typing import Literal, NamedTuple

from .boxes import leads_in
from .languages import spaced, unspaced

Standing = Literal["own", "apart", "quoted"]

_FENCE = re.compile(r"^[ \t]{0,9}(?:[-*+>][ ])?(`{3,}|~{3,})[^\n`]*$", re.MULTILINE)
_NAMES = re.compile(
    r"details|blockquote|q|cite|aside|sources?|documents?|docs?|page|web_?page|website|passages?|context|evidence"
    r"|ref(?:erence)?s?|quot(?:e|ed|ation)|excerpt|snippet|citation|article|tool(?:_\w{1,20})?|function_\w{1,20}"
    r"|search_\w{1,20}|observation|examples?|proposals?|call|problem|input|user|email|file|footnote|template|noscript"
    r"|untrusted\w{0,20}|hidden|data|del|strike",
    re.IGNORECASE,
)
"""Tags around what is shown, hidden or struck, and our own fences."""
_TAG = re.compile(r"[<‹](?P<end>/)?(?P<name>[A-Za-z_]{1,40})")
_REST = re.compile(r"(?:-[0-9a-fA-F]{1,16})?(?:\s[^<>\n]{0,200})?>")
_HIDDEN = re.compile(
    r"<(?P<name>div|span|p)(?=\s)[^<>\n]{0,200}"
    r"(?:\shidden(?=[\s=>])|display:\s?none|visibility:\s?hidden)[^<>\n]{0,200}>",
    re.IGNORECASE,
)
_SHOWN_AGAIN = {name: re.compile(f"</{name}>", re.IGNORECASE) for name in ("div", "span", "p")}
_COMMENT = re.compile("<!--|-->")
_QUOTED_LINE = re.compile(r"[ \t]{0,9}(?:>|\||\[\^|\[\d{1,3}\][: ])")
"""Of a block quote, a table, a footnote."""
_LISTED_LINE = re.compile(r"[ \t]{0,40}(?:[-*•+]|\d{1,3}[.)])[ \t]")
_INDENTED_LINE = re.compile(r"[ \t]{0,3}(?:\t|[ ]{4})")
_MARKUP = " \t\r\n*_`#>~-•+"
_NEAR = 200
"""Characters before and behind a mark within which a sentence tells otherwise: far ones may be steps."""
_LINES = 40
"""How many lines above a mark are looked at for what leads to it."""
_SAYS = re.compile(
    r"\b(?:says?|said|stat(?:es?|ed)|writes?|wrote|written|claim(?:s|ed)?|reads?|answer(?:s|ed)|repl(?:ies|ied)"
    r"|report(?:s|ed)?|return(?:s|ed)?|gives?|gave|hold(?:s|ing)?|contain(?:s|ed)?|shows?|conclude[sd]?|suggest(?:s|ed)?"
    r"|asserts?|insists?|has|had|from|according|per|cit\w+|include[sd]?|list(?:s|ed)?|told|tells?|put|think|thinks)\b"
)
_SOURCE = re.compile(rf"\b(?:{spaced('sources')})\b")
_SOURCE_UNSPACED = re.compile(unspaced("sources"))
_SOMEBODY = re.compile(
    r"\b(?:he|she|they|it|one|some|others?|somebody|someone|another|who|text|context|book|file|manual|post|comment|forum"
    r"|thread|paper|users?|experts?|students?|colleagues?|teacher|authors?|api|function|search|friend|p\.s)\b[^.!?]{0,40}"
    r"\b(?:says?|said|states?|stated|writes?|wrote|claims?|claimed|answered|replie[sd]|returned|thinks?)\b"
    r"|\baccording to (?!(?:(?:the|this|that|these|our|my|its) )?(?:[\w'-]{1,30} ){0,2}(?:theorem|formula|laws?|rules?"
    r"|definition|problem|questions?|calculations?|statement|information|equations?|steps?|reasoning|analysis|order"
    r"|pattern|above|given|data|table)\b)"
    r"|\bi quote\b|\bquoting\b"
)
_SAYS_IT = re.compile(
    rf"(?:\b(?:{spaced('sources')})\b|{unspaced('sources')})[^.!?]{{0,30}}\b"
    r"(?:says?|said|stat(?:es|ed)|claim(?:s|ed)|writes|wrote|reads|answer(?:s|ed)|repl(?:ies|ied)|return(?:s|ed)|gives|gave)\b[^.!?]{0,12}$"
)
"""Right before a box, which stands amid sentences: that its author speaks of a document is not enough there."""
_OWN_LEAD = re.compile(
    r"^(?:based on|given|using|considering|combining|comparing)\b"
    r"|\b(?:both|all|each|every|most|agree[sd]?|same|consensus|synthes\w+|combined|summary|conclusion)\b"
)
"""What leads to its author's own answer, though it speaks of what others said."""
_FEW = 5
"""Words that a label has at most."""
_CONCLUDES = re.compile(
    rf"(?:(?:so|thus|therefore|hence|also|donc|daher|entonces|quindi),? )?(?:{spaced('concludes')})\b"
    rf"|(?:{unspaced('concludes')})"
)
_ANSWER = re.compile(rf"answer|{spaced('answer')}|{unspaced('answer')}")
_THAT = re.compile(r"^\W*(?:that )?(?:it |this )?(?:is )?")
_VALUE = 2
"""Words of a sentence that says a value and nothing more, as `It is five`."""
_LAST_SENTENCE = re.compile(r"[.!?]\s|[。！？]")
_AFTER_TAG = re.compile(r"</?\w{1,20}>|<\|[^|>\n]{0,40}\|>")
_SENTENCES = re.compile(r"(?<=[.!?])\s|[。！？\n]")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_NUMBER_WORDS = re.compile(
    r"\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundred|null|eins?|zwei|drei"
    r"|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|une?|deux|trois|quatre|cinq|sept|huit|neuf|dix|uno|dos|tres|cuatro|cinco|seis"
    r"|siete|ocho|nueve|diez|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|um|dois|três|quatro|sete|oito|dez|één|twee|drie|vijf|zes"
    r"|zeven|negen|tien|один|два|три|четыре|пять|шесть|семь|восемь|девять|десять|bir|iki|üç|dört|beş|altı|yedi|sekiz|dokuz|on)\b"
    r"|[零一二两三四五六七八九十百]"
)


class Span(NamedTuple):
    """Say where something is set apart or quoted."""

    start: int
    end: int
    is_quoted: bool


class Surroundings:
    """Say of each place in a text where it stands; the text is looked through once."""

    def __init__(self, text: str) -> None:
        self.text = text
        fences = _fences(text)
        self.spans = sorted([*fences, *_comments(text), *_tags(text, fences), *_hidden(text)])

    def block(self, at: int) -> Span | None:
        """Return the outermost span that holds a place."""
        for span in self.spans[: bisect_right(self.spans, (at, len(self.text) + 1, True))]:
            if span.start <= at < span.end:
                return span
        return None

    def standing(self, start: int, *, in_line: bool, is_box: bool = False) -> Standing:
        """Tell where a mark stands.

        Args:
            start: Where it begins, or the object that holds it.
            in_line: Whether it may stand amid a sentence, as a tag or an object does.
            is_box: Whether it is a box, which mostly does.
        """
        text = self.text
        line = text.rfind("\n", 0, start) + 1
        quoted = any(span.is_quoted and span.start <= start < span.end for span in self.spans)
        if quoted or _QUOTED_LINE.match(text, line) or (in_line and attributes(text[line:start])):
            return "quoted"
        if is_box and _SAYS_IT.search(text[max(line, start - _NEAR) : start].lower()):
            return "quoted"
        block = self.block(start)
        if self._is_led_to(block.start if block else line, is_block=block is not None):
            return "quoted"
        if block or _LISTED_LINE.match(text, line) or _INDENTED_LINE.match(text, line):
            return "apart"
        return "own"

    def _is_led_to(self, at: int, *, is_block: bool) -> bool:
        """Tell whether a line above says that what follows it is somebody else's."""
        lines = self.text[max(at - 4000, 0) : at].split("\n")[:-1][-_LINES:]
        is_gap = False
        for line in reversed(lines):
            words = line.strip(_MARKUP)
            if not words:
                is_gap = True
                continue
            is_lead = words.endswith((":", "：")) or _is_heading(line.strip())
            if is_lead and _hands_over(words, is_near=is_block or not is_gap):
                return True
            if is_gap or is_lead:
                return False
        return False

    def is_contradicted(self, start: int, end: int, stated: str) -> bool:
        """Tell whether a sentence of its author's own, right before a mark or behind it, comes to something else."""
        block = self.block(start)
        first, last = (block.start, block.end) if block else (start, end)
        before = self.text[max(first - _NEAR, 0) : first]
        sentences = [each for each in _SENTENCES.split(before) if each.strip(_MARKUP)]
        own = [each for each in sentences[-2:] if not each.rstrip(_MARKUP).endswith((":", "："))][-1:]
        own += _SENTENCES.split(self.text[last : last + _NEAR])
        return any(_comes_to_another(each.strip(_MARKUP), stated) for each in own)


def _is_heading(line: str) -> bool:
    return line.startswith("#") or line.endswith(("**", "__"))


def attributes(words: str) -> bool:
    """Tell whether words say that what follows them is somebody else's."""
    sentence = _LAST_SENTENCE.split(words.strip(_MARKUP).lower())[-1]
    is_label = sentence.endswith((":", "："))
    if _SOMEBODY.search(sentence):
        return True
    if not _names_source(sentence):
        return False
    is_short = len(sentence.split()) <= _FEW or not sentence.isascii()  # words say less in some languages
    return bool(_SAYS.search(sentence)) or (is_label and is_short)


def _hands_over(lead: str, *, is_near: bool) -> bool:
    """Tell whether a line that leads to others says that they are somebody else's; a heading far above does not."""
    words = lead.lower()
    if _OWN_LEAD.search(words) or not attributes(f"{words.rstrip(':：')}:"):
        return False
    return is_near or words.endswith((":", "："))


def _names_source(sentence: str) -> bool:
    """Tell whether a sentence names a document, a tool, another model or the like."""
    return bool(_SOURCE.search(sentence) or _SOURCE_UNSPACED.search(sentence))


def stands_alone(text: str, start: int, end: int) -> bool:
    """Tell whether no sentence goes on around an object or a tag, but one that leads to it."""
    line = text.rfind("\n", 0, start) + 1
    stop = text.find("\n", end)
    before, after = _AFTER_TAG.sub("", text[line:start]).strip(_MARKUP), text[end : stop if stop >= 0 else len(text)]
    if any(map(str.isalnum, _AFTER_TAG.sub("", after))):
        return False
    return (
        not any(map(str.isalnum, before))
        or before.endswith((":", "：", ".", "!", "?", "。", "！", "？"))
        or before == "json"
        or leads_in(before, text[:line])
    )


def _comes_to_another(sentence: str, stated: str) -> bool:
    """Tell whether a sentence is a conclusion that another answer belongs to: a number, or a name in a few words."""
    beginning = _CONCLUDES.match(sentence.lower())
    if beginning is None or stated.lower().strip("*_`'\" .") in sentence.lower():
        return False
    rest, numbers = sentence[beginning.end() :], _figures(stated)
    words = _THAT.sub("", rest.lower()).split() if numbers else rest.split()
    if len(words) > _VALUE and not _ANSWER.search(beginning[0]):  # a step on the way, as `I get 84 / 2`
        return False
    if numbers:
        others = _figures(rest)
        return numbers.isdisjoint(others) if others else bool(_NUMBER_WORDS.search(rest.lower()))
    return 0 < len(words) <= _FEW and not any(word[0].islower() for word in words)


def _figures(words: str) -> set[str]:
    return {number.replace(",", "").removesuffix(".00") for number in _NUMBER.findall(words)}


def _fences(text: str) -> list[Span]:
    spans, opening = [], None
    for match in _FENCE.finditer(text):
        if opening is None:
            opening = match
        elif match[1].startswith(opening[1]) and not match[0].rstrip().rpartition(match[1])[2]:
            spans.append(Span(opening.start(), match.end(), False))
            opening = None
    return [*spans, Span(opening.start(), len(text), False)] if opening else spans


def _comments(text: str) -> list[Span]:
    spans, start = [], None
    for match in _COMMENT.finditer(text):
        if match[0] == "<!--":
            start = match.start() if start is None else start
        elif start is not None:
            spans.append(Span(start, match.end(), True))
            start = None
    return spans if start is None or not _begins_line(text, start) else [*spans, Span(start, len(text), True)]


def _tags(text: str, fences: list[Span]) -> list[Span]:
    """Return what stands between tags; one that nothing closes goes on to the end where it has a line of its own."""
    spans: list[Span] = []
    open_: dict[str, list[Span]] = {}
    starts = [fence.start for fence in fences]
    names: dict[str, bool] = {}
    for match in _TAG.finditer(text):
        name = match["name"]
        if name not in names:
            names[name] = bool(_NAMES.fullmatch(name))
        rest = _REST.match(text, match.end()) if names[name] else None
        fence = bisect_right(starts, match.start()) - 1
        is_code = fence >= 0 and match.start() < fences[fence].end
        if rest is None or is_code or text[match.start() - 1 : match.start()] == "`":
            continue  # it is none, or spoken of
        openings = open_.setdefault(name.lower(), [])
        if not match["end"]:
            openings.append(Span(match.start(), rest.end(), True))
        elif openings:
            spans.append(Span(openings.pop().start, rest.end(), True))
    alone = [each.start for openings in open_.values() for each in openings if _is_alone(text, *each[:2])]
    return [*spans, Span(min(alone), len(text), True)] if alone else spans


def _hidden(text: str) -> list[Span]:
    """Return what stands in tags that hide it; one that nothing closes is as in `_tags`."""
    spans: list[Span] = []
    unclosed: set[str] = set()
    end = 0
    for match in _HIDDEN.finditer(text):
        if match.start() < end:
            continue
        name = match["name"].lower()
        close = None if name in unclosed else _SHOWN_AGAIN[name].search(text, match.end())
        if close is None:
            unclosed.add(name)
            if not _is_alone(text, match.start(), match.end()):
                continue
        end = close.start() if close else len(text)
        spans.append(Span(match.start(), end, True))
    return spans


def _is_alone(text: str, start: int, end: int) -> bool:
    stop = text.find("\n", end)
    return _begins_line(text, start) and not text[end : stop if stop >= 0 else len(text)].strip()


def _begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()
