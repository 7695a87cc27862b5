"""Write an answer in one way, whatever wrapping, script and LaTeX it comes in."""

import json
import re
import unicodedata

from ..text import normal_form

LITERAL = re.compile(r"[\[({]|[bru]{0,2}['\"]", re.IGNORECASE)
"""How a literal of code begins."""
_WRAPPERS = [(mark, mark) for mark in ("***", "**", "*", "$$")] + [
    ("“", "”"),
    ("„", "“"),
    ("«", "»"),
    ("\\(", "\\)"),
    ("\\[", "\\]"),
    ("\\text{", "}"),
    ("\\textbf{", "}"),
    ("\\mathrm{", "}"),
    ("\\mathbf{", "}"),
    ("\\boxed{", "}"),
    ("<|begin_of_box|>", "<|end_of_box|>"),
]
_FRACTION = re.compile(r"(\d?)\\[dt]?frac\s*\{(-?\d+)\}\s*\{(-?\d+)\}")
_LATEX = {"\\!": "", "{,}": ",", "\\%": "%", "\\$": "$", "^\\circ": "°", "^{\\circ}": "°"}
_LATEX |= dict.fromkeys(("\\,", "\\;", "\\:", "\\ ", "~"), " ")
_IN_LATEX = re.compile(r"\\(?:text|math)(?:rm|bf|normal)?\s*\{([^{}\\]*)\}")
_SET_APART = re.compile(r"^(?:`([-+]?\d[\d.,]*)`|\\\(\s*([-+]?\d[\d.,]*)\s*\\\)|\$([-+]?\d[\d.,]*)\$)\s+(?=[^\W\d_])")
"""A number in code or LaTeX, before its unit."""
_VULGAR = re.compile(r"(\d)([¼-¾⅐-⅞])")
_DOT_AFTER = re.compile(r"([*_`$)}\]”»])\.$")
_RAISED = re.compile("([²³¹\u02b0-\u02b8\u02e0-\u02e4\u1d2c-\u1d61\u1d78\u1d9b-\u1dbf\u2070-\u207f\u2c7d]+)")
_LOWERED = re.compile("([\u1d62-\u1d6a\u2080-\u209c\u2c7c]+)")
"""Letters and signs of a power, and of an index or a base: what Unicode calls the same puts them on the line."""
_SIGNS = str.maketrans("−–⁄’٫٬", "--/'.,")

_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|(?P<name>[A-Za-z]+)|.)", re.DOTALL)
_COMMANDS = frozenset(
    "nabla natural ne nearrow neg neq newline ngeq nleq nmid not notin nparallel nu nwarrow rangle rbrace rceil rfloor "
    "rho right rightarrow rightharpoonup rm tan tanh tau text textbf textit textnormal textrm texttt tfrac therefore "
    "theta tilde times to top triangle triangleleft triangleright".split()
)
"""LaTeX that begins as a line break, a return or a tab does; words that begin so are longer."""


def stripped(stated: str) -> str:
    """Take off emphasis, LaTeX and curly quotes around an answer; straight quotes and brackets belong to it."""
    written = stated.strip()
    while True:
        before = written = _DOT_AFTER.sub(r"\1", written)
        for opens, closes in _WRAPPERS:
            inner = written[len(opens) : -len(closes)]
            if written.startswith(opens) and written.endswith(closes) and inner.strip() and closes not in inner:
                written = inner.strip()
        if re.fullmatch(r"\$[^$]+\$", written):
            written = written[1:-1].strip()
        if written == before:
            return written if written.strip("*_`$ ") else ""


def normalised(written: str) -> str:
    """Write digits, minus signs and spaces in one way, whatever script and style they come in."""
    written = _SET_APART.sub(lambda number: f"{number[1] or number[2] or number[3]} ", written)
    written = _FRACTION.sub(lambda m: f"{m[1]} {m[2]}/{m[3]}".strip(), _IN_LATEX.sub(r"\1", written))
    if written.startswith("~"):  # about so many, and no blank of LaTeX
        written = f"≈{written[1:]}"
    for latex, meant in _LATEX.items():
        written = written.replace(latex, meant)
    if not written.isascii():
        written = _LOWERED.sub(r"_\1", _RAISED.sub(r"^\1", _VULGAR.sub(r"\1 \2", written)))
        written = normal_form(written, "NFKC").translate(_SIGNS)
        written = "".join(str(unicodedata.decimal(c, c)) for c in written)
    return " ".join(written.split())


def json_text(written: str) -> str:
    """Return what a string of JSON says, quotes and all, when a model may have written LaTeX into it as it is.

    JSON takes `\\frac` for a form feed and `rac`, and refuses `\\sqrt`; nobody means either.
    """
    try:
        return str(json.loads(_ESCAPE.sub(_escaped, written)))
    except (ValueError, RecursionError):
        return written[1:-1]


def _escaped(escape: re.Match[str]) -> str:
    """Write the backslash of LaTeX twice, and leave what JSON knows."""
    name = escape["name"] or ""
    is_known = name[:1] in "bfnrt" if name else escape[0][1:2] in {*'"\\/', "u"}
    is_latex = name in _COMMANDS or (name[:1] in {"b", "f"} and len(name) > 1)
    return escape[0] if is_known and not is_latex else f"\\{escape[0]}"
