"""Leave out what a text thinks aloud in the midst of it: what is marked there was a guess, and is nobody's answer."""

import re

_NAME = r"think|thought|reason|scratch_?pad|reflect|monologue|analysis|inner_(?:pre|suf)fix"
_OPEN, _SHUT = r"(?:<|&lt;)\s?", r"\s?(?:>|&gt;)"
_THOUGHT = re.compile(
    rf"{_OPEN}[|｜]?(?P<end>/{{1,2}}|(?:end|close)_(?:of_)?)?\s?(?:[\w:▁]{{0,16}}[_:▁])?(?:ant)?(?:{_NAME})"
    rf"[\w▁]{{0,24}}(?:(?<=suffix)(?P<suffix>))?(?:\s[^<>\n]{{0,80}})?[|｜]?{_SHUT}"
    rf"|(?-i:\[(?P<square>/)?THINK\])|◁(?P<kimi>/)?think▷"
    r"|<\|(?:open|(?P<close>close))\|>\s?think\s?<\|sep\|>"
    r"|<unused94>|(?P<unused><unused95>)|<\|channel>\s?thought|(?P<channel><channel\|>)"
    r"|<details\s[^<>]{0,40}type=[\"']reasoning[\"'][^<>]{0,80}>|(?P<details></details>)"
    r"|<\|channel\|>(?:analysis|commentary)|(?P<final><\|channel\|>final[^<]{0,40}(?:<\|message\|>)?|assistantfinal)",
    re.IGNORECASE,
)
"""Where thinking begins, or ends: then one of its groups holds something."""
_QUOTES = frozenset("`'\"“‘")


def without_thoughts(text: str) -> str:
    """Return a text without its thinking, when an answer is looked for in it.

    An end without a beginning ends what the prompt began; a beginning without an end goes on to the text's end. A tag
    in quotes is spoken of.
    """
    pieces: list[str] = []
    at, is_thinking = 0, False
    for match in _THOUGHT.finditer(text):
        if text[match.start() - 1 : match.start()] in _QUOTES:
            continue
        is_end = any(group is not None for group in match.groups())
        if is_end and match["details"] and not is_thinking:
            continue
        if is_end and not is_thinking:
            pieces.clear()
        elif not is_end and not is_thinking:
            pieces.append(text[at : match.start()])
        at, is_thinking = match.end(), not is_end
    return "\n".join([*pieces, "" if is_thinking else text[at:]]) if at else text
