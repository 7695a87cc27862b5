"""Read from a server's error that its model takes no pictures, no files or no sound: what it says, in many words.

Texts are those of public reports: Ollama, llama.cpp and llama-cpp-python, vLLM, DeepSeek, OpenRouter, Groq, Zhipu,
OpenAI, LM Studio. A picture that is broken, too large, or of a form that nobody reads, is another matter.
"""

import re

from .blocks import MediaKind

_READ = 4_000
"""Characters of an error that are looked at."""
_NAMES: dict[str, frozenset[MediaKind]] = {
    r"image_url|input_image|images?|vision|visual|pictures?": frozenset({"image", "image_url"}),
    r"input_audio|audio|sound|voice": frozenset({"audio"}),
    r"video_url|videos?": frozenset({"video"}),
    r"input_file|pdfs?|documents?|files?": frozenset({"pdf", "file"}),
    r"multi-?modal(?:ity)?|multimedia|non-text|attachments?": frozenset(
        {"image", "image_url", "pdf", "audio", "video", "file"}
    ),
}
_ALL = next(reversed(_NAMES.values()))
_ANY = "|".join(_NAMES)
_WHAT = rf"\b(?P<what>{_ANY})\b"
_IN = r"(?: (?:inputs?|content|parts?|blocks?|messages?|modality|understanding|features?)){0,3}"
_REFUSED = [
    re.compile(pattern)
    for pattern in (
        r"(?:\bnot|n't|cannot|no longer)(?: \w+){0,2}? (?:support|accept|take|have)\w*"
        rf"(?: \w+){{0,2}}? ['\"`]?{_WHAT}['\"`]?(?! (?:format|type|generation|size|edit|larger|urls?|over|from|mime))",
        r"(?:\bnot|n't|cannot|no longer)(?: \w+){0,2}? (?:process|handle|read)\w*"  # all of a kind: one may be broken
        rf"(?: \w+){{0,2}}? ['\"`]?{_WHAT}(?:(?<=s)| inputs?\b)",
        rf"{_WHAT}['\"`]?{_IN}(?: (?:is|are))? (?:not|un)[ -]?(?:currently )?"
        r"(?:support|enabl|allow|accept|permit|available)",
        rf"\bno (?:\w+ ){{0,4}}?support\w*(?: \w+)? {_WHAT}",
        rf"unknown variant ['\"`]{_WHAT}",
        rf"{_WHAT}['\"`]?{_IN} (?:is|are) only supported (?:by|for|with)",
        rf"at most 0 {_WHAT}",
        rf"unsupported (?:content )?(?:part |block )?type[^.\n]{{0,60}}?{_WHAT}",
        rf"missing data required for {_WHAT}",
        rf"\bnot an? {_WHAT}",
        rf"{_WHAT}{_IN} (?:detected|found|given)[^.\n]{{0,60}}\bnot (?:configured|loaded)",
        rf"\b(?:without|has no|lacks) {_WHAT}(?: input)? (?:support|capabilit)",
    )
]
_BROKEN = re.compile(
    r"corrupt|truncat|malformed|\btoo (?:large|big|long)\b|\b(?:this|file|image|picture|audio|video|maximum) size\b"
    rf"|\b(?:invalid|not a valid) (?:(?:base64|encoded|input) )?(?:{_ANY})\b|process(?: \w+){{0,2}} image\b(?! inputs?)"
    rf"|\b(?:{_ANY}) (?:could|can) ?not be (?:process|read|decod|load)"
)
"""What is said of one picture, which the next may not be."""
_ONLY_TEXT = re.compile(
    r"text-only (?:server|model)|mmproj|content['\"`]? ?:? ?(?:value )?must be a string|content\.type.{0,40}\['text'\]"
    r"|only (?:supports? )?text (?:inputs?|content|messages?)(?: is| are)? ?(?:supported|allowed)?"
)


def kinds_refused(words: str) -> frozenset[MediaKind]:
    """Return which kinds a server says that it does not take; nothing where its error is about something else.

    Args:
        words: The error.
    """
    text = words[:_READ].lower()
    if _BROKEN.search(text):
        return frozenset()
    refused: set[MediaKind] = set()
    for pattern in _REFUSED:
        for match in pattern.finditer(text):
            refused |= next(kinds for names, kinds in _NAMES.items() if re.fullmatch(names, match["what"]))
    return frozenset(refused) or (_ALL if _ONLY_TEXT.search(text) else frozenset())
