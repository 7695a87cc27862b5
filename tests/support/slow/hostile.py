"""Texts that stop what reads them carelessly: each piece over and over, in the shapes in which that hurts."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, islice

Text = Callable[[int], str]
"""Makes a text of about so many characters."""

PIECES = {
    "space": " ",
    "no-break space": "\u00a0",
    "tab": "\t",
    "line": "\n",
    "carriage return": "\r\n",
    "line separator": "\u2028",
    "letter": "a",
    "digit": "1",
    "thousands": "1,234,",
    "decimals": "1.2.",
    "exponent": "1e9",
    "sum": "1+",
    "share": "1 % of 2 ",
    "unit": "5 km ",
    "bracket": "(",
    "square": "[",
    "brace": "{",
    "nest": "[({",
    "link": "[a](",
    "picture": "![a](b)",
    "object": '{"a":',
    "quote": '"',
    "quoted": '" a',
    "curly": "“",
    "curly pair": "„a”",
    "backslash": "\\",
    "escape": '\\"',
    "LaTeX": "\\frac{1}{",
    "dollar": "$",
    "box": "\\boxed{",
    "boxed": "\\boxed{1} ",
    "star": "*",
    "bold": "**a",
    "fence": "```\n",
    "fences that grow": "` `` ``` ```` ",
    "quote mark": "> ",
    "tag": "<",
    "closing tag": "</",
    "element": "<b>",
    "paragraph": "<p>a",
    "attribute": '<a b="',
    "comment": "<!--",
    "instruction": "<?",
    "entity": "&amp",
    "reference": "<reference-",
    "reference with a nonce": '<reference-0123456789ab number="1">\n',
    "near miss": "</answer - 0123",
    "answer tag": "<answer>",
    "answer": "answer: ",
    "final answer": "\nFinal answer: 1, because ",
    "JSON answer": '"answer": "',
    "letter of an option": "(A) and ",
    "citation": "[E1]",
    "citations": "[E1, E2 ",
    "cited quote": "“a b c” [E1] ",
    "ellipsis": "…",
    "sentence": "This is it, since 1. ",
    "tool call": "<tool_call>",
    "key": "sk-",
    "Chinese": "中",
    "combining mark": "\u0301",
    "letter with marks": "e\u0301\u0323",
    "Hangul": "\u1112\u1161\u11ab",
    "emoji": "👩\u200d👩\u200d👧",
    "zero": "\0",
    "window": "maximum context length is ",
}
_LONG_LINE = 990
"""Characters of a line that is as long as what is still read of one."""


def _over(piece: str, size: int) -> str:
    return (piece * (size // len(piece) + 1))[:size] + "x"


def _lines(piece: str, size: int, *, length: int) -> str:
    return _over(_over(piece, length) + "\n", size)


SHAPES: dict[str, Callable[[str, int], str]] = {
    "over and over": _over,
    "on lines": lambda piece, size: _over(f"{piece}\n", size),
    "far apart": lambda piece, size: _over(piece + " " * 300, size),
    "far apart on lines": lambda piece, size: _over(piece + "\n" * 300, size),
    "before blanks": lambda piece, size: piece + " " * size + "x",
    "before a word": lambda piece, size: piece + "a" * size + " x",
    "in long lines": partial(_lines, length=_LONG_LINE),
    "numbered": lambda piece, size: "".join(islice(_numbered(piece), size // (len(piece) + 5) + 1)),
    "halfway": lambda piece, size: _over(piece, size // 2) + _over(f"{piece} x ", size // 2),
}
"""What becomes of a piece."""


def _numbered(piece: str) -> Iterator[str]:
    return (f"{piece}{n}\n" for n in count())


OTHERS: dict[str, Text] = {
    "nested lists": lambda size: "[" * (size // 2) + "]" * (size // 2),
    "nested objects": lambda size: '{"a":' * (size // 6) + "1" + "}" * (size // 6),
    "nested elements": lambda size: "<div>" * (size // 11) + "</div>" * (size // 11),
    "nested quotes": lambda size: "“" * (size // 2) + "”" * (size // 2),
    "nested items": lambda size: "".join(islice((f"{' ' * (n % 200)}- a\n" for n in count()), size // 100)),
    "different numbers": lambda size: " ".join(map(str, range(size // 6))),
    "different words": lambda size: " ".join(f"w{n:x}a" for n in range(size // 7)),
    "different citations": lambda size: " ".join(f"“a b {n}” [E{n}]" for n in range(size // 18)),
    "different nonces": lambda size: "".join(f'<reference-{n:012x} number="1">\n' for n in range(size // 40)),
    "different keys": lambda size: "{" + ", ".join(f'"{n}": {n}' for n in range(size // 14)) + "}",
    "a list of numbers": lambda size: '{"best": [' + ", ".join(map(str, range(1, size // 7))) + "]}",
    "a long number": lambda size: '{"best": [' + "1" * size + "]}",
    "a long exponent": lambda size: '{"score": 1e' + "9" * size + "}",
    "one object after another": lambda size: '{"better": "A"} ' * (size // 16),
    "an answer at the end": lambda size: "a " * (size // 2) + "\nFinal answer: " + "1 + " * 40 + "x",
    "marks out of order": lambda size: "e" + "\u0301\u0323" * (size // 2),
    "numbers in boxes": lambda size: "".join(f"$\\boxed{{{n}}}$ is {n}.\n" for n in range(size // 22)),
}
"""Texts that are no piece over and over."""

TEXTS: dict[str, Text] = {
    **{f"{name} {shape}": partial(make, piece) for name, piece in PIECES.items() for shape, make in SHAPES.items()},
    **OTHERS,
}
"""All of them, by what they are made of."""

EVERYDAY = (
    "space far apart",
    "line over and over",
    "letter over and over",
    "nest over and over",
    "quoted over and over",
    "box in long lines",
    "fences that grow over and over",
    "near miss halfway",
    "JSON answer on lines",
    "marks out of order",
    "different words",
)
"""Those of them that are read whenever the tests are run."""
