"""The fence around references: where a reference ends is decided here, not by what it says.

Half of all real answers contain numbered lines, so numbering is no fence. The tag carries a nonce made of all the
references together: no author could have known it, and yet the same references always make the same prompt, which
keeps provider caches, resumed runs and snapshots stable.
"""

import json
import re
from collections.abc import Sequence
from hashlib import sha256

_FORGED = re.compile(r"<(?=\s*/?\s*reference\b)", re.IGNORECASE)


def unforged(text: str) -> str:
    """Return a text that holds nothing like our tags: their `<` is turned into `‹`."""
    return _FORGED.sub("‹", text)


def fence(texts: Sequence[str]) -> str:
    """Wrap each text in tags that it cannot close."""
    nonce = sha256(json.dumps(list(texts)).encode()).hexdigest()[:12]
    return "\n\n".join(
        f'<reference-{nonce} number="{number}">\n{unforged(text)}\n</reference-{nonce}>'
        for number, text in enumerate(texts, 1)
    )
