"""Read an answer that is boxed, as mathematicians write it: `\\boxed{42}`."""

import re

from .lead_ins import leads_in
from .remarks import contrasts, takes_back
from .units import known_unit

_LONGEST = 200
_COUNTED = 3
"""Words after a boxed number that say what is counted."""
BOX = re.compile(r"\\(?:boxed|fbox)[ ]?\{")
_AFTER_BOX = re.compile(r"[.\s$*_`]*+(?:\\[\])])?[.\s*_`!]*+")
_BOXED_NUMBER = re.compile(r"[-+]?(?:\\?[$€£])?[\d.,/\s]*\d")
_LATEX = re.compile(r"\\(?:text|math)(?:rm|bf|normal)?\s*\{([^{}\\]*)\}|\\([%$])|\\[,;:! ()\[\]]|\$|~")
_ALL_SAID = re.compile(r"(?!\s*(?:an?|per|every|and|squared|cubed|times)\b)[\w\s,.;:!'*_`’-]*")
"""What may follow a boxed number and its unit: the rest of a sentence that adds no number and no rate."""


def boxed_answer(text: str, match: re.Match[str]) -> tuple[str, int]:
    """Return what is boxed, where its line says nothing else."""
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    end = end if end >= 0 else len(text)
    depth, at = 1, match.end()
    while depth and at < min(end, match.end() + _LONGEST):
        depth += (text[at] == "{") - (text[at] == "}")
        at += 1
    before, after = text[start : match.start()], text[at:end]
    inner = _LATEX.sub(lambda latex: latex[1] or latex[2] or ("~" if latex[0] == "~" else " "), before)
    is_inside = inner.count("{") > inner.count("}")
    is_factorial = after.lstrip().startswith("!")  # in doubt: nobody knows whether it ends the sentence
    if depth or is_inside or is_factorial or "boxed" in before + after or not leads_in(inner, text[:start]):
        return "", end
    stated = text[match.end() : at - 1].strip()
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
            return f"{number} {unit}" if _ALL_SAID.fullmatch(more) and not takes_back(more) else ""
    thing = " ".join(words)
    counted = 0 < len(words) <= _COUNTED and all(map(str.isalpha, words)) and len(words[0]) > 2
    return f"{number} {thing}" if counted and _ALL_SAID.fullmatch(thing) and not contrasts(thing) else ""
