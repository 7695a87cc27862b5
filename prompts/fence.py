"""The fence around foreign text: where it ends is decided here, not by what it says.

Half of all real answers contain numbered lines, so numbering is no fence. The tag carries a nonce made of all the
texts together: no author could have known it, and yet the same texts always make the same prompt, which keeps
provider caches, resumed runs and snapshots stable.
"""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from typing import Literal, get_args

from ..core.control_tokens import neutralised, seen_through

Kind = Literal["reference", "proposal", "evidence", "tool", "call", "result", "answer", "problem", "analysis"]
"""What is fenced, and how its tag begins."""
_FORGED = re.compile(
    r"<(?=[\s/]*+[aceprt])"
    r"(?=\s*+(?:/\s*+)?(?:reference\b"
    r"|(?:proposal|evidence|tool|call|result|answer|problem|analysis)\s*+-\s*+[0-9a-f]{4}))",
    re.IGNORECASE,
)
"""Tags of the rarer word are neutralised always, those of common words only where they carry a nonce as ours do.
Blanks after a `<` are read once, however many there are: two `\\s*` side by side stop the process for minutes. A
look at the next letter comes first: with it, a text of nothing but `<` or `</` costs a sixth."""
TAG = re.compile(rf"[<‹]/?(?=[aceprt])(?:{'|'.join(get_args(Kind))})-([0-9a-f]{{12}})(?![0-9a-f])", re.IGNORECASE)
"""One of our own tags, neutralised or not, and its nonce."""
_KEPT = 500_000
"""Characters up to which a fence is kept for whoever is shown the same: about what a window of 128,000 tokens holds.
With what is made of them, the last eight take at most eight million."""
_SHORT = 20_000
"""The same of one text: the last 256 take at most five million, and nothing more where they hold no tag of ours."""
_NOT_IN_LABELS = re.compile(r"[^\w.+@-]")


def unforged(text: str) -> str:
    """Return a text that holds nothing like our tags, and no control token: `<` is turned into `‹`, `[` into `⁅`.

    A fence holds what a model reads as text. A token that ends the turn would end it for every fence.
    """
    read = _unforged if len(text) <= _SHORT else _unforged.__wrapped__
    return read(text)


@lru_cache(maxsize=256)
def _unforged(text: str) -> str:
    """Read a text; all proposers of a layer are shown it, and each has it read for itself."""
    return neutralised(seen_through(text, lambda seen: _FORGED.sub("‹", seen)))


def fence(texts: Sequence[str], kind: Kind = "reference", *, labels: Sequence[str] = ()) -> str:
    """Wrap each text in tags that it cannot close.

    Args:
        texts: What somebody else wrote.
        kind: What it is.
        labels: What each is called; none counts them.
    """
    write = _fenced if sum(map(len, texts)) <= _KEPT else _fenced.__wrapped__
    return write(tuple(texts), kind, tuple(labels))


@lru_cache(maxsize=8)
def _fenced(texts: tuple[str, ...], kind: Kind, labels: tuple[str, ...]) -> str:
    """Write a fence; all proposers of a layer are shown the same, one after the other."""
    attribute = "id" if kind == "evidence" else "name"
    named = [f'{attribute}="{_NOT_IN_LABELS.sub("-", label)}"' for label in labels]
    marks = named or [f'number="{number}"' for number, _ in enumerate(texts, 1)]
    fenced = [*texts, *labels]
    nonce = sha256(json.dumps(fenced).encode()).hexdigest()[:12]
    return "\n\n".join(
        f"<{kind}-{nonce} {mark}>\n{unforged(text)}\n</{kind}-{nonce}>" for mark, text in zip(marks, texts, strict=True)
    )


def nothing(kind: Kind) -> str:
    """Say that there is nothing of a kind: not the same as a prompt without a word about it."""
    return f'<{kind}-{sha256(kind.encode()).hexdigest()[:12]} none="true">'
