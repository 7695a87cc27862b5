"""Read an answer that is boxed, as mathematicians write it, `\\boxed{42}`, where its line leaves it as it is.

What can change an answer has no end (`at most`, `twice`, `the square of`, `\\sin`), so a box is read behind what is
known to change nothing (`is`, `=`, nothing), and behind nothing else.
"""

import re

from .remarks import contrasts, takes_back
from .units import known_unit

_DENIED = re.compile(
    r"\b(?:not|or|either|neither|nor|than|if|except|excluding|without|unless|besides|versus|suppose|assum(?:e|ing))\b"
    r"|n't\b|\b(?:nicht|kein\w*|pas|n[ãa]o é|non è|no (?:es|son|vale))\b"
    r"|[<>≤≥≠±∓≈≮≯不非没]|\\(?:n?eq|neq?|leq?|geq?|lt|gt|pm|mp)\b",
    re.IGNORECASE,
)
"""What, anywhere before an answer on its line, makes something else of it."""
_CHANGES = re.compile(
    r"(?:\b(?:most|least|up to|less|more|fewer|greater|larger|smaller|over|under|above|below|beyond|within|about"
    r"|around|approximately|roughly|nearly|almost|between|negative|minus|plus|times|half|half of|twice|thrice|double"
    r"|triple|per|by|other|not|never|no|cannot|only|or|either|neither|nor|than|if|except|without|but|besides"
    r"|max\.|min\.|approx\.)"
    r"|[+*/^×÷·<>≤≥≠±≈~]|(?<![-\n])-|\\(?:cdot|times|div|pm|mp|leq?|geq?|neq?|approx|sim|sin|cos|tan|log|ln|sqrt))"
    r"[^\w.!?]*$",
    re.IGNORECASE,
)
"""What, at the end of what stands before, goes on into an answer: also behind a colon, or on the line before."""
_NARROWED = re.compile(
    r"(?:\b(?:at most|at least|(?:upper|lower) (?:bound|limit)|inverse|reciprocal|mitad|doble|hälfte|doppelte|moitié"
    r"|up to|about|around|approximately|approx\.?|roughly|nearly|almost|close|not quite|at best|at worst|höchstens"
    r"|mindestens|maximal|minimal|ungefähr|etwa|circa|ca\.|rund|knapp|fast|como m[áa]ximo|como m[íi]nimo|a lo sumo"
    r"|al menos|por lo menos|aproximadamente|cerca|casi|quase|environ|au maximum|au minimum|au plus|au moins"
    r"|à peu près|approximativement|presque|al massimo|al minimo|al più|almeno|quasi|no m[áa]ximo|no m[íi]nimo"
    r"|pelo menos|hoogstens|minstens|ongeveer|не более|не менее|максимум|минимум|примерно|около)[\s,:：]+(?:(?:is"
    r"|are|was|were|be|it|equal|equals|to|ist|sind|gleich|est|sont|vaut|égal|à|es|son|igual|a|al|è|sono|é|são|это"
    r"|равно)[\s,]+){0,4}|(?:最多|至多|至少|最少|不超|约|約|近似|几乎|幾乎|将近|接近|平方|立方|一半|倍|相反数|倒数"
    r"|负数?|負|如果|若|假设|假如)[是为為即は的值値の等于於:：]{0,4})[^\w.!?]*$",
    re.IGNORECASE,
)
"""What bounds or turns round an answer also where a word that leads in stands between."""
_SKIPPED = " \t\r\n$€£*_`\\([,;:：&"
"""Emphasis, the beginning of a formula, blanks of LaTeX, and what sets a label apart."""
_LABELS = frozenset(":：=")
_SIGNS = "=→⇒⟹∴✅✔➡"
_FILLERS = frozenset(
    "the a an just simply also exactly precisely option choice now then still therefore thus hence finally quad qquad "
    "displaystyle equal der die das le la el".split()
)
_LEADS_IN = frozenset(
    """
    is are was were be am equal so hence then therefore thus implies rightarrow longrightarrow to iff answer
    result solution get got give gave given yield make made making obtain find found have has had having
    contain need earn sell sold cost take took spend spent pay paid save receive leave left leaving remain
    remaining own want use buy bought collect charge produce require hold reach show conclude choose pick
    select return print output mean say become travel drive drove run ran walk eat ate drink read write work
    weigh measure score win won lose lost plant bake cook catch caught grow see saw owe invest raise donate
    finish complete yielding giving getting being earned saved needed received obtained collected total totals
    totaling ist sind also beträgt lautet ergibt est donc vaut es son è sono é
    """.split()
)
"""Words that lead to an answer, verbs without their `s`."""
_LEADS_IN_BEFORE = {
    "to": "equal equals simplifies comes amounts reduces evaluates leads sums converges corresponds".split(),
    "of": ["total"],
    "with": ["left", "up"],
}
_LEADS_IN_WITHOUT_BLANKS = re.compile(
    r"(?:(?:答案|答|结果|結果|得数|总[数和计共额价量]|總[數和計共額價量]|合计|合計|共计|一共|解|结论|最[大小]值|[a-z]的值|答え|合計"
    r"|因此|所以|故|(?:^|\W)(?:则|則|它|这|這|那))(?:应该?|應該?|就|便|也|正好|恰好|共|数)?(?:是|为|為|は)"
    r"|即(?:是|为|為)?|[可解求算易我们們]得到?|(?:^|\W)得到?|(?:^|\W)(?:是|为|為))$"
)
"""In languages without blanks, whose words before `is` may be anything else: its square, half of it."""
_GIVES_SOMEBODY = re.compile(
    r"\b(?:takes?|took|costs?|gives?|gave|leaves?|left|pays?|paid|charges?|earns?|earned|saves?|saved|brings?|owes?)"
    r"(?: (?!(?:after|at|before|by|from|in|into|of|off|on|to|until|with|one|two|three|half)\b)[a-z']{1,30}){1,3}$"
    r"|\b(?:sells?|sold|buys?|bought|pays?|paid|charges?)(?: [a-z']{1,30}){1,6} for$"
)
"""Verbs with somebody between them and what they give, as in `it takes the bus`; and prices."""
_LOOKED_AT = 80
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


