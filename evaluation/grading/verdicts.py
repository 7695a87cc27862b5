"""Read what a judge ends on; a verdict that is ambiguous is none."""

import re
from collections.abc import Mapping
from itertools import pairwise

_OBJECT = re.compile(r"\{([^{}]*+)\}")
_MARKS = " \t\r\n*_~`\"'“”„‘’«»"
_CLOSING = _MARKS + ".!。！…)]"
_LABEL = re.compile(
    r"(?:(?:my|the|final|overall)\s++){0,2}+(?:verdict|decision|judge?ment|answer|conclusion|result|json)", re.I
)
_ANNOUNCED = re.compile(r"\b(?:verdict|decision|judge?ment|conclusion|result|json)[*_`]{0,4}:\Z", re.I)
_REASON = re.compile(r"(?:reason(?:ing)?|explanation|rationale|justification|why|note)\s*+:", re.I)
_SPEAKER = re.compile(r"[^\W\d]{1,20}\s?:")
_OPENS_DOUBT = re.compile(r"(?:or|but|no|not|nor|yet|though|although|unless|if|is|was|and|that|which)\b", re.I)
_DOUBT = re.compile(
    r"\b(?:however|actually|instead|reconsider\w*|wait|hmm|ignor\w*|disregard\w*|retract\w*|correction|mistake\w*|sorry|oops"
    r"|second thought|reflection|change my|forg\w*|claim\w*|quot\w*|inject\w*|instruct\w*|attempt\w*|influenc\w*"
    r"|manipulat\w*|pretend\w*|trick\w*|says?|said|writes?|wrote|(?:would|should|could|might|may) be)\b",
    re.I,
)
_AGAINST = re.compile(
    r"\b(?:worse|inferior|weaker|less|fewer|lacks?|lacking|miss(?:es|ing)?|errors?|loses?|fails?|wrong|incorrect|bad|poor|not"
    r"|never|cannot)\b|n['’]t\b",
    re.I,
)
_ALIKE = re.compile(r"\b(?:tie|equal\w*|neither|both|same|alike|similar\w*)\b", re.I)
_SIDE = re.compile(r"\b(?:(?P<a>A|(?i:first|former))|B|(?i:second|latter))\b")
_NUMBER = re.compile(r"\d++(?:\.\d++)?+")
_MARK = re.compile(r"\d{1,2}(?:\.\d{1,6})?")
_SHORT = 400
"""Characters of a sentence that may follow a verdict."""
_SIDES: Mapping[str, float] = {"a": 1.0, "tie": 0.5, "b": 0.0}


def read_better(reply: str) -> float | None:
    """Read which answer is better: 1 for A, 0 for B, a half for a tie; None where that is not said, or not clearly."""
    ending = _ending(reply, "better")
    if ending is None:
        return None
    side, rest = ending[0].strip(_MARKS).casefold(), ending[1]
    side = side.removeprefix("answer ").removesuffix(".").strip(_MARKS)
    return _SIDES[side] if side in _SIDES and _bears_out(side, rest) else None


def read_score(reply: str) -> float | None:
    """Read a mark from 1 to 10 as a share of 10; None where there is none, or not clearly one."""
    ending = _ending(reply, "score")
    if ending is None:
        return None
    mark = ending[0].strip(_MARKS)
    if not _MARK.fullmatch(mark) or not 1 <= float(mark) <= 10:
        return None
    others = [number for number in _NUMBER.findall(ending[1]) if float(number) != float(mark)]
    return None if others else float(mark) / 10


def _ending(reply: str, key: str) -> tuple[str, str] | None:
    """Return the value that a reply ends on, and the sentence after it.

    What stands at the very end counts, whatever was said on the way. With a sentence after it, it has to be the only
    verdict, on a line that is its own: else it may be one that an answer forged, and the judge quotes.
    """
    verdicts = [(match, _value(match[1], key)) for match in _OBJECT.finditer(reply) if key in match[1].casefold()]
    if not verdicts or (last := verdicts[-1])[1] is None:
        return None
    value, rest = last[1], reply[last[0].end() :].strip()
    if not rest.strip(_CLOSING):
        line = reply.rfind("\n", 0, last[0].start())
        beside = [one for match, one in verdicts if match.start() > line]
        return (value, "") if set(beside) == {value} else None
    sentence = rest.lstrip(_CLOSING + ",;:—–-").rstrip()
    if any(one[1] != other[1] for one, other in pairwise(verdicts)) or not _opens_a_line(reply[: last[0].start()]):
        return None
    return (value, sentence) if _is_a_reason(sentence) else None


def _value(body: str, key: str) -> str | None:
    """Return what is said of a key, where nothing else is said."""
    name, colon, value = body.partition(":")
    value = value.strip(" \t\r\n,")
    is_alone = colon and name.strip(_MARKS).casefold() == key and not set(value) & set(":,[]")
    return value if is_alone else None


def _opens_a_line(before: str) -> bool:
    above, _, beside = before.rpartition("\n")
    label = beside.strip(_MARKS + ":")
    if label:
        return bool(_LABEL.fullmatch(label))
    announced = above.rstrip("`*_ \t\r\n").rpartition("\n")[2][-80:] if above.strip() else ""
    announced = announced.removesuffix("```json").rstrip()
    return not announced.endswith(":") or bool(_ANNOUNCED.search(announced))


def _is_a_reason(sentence: str) -> bool:
    """Tell whether what follows a verdict can be its reason, and takes nothing back."""
    if len(sentence) > _SHORT or "{" in sentence or re.search(r"\n\s*\n", sentence):
        return False
    if _SPEAKER.match(sentence) and not _REASON.match(sentence):
        return False
    return not _OPENS_DOUBT.match(sentence) and not _DOUBT.search(sentence)


def _bears_out(side: str, sentence: str) -> bool:
    """Tell whether a reason goes with the side that was taken: nothing is held against that one, or only the other."""
    named = [(match, "a" if match["a"] else "b") for match in _SIDE.finditer(sentence)]
    if side == "tie":
        return not named or bool(_ALIKE.search(sentence))
    if _ALIKE.search(sentence):
        return False
    if not named:
        return True
    match, first = named[0]
    end = next((other.start() for other, name in named if name != first), len(sentence))
    against = _AGAINST.findall(sentence[match.end() : end])
    return not against if first == side else len(against) == 1 and end == len(sentence)
