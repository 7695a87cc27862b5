"""Thinking that stands in an answer's text: servers without a parser for a model's reasoning hand it on as text.

It is taken off once, where an answer begins with it, in the spelling of whoever trained the model; half of it is all
of it where an answer was cut. A text that is about such a tag begins with other words, or goes on with some.
"""

import re
from itertools import islice
from typing import NamedTuple

_THINK = r"(?:seed:|mm:|antml:|ant|longcat_)?think(?:ing)?"
_NAMES = rf"{_THINK}|thoughts?|reasoning(?:_scratchpad)?|scratchpad"
_TAG = rf"<\s?(?:{_NAMES})(?:\s[^<>]{{0,80}})?>"
_END_TAG = rf"<\s?//?\s?(?:{_NAMES})\s?>"
_OTHER_ENDS = r"\[/THINK\]|◁/think▷"
_CLOSING = rf"{_END_TAG}|{_OTHER_ENDS}"
_HARMONY = r"(?:<\|start\|>assistant)?<\|channel\|>"
_ASIDE = rf"{_HARMONY}(?:analysis|commentary)[^<]{{0,80}}(?:<\|constrain\|>\w{{1,20}})?<\|message\|>"
_FINAL = rf"{_HARMONY}final(?:[ ]?<\|constrain\|>\w{{1,20}})?<\|message\|>"
_RETURN = r"(?:<\|return\|>|<\|end\|>)\s*\Z"
_MUSED = "We|The|User|I|Let|Okay|Need|So|First|This|They|It|Simple|Compute|Just|Given|Answer"
"""Words that gpt-oss begins to think with; `analysisBuilder` is a name."""
_PIPED = r"(?:think(?:ing)?|thought|reasoning|inner)"
_PIPED_END = rf"<\|(?:/|end_of_|end_)?{_PIPED}(?:_suffix)?\|>"
_ABOUT = re.compile(
    r"[ \t]*(?:[,;)`'\"”’/→]|:\s)|-?(?:tags?|block|token)\b|(?:标签|标记|標籤|タグ|태그)"
    r"|[ \t]+(?:tags?|tokens?|blocks?|elements?|sections?|markers?|delimiters?|is|are|was|and|or|means|for|vs\.?|versus"
    r"|in|marks|wraps|stands|opens|closes|starts|begins|ends|comes|belongs)\b",
    re.IGNORECASE,
)
"""What follows a tag that is spoken of."""


class _Style(NamedTuple):
    """Be one way of setting thinking apart."""

    opens: re.Pattern[str]
    closes: re.Pattern[str]
    trails: re.Pattern[str]
    """What ends the answer then, and is no part of it."""


def _style(opens: str, closes: str, trails: str = r"(?!)") -> _Style:
    return _Style(*(re.compile(pattern, re.IGNORECASE) for pattern in (opens, closes, trails)))