def leads_in(before: str, above: str) -> bool:
    """Tell whether an answer stands for itself behind these words; in doubt it does not.

    Args:
        before: What stands before it on its line.
        above: What stands on the lines before: it counts where the line begins with the answer.
    """
    bare = before.rstrip(_SKIPPED)
    end = before[-_LOOKED_AT:]
    if _DENIED.search(before) or _CHANGES.search(end.rstrip(_SKIPPED)) or _NARROWED.search(f"{end} "):
        return False
    if not bare:
        return not _CHANGES.search(above[-10 * _LOOKED_AT :].rstrip(_SKIPPED)[-_LOOKED_AT:])
    behind = before[len(bare) :]
    if bare[-1] in _SIGNS or not _LABELS.isdisjoint(behind):
        return True
    if bare[-1] in ".!?":
        return behind[:1].isspace()
    return _is_lead_in(bare[-_LOOKED_AT:].casefold().replace("\\", " ").split())


def _is_lead_in(words: list[str]) -> bool:
    """Tell whether the last word that is no filler leads in; with fillers alone, as in `Option B`, nothing does."""
    while words and words[-1] in _FILLERS:
        word = words.pop()
        if not words:
            return word in _LEADS_IN or word in {"therefore", "thus", "hence", "finally"}
    last = words[-1].strip("*_`$(,;:{}") if words else ""
    if wanted := _LEADS_IN_BEFORE.get(last):
        return len(words) > 1 and words[-2] in wanted
    is_verb = not _LEADS_IN.isdisjoint({last, last.removesuffix("s"), last.removesuffix("es")})
    return is_verb or bool(_LEADS_IN_WITHOUT_BLANKS.search(last)) or bool(_GIVES_SOMEBODY.search(" ".join(words)))
