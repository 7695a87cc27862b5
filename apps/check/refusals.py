"""Read whether a server's refusal is about what a probe added to a request that it takes otherwise."""

import re

from ...core.models.obstacles import error_text, fields_of, http_status_of

_ABOUT = {
    "n": re.compile(
        r"['\"`]n['\"`]|\bn ?(?:>|=|must|should|parameter)|(?:multiple|several|more than one|only one|one) "
        r"(?:choice|completion|generation|answer|response)|\bbest_of\b"
    ),
    "tools": re.compile(r"\btools?\b|tool[_ -](?:choice|call|use)|function[_ -]?call"),
    "images": re.compile(
        r"\bimages?\b|image_url|\bvision\b|multi-?modal|mmproj|\bpictures?\b"
        r"|content.{0,60}(?:must be|should be|expected|valid).{0,20}string"
    ),
    "streaming": re.compile(r"\bstream"),
    "system": re.compile(r"\bsystem\b|\bdeveloper\b|\broles?\b|alternat|jinja|template"),
    "temperature": re.compile(r"\btemperature\b"),
    "reasoning_effort": re.compile(r"reasoning|\bthink|\beffort\b"),
}
"""What servers call each; the words are theirs, in small letters."""
_PARAMETERS = {
    "n": {"n"},
    "tools": {"tools", "tool_choice"},
    "streaming": {"stream"},
    "temperature": {"temperature"},
    "reasoning_effort": {"reasoning_effort", "reasoning"},
}
_LISTED = re.compile(r"expected one of|supported (?:parameter|field)s|allowed (?:parameter|field)s")
"""Where a refusal goes on with all that there is."""
_REFUSING = frozenset({400, 403, 404, 405, 406, 415, 422, 500, 501})
"""Statuses of a request that is not taken as it is: llama.cpp's server says 500, OpenRouter 404."""
_DOUBTFUL = frozenset({403, 500, 501})
"""Those that servers give to anything, also to what fails but once, or to a key that may not."""
_LASTING = re.compile(
    r"not (?:be )?(?:support|implement)|n't support|unsupported|\bonly\b.{0,60}\broles\b|must alternate|mmproj"
    r"|requires --|must be verified|not a multi-?modal"
)
"""Words of a refusal that will be the same tomorrow."""
_PASSING = re.compile(r"\bagain\b|\bretry|overload|temporar|at the moment|timed out|disconnect")


def names_refused(probe: str, exc: BaseException) -> bool:
    """Tell a refusal of what a probe adds: by its status, by naming it, and where others say so, too, by its words.

    Args:
        probe: Which.
        exc: What asking raised.
    """
    status, text = http_status_of(exc), error_text(exc)
    if status not in _REFUSING:
        return False
    if status in _DOUBTFUL and (not _LASTING.search(text) or _PASSING.search(text)):
        return False
    param = fields_of(exc).get("param")
    if isinstance(param, str) and param in _PARAMETERS.get(probe, set()):
        return True
    return bool(_ABOUT[probe].search(_LISTED.split(text, maxsplit=1)[0]))
