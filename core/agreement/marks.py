"""Find where a text marks its final answer: `Final answer: 42`, `#### 42`, a boxed one, a JSON field.

What stands around a mark can take it back, narrow it or add to it, so an answer is read only where nothing does: one
that is missed costs a few calls, two that are taken for one cost the right answer.
"""

import re

from .boxes import BOX, boxed_answer
from .languages import spaced, unspaced
from .notation import json_text
from .remarks import adds_nothing, first_sentence, is_taken_back, retracts
from .standing import Standing, Surroundings, stands_alone

_TAIL = 6000
"""Characters at a text's end in which a mark is looked for, so that a text of any length costs the same."""
_MARKS = 20
"""How many of a text's last marks are looked at until one says something."""

_LABEL = r"(?:(?:the|my|our)\s+)?(?:(?:final|correct|short)\s+)?answer"
_FOREIGN = f"{spaced('answer')}|{unspaced('answer')}".replace(" ", "[ ]")
_STRONG = re.compile(
    rf"""
      ^[ \t]{{0,9}}(?:[-•][ ])?[*_#` ]{{0,9}}
      (?:{_LABEL}[ ]?[*_`]{{0,3}}[ ]?(?:[:：=]|\bis\b[ ]?:?|(?=[*_]{{0,3}}[ ]*$))
        |(?:{_FOREIGN})[ ]?[*_`]{{0,3}}[ ]?[:：]|(?P<qa>A:))
      (?:[ ]?(?:\*\*|__))?[ ]*(?P<line>[^\n]*)
    | ^[ \t]{{0,9}}\#{{4}}[ ]*(?P<hashes>[-+$€£]?[ ]?[\d.][^\n]*)
    | <answer>(?P<tag>.{{1,400}}?)</answer>
    | {BOX.pattern}(?P<boxed>)
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
_OPTIONS = re.compile(r"^[ \t]*[B-H1-9][:.)]", re.MULTILINE)
_PARTS = re.compile(
    r"^\W{0,9}(?:question|part|problem|exercise)\b|^[ \t]*\(?[a-h1-9][.)]\s", re.IGNORECASE | re.MULTILINE
)
_HEADING = re.compile(r"\d+\.?\s+[^\W\d]")
_SIBLING = re.compile(
    r'"(?:final|correct|is_correct|units?)"\s*:|"answer"(?:(?!"answer")[^{}])*+\},\s*+\{[^{}]*"answer"'
)
_LISTED = re.compile(r"(?:[-*•+]|\d{1,3}[.)])\s")
_OPENING = re.compile(r"```|\\\[|\$\$|[\[({]")
_CLOSING = {"```": "```", "\\[": "\\]", "$$": "$$"}
_GOES_ON = re.compile(r"[^\S\n]*\n[^\S\n]*[^\s`}\]<]")
"""What follows a line that the next one belongs to."""


def marked_answers(text: str) -> list[str]:
    """Return what a text's last mark says; a line of its own counts more than a mark within a sentence.

    What is marked in somebody else's words is no answer, but one that says something else than it leaves none.

    Returns:
        The answer as it is written, nothing where it cannot be told, behind what other marks say that no words take
        back; an empty list where nothing is marked.
    """
    layout = Surroundings(text)
    text = text[-_TAIL:]
    quoted: list[str] = []
    for pattern in (_STRONG, _WEAK):
        marks = list(pattern.finditer(text))[-_MARKS:]
        for match in reversed(marks):
            if reading := _read_mark(text, match):
                stated, end = reading
                standing, start, end = _stand(layout, text, match, end)
                if standing == "quoted":
                    quoted.append(stated)
                    continue
                is_json = match.groupdict().get("json") is not None
                if (is_json or standing == "apart") and layout.is_contradicted(start, end, stated):
                    return [""]
                earlier = _earlier_answers(text, match.start(), retracted=standing != "apart") if stated else []
                if is_json:  # it is the answer by its form
                    return [*earlier, *quoted, "" if is_taken_back(layout.text[end:]) else stated]
                of_parts = len(marks) > 1 and _PARTS.search(text)
                return [*earlier, *quoted, stated if not of_parts and adds_nothing(layout.text[end:], stated) else ""]
    return [""] if quoted else []


def _stand(layout: Surroundings, text: str, match: re.Match[str], end: int) -> tuple[Standing, int, int]:
    """Return where a mark stands, and from where to where in the whole text; an object is one with what it holds."""
    groups, shift = match.groupdict(), len(layout.text) - len(text)
    first, last = match.start() + shift, end + shift
    is_json, is_tag = groups.get("json") is not None, groups.get("tag") is not None
    if is_json:
        first, last = _object(layout.text, first, last)
    if (is_json or is_tag) and not stands_alone(layout.text, first, last):
        return "quoted", first, last
    standing = layout.standing(first, in_line=is_json or is_tag, is_box=groups.get("boxed") is not None)
    return ("apart" if is_tag and standing == "own" else standing), first, last


def _object(text: str, start: int, end: int) -> tuple[int, int]:
    """Return from where to where the JSON goes that holds a field."""
    depth = 0
    for at in range(start - 1, max(start - _TAIL, -1), -1):
        depth += (text[at] == "}") - (text[at] == "{")
        if depth < 0:
            start = at
            break
    depth = 0
    for at in range(end, min(end + _TAIL, len(text))):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth < 0:
            return start, at + 1
    return start, end


def _earlier_answers(text: str, end: int, *, retracted: bool) -> list[str]:
    """Return what is marked before, as of another task; where words may take an answer back, not what they do.

    Args:
        text: What is read.
        end: Where the last mark begins.
        retracted: Whether words count; else a line that goes on does, too, for as much as it says.
    """
    before = text[:end]
    marks = [match for pattern in (_STRONG, _WEAK) for match in list(pattern.finditer(before))[-_MARKS:]]
    readings = [(match, reading) for match in marks if (reading := _read_mark(before, match))]
    line = before.rfind("\n") + 1  # what ends in the last mark's own line is the beginning of what that one says
    answers = [(match, stated, at) for match, (stated, at) in readings if at <= line]
    if retracted:
        return [stated for _, stated, at in answers if stated and not retracts(before[at:])]
    return [whole for match, stated, _ in answers if (whole := stated or (match.groupdict().get("line") or "").strip())]


def _read_mark(text: str, match: re.Match[str]) -> tuple[str, int] | None:
    """Return what a mark says and where that ends; None where it is no mark, or an empty one."""
    groups = match.groupdict()
    if groups.get("boxed") is not None:
        return boxed_answer(text, match)
    if (written := groups.get("json")) is not None:
        return ("" if _SIBLING.search(text) else _json_value(written)), match.end()
    if (tagged := groups.get("tag")) is not None:
        return tagged.strip(), match.end()
    if (number := groups.get("hashes")) is not None:
        return None if _HEADING.match(number) else (number.strip(), match.end())
    if groups.get("qa") and _OPTIONS.search(text):
        return None
    return _on_its_line(text, match)


def _on_its_line(text: str, match: re.Match[str]) -> tuple[str, int] | None:
    """Return what follows a label: the rest of its line, what is boxed there, or a block below."""
    if box := BOX.search(text, match.start("line"), match.end()):
        return boxed_answer(text, box)
    line, after = _without_wrapping(match["line"].strip()), text[match.end() :]
    if line is None:
        return "", match.end()
    if not line.strip("*_` "):
        return _block(text, match.end()) if after.strip() else None
    if (opening := _OPENING.match(line)) and not _is_closed(line, opening[0]):
        return _block(text, match.start("line"))
    if _GOES_ON.match(after):
        return "", match.end()
    return first_sentence(line), match.end()


def _without_wrapping(line: str) -> str | None:
    """Take off the end of emphasis or code that began before the mark, and the mark where it was written twice.

    Returns:
        None where something stands after that code.
    """
    if line.rstrip(".").endswith("**") and line.count("**") % 2:
        line = line.rstrip(".")[:-2].rstrip()
    if line.startswith("` "):
        line = line[2:].strip()
    elif line.count("`") % 2 and not _OPENING.match(line):
        line, _, rest = line.rpartition("`")
        if rest.strip(" .*_"):
            return None
        line = line.rstrip("`")
    again = _STRONG.match(line.strip("*_`. "))
    return again["line"].strip() if again and again["line"] else line


def _json_value(written: str) -> str:
    if not written.startswith('"'):
        return written.strip() if _is_closed(written.strip(), written.strip()[:1]) else ""
    return json_text(written).strip()


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
    return all(text.count(opens) <= text.count(closes) for opens, closes in ("()", "[]", "{}"))