_NAMED_SO = _style(r"(?-i:analysis(?=[A-Z]))", r"assistantfinal\s*")
"""What may be a name as well."""
_STYLES = (
    _style(_TAG, _END_TAG),  # Qwen, DeepSeek, GLM, Seed and most others
    _style(r"\[THINK\]", r"\[/THINK\]"),  # Magistral
    _style(r"◁think▷", r"◁/think▷"),  # Kimi
    _style(_ASIDE, rf"(?:<\|end\|>|<\|call\|>)?{_FINAL}|<\|end\|>(?=[^<\s])", _RETURN),  # gpt-oss
    _style(_FINAL, r"", _RETURN),
    _style(rf"(?-i:analysis\s?(?=(?:{_MUSED})\b))", r"assistantfinal\s*"),  # the same, its marks taken out
    _NAMED_SO,
    _style(r"<\|channel>thought\b", r"<channel\|>", r"<turn\|>\s*\Z"),  # Gemma 4
    _style(rf"<\|(?:begin_of_|start_)?{_PIPED}(?:_prefix)?\|>", _PIPED_END),  # Cohere, Apertus, OpenThinker
    _style(
        r"<\|(?:begin_of_solution|start_response|start_text)\|>",
        r"",
        r"<\|(?:end_of_solution|end_response|end_text)\|>\s*\Z",
    ),
    _style(r"<details\s[^<>]{0,40}type=[\"']reasoning[\"'][^<>]{0,80}>", r"</details>"),  # Open WebUI
    _style(r"<unused94>thought\b", r"<unused95>"),  # MedGemma
    _style(r"<\|open\|>think<\|sep\|>", r"<\|close\|>think<\|sep\|>"),
    _style(r"<\|open\|>response<\|sep\|>", r"", r"<\|close\|>response<\|sep\|>\s*\Z"),
    _style(r"&lt;think&gt;", r"&lt;/think&gt;"),
    _style(_CLOSING, r""),  # opened by a template, for a model that did not think
)
_UNOPENED = _style(
    r"", rf"(?:(?<=[^ \t`'\"“‘])|(?<=[.!?…\d] ))(?:{_CLOSING}|{_PIPED_END})(?=[ \t]*[\r\n]|[^\s`'\"”’,.;:)])"
)
"""Thinking that the prompt opens."""
_STEMS = ("think", "thought", "reasoning", "scratchpad", "seed:think", "mm:think", "longcat_think", "ant")
_BEGINNINGS = (
    *((f"<{name}", ">") for name in (*_STEMS, "details ")),
    *((f"</{name}", ">") for name in _STEMS),
    *((f"<//{name}", ">") for name in _STEMS),
    *(("<unused94>thought", "\n"), ("<|open|>", "sep|>"), ("&lt;think&gt;", "&gt;"), ("assistant\n", "\n")),
    *((f"<|{name}", "<|message|>") for name in ("channel|>", "start|>assistant")),
    *((f"<|{name}", "|>") for name in ("begin_of_", "start_", "think", "thought", "reasoning", "inner")),
    *(("<|channel>thought", "\n"), ("[think]", "]"), ("[/think]", "]"), ("◁think▷", "▷"), ("◁/think▷", "▷")),
    *(("analysis", "s"), ("<s>", ">"), ("<|im_start|>assistant", "t"), ("<|assistant|>", ">"), ("<｜", "｜>")),
)
"""How what is looked for begins, and what it does not end without."""
_FIRST = re.compile(
    r"(?:[\s\ufeff\u200b]|<s>|assistant\s*\n(?=\s*<)|<\|im_start\|>assistant\b|<[|｜](?:assistant|Assistant|begin▁of▁sentence)[|｜]>)*+"
)
"""What may stand before thinking: nothing that anybody sees."""
_ANY_OPENING = re.compile(rf"^[ \t]{{0,9}}(?:{_TAG}|\[THINK\]|◁think▷)", re.IGNORECASE | re.MULTILINE)
_ALONE = re.compile(
    rf"(?:<\s?//?\s?{_THINK}\s?>|{_OTHER_ENDS}|{_PIPED_END})(?![`'\"”’,.;:)])"
    rf"|(?:<\|end\|>)?{_FINAL}",
    re.IGNORECASE,
)
"""An end that may stand without a beginning; `</thought>` and `</reasoning>` are anybody's tags."""
_ALONE_WORDS = ("think", "thought|>", "reasoning|>", "inner|>", "_suffix|>", "<|message|>")
"""What no such end goes without."""
_LOOK_AHEAD, _LONGEST_MARK = 24, 160
_MOST = 20
"""Marks that are looked at: a text may hold as many as it has room for."""
_NOTHING = re.compile(r"[ .…]{0,9}")
"""What stands in a tag that is spoken of."""
_QUOTES = ("`", "'", '"', "“", "‘")


class Split(NamedTuple):
    """Be an answer's text in two."""

    reasoning: str
    text: str
    opened: bool = False
    """Whether its prompt opened the thinking, so that only the end of it stands there."""


def split_thinking(text: str, *, thought: bool = False, is_rest: bool = False) -> Split:
    """Take the thinking off the beginning of an answer.

    Args:
        text: All that was said.
        thought: Whether its thinking came apart from it: then an end with nothing behind it ends none.
        is_rest: Whether thinking was taken off it already; an end may stand alone in it all the same.
    """
    splitter = Splitter()
    answer = text if is_rest else splitter.feed(text) + splitter.end()
    before, rest = _at_lone_end(answer)
    if rest is None or (not rest.strip() and thought):
        return Split(splitter.reasoning, answer)
    reasoning = "\n\n".join(filter(None, [splitter.reasoning, before.strip()]))
    return Split(reasoning, rest.lstrip(), opened=bool(before.strip()) and not (is_rest or splitter.has_thought))


def _at_lone_end(text: str) -> tuple[str, str | None]:
    """Part a text at the end of thinking whose beginning the prompt held; the last is None where there is none."""
    lowered = text.lower()
    if not any(word in lowered for word in _ALONE_WORDS):  # as in nearly all: it is looked at no closer
        return text, None
    for mark in islice(_ALONE.finditer(text), _MOST):
        before, after = text[: mark.start()], text[mark.end() :]
        if _ANY_OPENING.search(before):
            break
        is_code = before.count("```") % 2 and after.count("```") % 2
        if not is_code and (mark[0].endswith("<|message|>") or _stands_alone(before, after)):
            return before, after
    return text, None


def _stands_alone(before: str, after: str) -> bool:
    """Tell an end that is meant as one from one that a sentence speaks of."""
    ends_line = not after or after.lstrip(" \t")[:1] in ("\n", "\r") or not after[:1].isspace()
    is_attached = not before.strip() or before[-1] not in (" ", "\t", *_QUOTES)
    before = before.rstrip()
    ends_sentence = before[-1:] in ".!?…" or before[-1:].isdigit()
    return ends_line and (is_attached or ends_sentence)


