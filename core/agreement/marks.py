"""Find where a text marks its final answer: `Final answer: 42`, `#### 42`, a boxed one, a JSON field.

What stands around a mark can take it back, narrow it or add to it, so an answer is read only where nothing does: one
that is missed costs a few calls, two that are taken for one cost the right answer.
"""

import json
import re

from .units import known_unit

_TAIL = 6000
"""Characters at a text's end in which a mark is looked for, so that a text of any length costs the same."""
_MARKS = 20
"""How many of a text's last marks are looked at until one says something."""
_LONGEST = 200
_COUNTED = 3
"""Words after a boxed number that say what is counted."""

_LABEL = r"(?:(?:the|my|our)\s+)?(?:(?:final|correct|short)\s+)?answer"
_BOX = re.compile(r"\\(?:boxed|fbox)[ ]?\{")
_STRONG = re.compile(
    rf"""
      ^[ \t]{{0,9}}(?:[-•][ ])?[*_#` ]{{0,9}}
      (?:{_LABEL}[ ]?[*_`]{{0,3}}[ ]?(?:[:：=]|\bis\b[ ]?:?|(?=[*_]{{0,3}}[ ]*$))|(?P<qa>A:))
      (?:[ ]?(?:\*\*|__))?[ ]*(?P<line>[^\n]*)
    | ^[ \t]{{0,9}}\#{{4}}[ ]*(?P<hashes>[-+$€£]?[ ]?[\d.][^\n]*)
    | <answer>(?P<tag>.{{1,400}}?)</answer>
    | {_BOX.pattern}(?P<boxed>)
    | "(?:final[_ ]?)?answer"\s{{0,9}}:\s{{0,9}}
      (?P<json>"(?:[^"\\]|\\.)*"|[^"\n]{{1,400}}?(?=\s{{0,9}}(?:\n|\}}\s{{0,9}}(?:$|`|<)|,\s{{0,9}}")))
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE | re.DOTALL,
)
_WEAK = re.compile(
    rf"""(?:^|(?<=[.!?])[ ])[ \t]{{0,9}}[*_]{{0,2}}
    (?:(?:and[ ])?(?:so|thus|therefore|hence|then|finally|consequently|overall|as[ ]a[ ]result|in[ ]conclusion)\b,?[ ])?
    (?:{_LABEL}[ ]+(?:is|=|would[ ]be|should[ ]be|must[ ]be)\b[ ]?:?|final[ ]answer[ ]?[:：])
    (?:[ ]?(?:\*\*|__))?[ ]*(?P<line>[^\n]*)""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_OPTIONS = re.compile(r"^[ \t]*[B-HQ1-9][:.)]", re.MULTILINE)
_PARTS = re.compile(
    r"^\W{0,9}(?:question|part|problem|exercise)\b|^[ \t]*\(?[a-h1-9][.)]\s", re.IGNORECASE | re.MULTILINE
)
_HEADING = re.compile(r"\d+\.?\s+[^\W\d]")
_SIBLING = re.compile(r'"(?:final|correct|is_correct|units?)"\s*:|"answer"[^{}]*\},\s*\{[^{}]*"answer"')
_LISTED = re.compile(r"(?:[-*•+]|\d{1,3}[.)])\s")
_OPENING = re.compile(r"```|\\\[|\$\$|[\[({]")
_CLOSING = {"```": "```", "\\[": "\\]", "$$": "$$"}
LITERAL = re.compile(r"[\[({]|[bru]{0,2}['\"]", re.IGNORECASE)
"""How a literal of code begins."""
_GOES_ON = re.compile(r"[^\S\n]*\n[^\S\n]*[^\s`}\]<]")
"""What follows a line that the next one belongs to."""
_EXPLAINED = re.compile(
    r"[.!]\s+(?=(?:This|That|The|It|We|I|Since|So|Therefore|Thus|Hope|Hence|Here|These|Because|Let|Great)\b)"
    r"|,?\s+(?:because|since)\b"
)
_NOISE = re.compile(
    r"```|</s>|<\|[^|>]*\|>|[}\]*_`#$]|\\\]"
    r"|^\W*(?:(?:i )?hope|let me know|feel free|please|if you (?:have|need|want)|happy to|thank|good luck)[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""What often follows an answer and says nothing of it."""
_CONTRAST = re.compile(
    r"\b(?:wait|hmm|oops|sorry|edit|update|actually|no|not|nor|or|but|however|correct(?:ion|ed)|revised?|instead|rather"
    r"|unless|except(?:ion)?|otherwise|alternatively|mistaken?|wrong|incorrect|hold on|reflection|second thought"
    r"|let me re|missed|forgot|must be|should be|disagree|only|if)\b|n't\b",
    re.IGNORECASE,
)
"""What takes an answer back, or narrows it."""
_BEFORE_BOX = re.compile(
    r"\b(?:not|or|either|neither|nor|than|if)\b|n't\b|[<>≤≥≠±]|\\(?:n?eq|neq?|leq?|geq?|lt|gt|pm|frac|sqrt)\b"
    r"|(?:[-+*/^(×÷·]|\\(?:cdot|times|div))\s*$|\d$",
    re.IGNORECASE,
)
"""What, before a boxed answer, makes something else of it; its own `\\(`, `\\[` or `$` is not looked at."""
_MATH_OPENS = re.compile(r"(?:\\[(\[]|(?<!\\)\${1,2})\s*$")
_AFTER_BOX = re.compile(r"[.\s$*_`!]*(?:\\[\])])?[.\s$*_`!]*")
_BOXED_NUMBER = re.compile(r"[-+]?(?:\\?[$€£])?\s*[\d.,/\s]*\d")
_LATEX = re.compile(r"\\(?:text|math)(?:rm|bf|normal)?\s*\{([^{}\\]*)\}|\\([%$])|\\[,;:! ()\[\]]|\$|~")
_ALL_SAID = re.compile(r"(?!\s*(?:an?|per|every|and|squared|cubed|times)\b)[\w\s,.;:!'*_`’-]*")
"""What may follow a boxed number and its unit: the rest of a sentence that adds no number and no rate."""
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")


def marked_answer(text: str) -> str | None:
    """Return what a text's last mark says; a line of its own counts more than a mark within a sentence.

    Returns:
        The answer as it is written; nothing where it cannot be told, and None where nothing is marked.
    """
    text = text[-_TAIL:]
    for pattern in (_STRONG, _WEAK):
        marks = list(pattern.finditer(text))[-_MARKS:]
        for found in reversed(marks):
            if said := _said(text, found):
                stated, end = said
                if found.groupdict().get("json") is not None:  # it is the answer by its form
                    return stated
                of_parts = len(marks) > 1 and _PARTS.search(text)
                return stated if not of_parts and _adds_nothing(text[end:], stated) else ""
    return None


def _said(text: str, found: re.Match[str]) -> tuple[str, int] | None:
    """Return what a mark says and where that ends; None where it is no mark, or an empty one."""
    said = found.groupdict()
    if said.get("boxed") is not None:
        return _boxed(text, found)
    if (written := said.get("json")) is not None:
        return ("" if _SIBLING.search(text) else _json_value(written)), found.end()
    if (tagged := said.get("tag")) is not None:
        return tagged.strip(), found.end()
    if (number := said.get("hashes")) is not None:
        return None if _HEADING.match(number) else (number.strip(), found.end())
    if said.get("qa") and _OPTIONS.search(text):
        return None
    return _on_its_line(text, found)


def _on_its_line(text: str, found: re.Match[str]) -> tuple[str, int] | None:
    """Return what follows a label: the rest of its line, what is boxed there, or a block below."""
    if box := _BOX.search(text, found.start("line"), found.end()):
        return _boxed(text, box)
    line, after = _without_wrapping(found["line"].strip()), text[found.end() :]
    if line is None:
        return "", found.end()
    if not line.strip("*_` "):
        return _block(text, found.end()) if after.strip() else None
    if (opening := _OPENING.match(line)) and not _is_closed(line, opening[0]):
        return _block(text, found.start("line"))
    if _GOES_ON.match(after):
        return "", found.end()
    return _first_sentence(line), found.end()


def _without_wrapping(line: str) -> str | None:
    """Take off the end of emphasis or code that began before the mark, and the mark where it was written twice.

    Returns:
        None where something stands after that code.
    """
    if line.endswith("**") and line.count("**") % 2:
        line = line[:-2].rstrip()
    if line.startswith("` "):
        line = line[2:].strip()
    elif line.count("`") % 2 and not _OPENING.match(line):
        line, _, rest = line.rpartition("`")
        if rest.strip(" .*_"):
            return None
        line = line.rstrip("`")
    again = _STRONG.match(line.strip("*_`. "))
    return again["line"].strip() if again and again["line"] else line


def _adds_nothing(after: str, stated: str) -> bool:
    """Tell whether what follows an answer leaves it as it is: no other number, nothing that takes it back."""
    rest = _NOISE.sub("", after).strip()
    return not rest or (bool(_NUMBERS.search(stated)) and _only_explains(rest, stated))


def _only_explains(rest: str, stated: str) -> bool:
    return not _CONTRAST.search(rest) and set(_NUMBERS.findall(rest)) <= set(_NUMBERS.findall(stated))


def _json_value(written: str) -> str:
    if not written.startswith('"'):
        return written.strip() if _is_closed(written.strip(), written.strip()[:1]) else ""
    try:
        return str(json.loads(written)).strip()
    except ValueError:
        return written[1:-1].strip()


def _block(text: str, start: int) -> tuple[str, int]:
    """Return what follows a mark on lines of its own: one line, or one block of code, LaTeX or a literal."""
    rest = text[start:].lstrip()
    start = len(text) - len(rest)
    first = rest.partition("\n")[0]
    opening = _OPENING.match(rest)
    if opening is None or _is_closed(first, opening[0]):
        after = rest[len(first) :]
        alone = not _LISTED.match(first) and not _GOES_ON.match(after)
        return (first.strip() if alone else ""), start + len(first)
    ends = _CLOSING.get(opening[0])
    if ends is None:  # a bracket: the rest is a literal, or nothing
        return (" ".join(rest.split()) if _is_closed(rest, opening[0]) else ""), len(text)
    inside, closed, _ = rest[len(opening[0]) :].partition(ends)
    lines = [line for line in inside.strip().splitlines() if line.strip()]
    if opening[0] == "```" and inside[:1].isalpha():
        lines = lines[1:]
    end = start + len(opening[0]) + len(inside) + len(closed)
    return (lines[0].strip() if closed and len(lines) == 1 else ""), end


def _is_closed(text: str, opening: str) -> bool:
    if opening in _CLOSING:
        return _CLOSING[opening] in text[len(opening) :]
    return all(text.count(left) <= text.count(right) for left, right in ("()", "[]", "{}"))


def _boxed(text: str, found: re.Match[str]) -> tuple[str, int]:
    """Return what is boxed, where its line says nothing else."""
    start = text.rfind("\n", 0, found.start()) + 1
    end = text.find("\n", found.end())
    end = end if end >= 0 else len(text)
    depth, at = 1, found.end()
    while depth and at < min(end, found.end() + _LONGEST):
        depth += (text[at] == "{") - (text[at] == "}")
        at += 1
    before, after = _MATH_OPENS.sub("", text[start : found.start()]), text[at:end]
    open_braces = before.count("{") > before.count("}")
    if depth or open_braces or _BEFORE_BOX.search(before) or "boxed" in before + after:
        return "", end
    stated = text[found.end() : at - 1].strip()
    if not _AFTER_BOX.fullmatch(after):
        stated = _measured(stated, after) if _BOXED_NUMBER.fullmatch(stated) else ""
    return stated, end


def _measured(number: str, after: str) -> str:
    """Return a boxed number with the unit that stands after the box; nothing where more than that does."""
    rest = _LATEX.sub(lambda latex: latex[1] or latex[2] or " ", after)
    words = rest.replace("^\\circ", "°").strip(" .*_`!").split()
    for count in (3, 2, 1):
        unit = " ".join(words[:count]).rstrip(".,;:!*_`")
        if known_unit(unit):
            more = " ".join(words[count:])
            return f"{number} {unit}" if _ALL_SAID.fullmatch(more) and not _takes_back(more) else ""
    told = " ".join(words)
    counted = 0 < len(words) <= _COUNTED and all(map(str.isalpha, words)) and len(words[0]) > 2
    return f"{number} {told}" if counted and _ALL_SAID.fullmatch(told) and not _CONTRAST.search(told) else ""


def _takes_back(more: str) -> bool:
    return bool(_CONTRAST.search(more) or _NUMBERS.search(more))


def _first_sentence(line: str) -> str:
    """Return the answer without a sentence that explains it; nothing where that one does more than that."""
    if LITERAL.match(line):
        return line
    end = _EXPLAINED.search(line)
    if end is None:
        return line
    stated, rest = line[: end.start()], line[end.end() :]
    return stated if _only_explains(rest, stated) else ""