class Splitter:
    """Take thinking off a text that comes in pieces; what may be the beginning of a mark waits for the rest of it.

    Attributes:
        thoughts: What was thought so far, in pieces.
        has_thought: Whether any thinking was taken off, were it empty.
    """

    def __init__(self, *, opened: bool = False) -> None:
        """Begin; `opened` where the prompt opens the thinking: nothing is an answer then before that has an end."""
        self.thoughts: list[str] = []
        self.has_thought = False
        self._lead: list[str] = []
        self._waiting = ""
        self._style = _UNOPENED if opened else None
        self._trails: re.Pattern[str] | None = None
        self._marks = 0
        self._is_text = False
        self._doubtful: str | None = "" if opened else None
        """What began the thinking, where only an end of it shows that it is some; no words, where the prompt did."""

    @property
    def reasoning(self) -> str:
        """Return what was thought so far."""
        return "".join(self.thoughts).strip()

    def close(self) -> None:
        """Take the text as it comes: what is thought comes apart from it."""
        if self._doubtful == "" and not self.thoughts:
            self._style, self._doubtful = None, None

    def feed(self, piece: str, *, is_last: bool = False) -> str:
        """Take a piece; return what of the answer is to be shown now."""
        self._waiting += piece
        shown = []
        while not self._is_text and self._advance(is_last=is_last):
            pass
        if self._is_text:
            shown = [*self._lead, self._flowing(is_last=is_last)]
            self._lead.clear()
        return "".join(shown)

    def end(self) -> str:
        """Return what waited for more, where none came."""
        text = self.feed("", is_last=True)
        if self._doubtful is None:
            return text
        begun = [self._doubtful, *self.thoughts, self._waiting]
        self._is_text, self.thoughts, self.has_thought, self._doubtful = True, [], False, None
        return "".join(begun)

    def _advance(self, *, is_last: bool) -> bool:
        """Go on over a mark; tell whether there may be another."""
        return self._closes(self._style, is_last=is_last) if self._style else self._opens(is_last=is_last)

    def _opens(self, *, is_last: bool) -> bool:
        lead = _FIRST.match(self._waiting)
        at = lead.end() if lead else 0
        self._lead.append(self._waiting[:at])
        self._waiting = rest = self._waiting[at:]
        if not rest:
            return False
        for style in _STYLES if self._marks < _MOST else ():
            if mark := style.opens.match(rest):
                after = rest[mark.end() :]
                if len(after) < _LOOK_AHEAD and "\n" not in after and not is_last:
                    return False
                if _ABOUT.match(after) or _is_about(style, after):
                    break
                self._style, self._waiting, self._marks = style, after, self._marks + 1
                self._doubtful = mark[0] if style is _NAMED_SO else None
                return True
        else:
            if not is_last and _may_begin(rest):
                return False
        self._is_text = True
        if self.has_thought:
            self._lead = []
        return False

    def _closes(self, style: _Style, *, is_last: bool) -> bool:
        for mark in style.closes.finditer(self._waiting):
            before = self._waiting[mark.start() - 1 : mark.start()]
            after = self._waiting[mark.end() :]
            if mark[0] and (before in _QUOTES and before) and after[:1] == before:
                continue
            if mark[0] and not after and not is_last:
                break  # what follows decides whether it is quoted
            self.thoughts += [self._waiting[: mark.start()], "\n\n"]
            self._trails = style.trails
            self._lead, self._style, self._waiting = [], None, after
            self.has_thought, self._doubtful = True, None
            return True
        keep = 0 if is_last and self._doubtful is None else _LONGEST_MARK
        cut = max(len(self._waiting) - keep, 0)
        self.thoughts.append(self._waiting[:cut])
        self._waiting = self._waiting[cut:]
        self.has_thought = self.has_thought or self._doubtful is None
        return False

    def _flowing(self, *, is_last: bool) -> str:
        """Return the answer as far as nothing that may trail it begins."""
        text, self._waiting = self._waiting, ""
        if self._trails is None:
            return text
        if is_last:
            return self._trails.sub("", text)
        at = text.rfind("<", max(len(text) - 30, 0))
        if at < 0:
            return text
        self._waiting = text[at:]
        return text[:at]


def _is_about(style: _Style, after: str) -> bool:
    """Tell a tag that is closed at once and spoken of, as in `<think></think> tags are`."""
    inside = _NOTHING.match(after)
    start = inside.end() if inside else 0
    closing = style.closes.match(after, start)
    return bool(closing and closing[0] and _ABOUT.match(after[closing.end() :]))


def _may_begin(rest: str) -> bool:
    """Tell what may still become a mark."""
    if len(rest) >= _LONGEST_MARK:
        return False
    start = rest.lower()
    return any(
        whole.startswith(start) or (start.startswith(whole) and end not in start[len(whole) - 1 :])
        for whole, end in _BEGINNINGS
    )
