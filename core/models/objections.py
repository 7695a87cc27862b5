"""Read to what of a request a server objects: the roles of its messages, or an option that its caller never gave.

Chat templates and gateways say so in words of their own, and with any status. Where a refusal says nothing, all of it
may be the reason; where it is about something else, nothing of it is.
"""

import re
from collections.abc import Collection
from itertools import islice

from ..media.blocks import MediaKind
from ..media.refusals import kinds_refused
from ..run.left_out import LeftOut
from .obstacles import error_text, fields_of, http_status_of, obstacle_of

_SILENT = {400, 405, 406, 415, 422, 501}
"""Statuses of a request that is not taken as it is, whether the server says why or not."""
_OF_ANOTHER_KIND = {401, 402, 408, 409, 413, 425, 429}
"""Statuses that no other form of the same request would change."""
_USAGE = re.compile(r"stream_options|streamoptions|stream options|include_usage")
_NO = (
    r"(?:not (?:be )?(?:support|allow|permit|enabl|accept|valid|recogni|availab|implement)|\bcan ?not\b|\bcan't\b"
    r"|\b(?:unsupported|unknown|invalid|incorrect|unexpected|disabled|forbidden)\b)"
)
"""How servers say that they refuse; a code such as invalid_request says nothing of what is named beside it."""
_STREAM = r"\bstream(?:s|ed|ing)?\b"
_NO_STREAM = re.compile(
    rf"\bto stream\b|{_STREAM}[^.;\n]{{0,60}}?{_NO}|(?:{_NO}|n.t support)[^.;\n]{{0,60}}?{_STREAM}"
    rf"|(?:disable|without) {_STREAM}|\bstream['\"`]? (?:must|should) be false"
)
_ONLY_STREAM = re.compile(
    r"\bonly (?:\w+ ){0,3}stream|non-?stream|\bstream['\"`]? ?=+ ?false"
    r"|\bstream(?:ing)? (?:mode )?(?:is )?(?:required|only)\b"
    r"|(?:please|must|has to|should) (?:use|enable|set|be) (?:the )?['\"`]?stream"
)
"""How servers say that they answer in streams only."""
_CHOICE = re.compile(r"tool.?choice|forced (?:tool|function) call")
_EFFORT = re.compile(r"reasoning[_ .-]?effort|\bthinking[_ ]?level|does not support (?:thinking|reasoning)\b")
_TEMPERATURE = re.compile(
    r"\btemperature\b[^;\n]{0,60}?(?:not (?:be )?(?:support|allow|permit|accept)|n[o']t support|deprecated|\bonly\b)"
    r"|\b(?:unsupported|unrecognized|unknown|unexpected|not permitted|not allowed)\b[^,.;\n]{0,40}?\btemperature\b"
)
_PARAMS: dict[str, LeftOut] = {
    "reasoning_effort": "reasoning_effort",
    "reasoning.effort": "reasoning_effort",
    "temperature": "temperature",
    "service_tier": "service_tier",
}
"""What `param` calls an option whose words tell no more than its value."""
_RANGE = re.compile(r"between|range|(?:less|greater|more) than|at (?:most|least)|m(?:ax|in)imum|<=|≤")
"""A temperature that is no such number: another one would do."""
_OTHERS = re.compile(r"expected one of|supported (?:parameter|field)s")
"""Where a refusal goes on with all that there is."""
_TIER = re.compile(r"service[_ ]?tier")
_LOGPROBS = re.compile(r"log_?prob|log probabilit")
_LIMIT = re.compile(r"max_tokens\b.{1,120}?\bmax_completion_tokens")
_ORDER = re.compile(
    r"alternat|consecutive|(?:tak(?:e|ing)|in|by) turns?\b|same role|in a row|more than one system|multiple system"
    r"|(?:only|at most) one system|at the (?:very )?(?:beginning|start)|(?:first|last) (?:message|role|turn)"
    r"|(?:start|begin|end)s? with (?:a |an |the )?['\"`]?(?:user|human|system)|must be (?:the )?first"
    r"|after role|(?:role|message).?order"
)
_SYSTEM = re.compile(
    rf"\b(?:system|developer)\b[^.;\n]{{0,80}}?(?:{_NO}|\bno longer\b)"
    rf"|(?:{_NO}|does ?n.t support|do not support|\bno|without)\b[^.;\n]{{0,80}}?\b(?:system|developer)\b"
    r"|only (?:the )?['\"`]?(?:user|assistant)['\"`]?(?: and |, | or |/)['\"`]?(?:user|assistant|model)"
    r"|(?:be|one of|in) (?:either )?[\[(]?['\"`]?user['\"`]?(?: or |, | and |/)"
)
_ROLES = re.compile(r"jinja|template|raise_exception|\broles?\b")
_ELSE = re.compile(
    r"['\"`]n['\"`]|\bn ?(?:>|=|must|should)|temperature|top_[pk]\b|max_(?:completion_|new_)?tokens|\bseed\b|penalty"
    r"|logprobs|logit_bias|\btool|\bfunction|parallel_tool|response_format|schema|grammar|reasoning|image|audio|video"
    r"|multimodal|\bfiles?\b|\burl\b|filter|polic(?:y|ies)|moderation|safety|flagged|quota|billing|credit|balance"
    r"|payment|\bkey\b|token|context|length|too long|too large"
)
_ROLE_PARTS: frozenset[LeftOut] = frozenset({"system_role", "repeated_roles"})
_NAMED: tuple[tuple[LeftOut, re.Pattern[str]], ...] = (
    ("tool_choice", _CHOICE),
    ("max_tokens", _LIMIT),
    ("logprobs", _LOGPROBS),
    ("repeated_roles", _ORDER),
    ("system_role", _SYSTEM),
)
_ABOUT_STREAMS: tuple[tuple[LeftOut, re.Pattern[str]], ...] = (
    ("stream_options", _USAGE),
    ("unstreamed", _ONLY_STREAM),
    ("streaming", _NO_STREAM),
)
"""How each is named; of what is about streams, the first that fits: what names the later ones fits in it as well."""
_MEDIA: dict[MediaKind, LeftOut] = {
    "image": "images",
    "image_url": "images",
    "pdf": "files",
    "file": "files",
    "audio": "audio",
    "video": "video",
}
"""What a request goes without, by what a message holds."""
_BY_NAME: frozenset[LeftOut] = frozenset(
    {
        "streaming",
        "unstreamed",
        "tool_choice",
        "max_tokens",
        "temperature",
        "reasoning_effort",
        "service_tier",
        "logprobs",
        *_MEDIA.values(),
    }
)
"""What is only left out where a refusal names it: without these a request is another one."""
_ABOUT_ALL = {"messages", "body", "stream", "stream_options"}
"""What `param` may name of a refusal that is about nothing else."""


def may_be_left_out(exc: BaseException, parts: frozenset[LeftOut]) -> frozenset[LeftOut]:
    """Return what of a request may be the reason why it was refused; nothing where that is none of it.

    Args:
        exc: What asking raised.
        parts: What there is in the request that can be left out.
    """
    status, words = http_status_of(exc), error_text(exc)
    if status in _OF_ANOTHER_KIND or isinstance(exc, TimeoutError) or not parts:
        return frozenset()
    if unread := media_parts(kinds_refused(words)) & parts:
        return unread
    named = _named(exc, words)
    obstacle = obstacle_of(exc)
    # Gateways say 404 of what no model of theirs takes, and 403 of an option that they do not permit.
    passing = {"address", "key"} if named & {"stream_options", "logprobs"} else {"address"}
    if obstacle and not (named and obstacle["why"] in passing):
        return frozenset()
    if named & parts:
        return named & parts
    if named & _ROLE_PARTS:  # a template that has no system role counts one as out of order
        return parts & _ROLE_PARTS
    is_silent = status in _SILENT and not named and not _is_about_something_else(exc, words)
    return parts - _BY_NAME if is_silent else frozenset()


def media_parts(kinds: Collection[MediaKind]) -> frozenset[LeftOut]:
    """Return what a request goes without whose messages hold none of these."""
    return frozenset(_MEDIA[kind] for kind in kinds)


def kinds_without(parts: Collection[LeftOut]) -> frozenset[MediaKind]:
    """Return which kinds of content a request does not hold that goes without these."""
    return frozenset(kind for kind, part in _MEDIA.items() if part in parts)


def media_refused(exc: BaseException, kinds: Collection[MediaKind]) -> frozenset[LeftOut]:
    """Return what of a request's content a server refused, for its model does not read it; mostly nothing.

    Args:
        exc: What asking raised.
        kinds: What there was in the request.
    """
    if not kinds or http_status_of(exc) in _OF_ANOTHER_KIND or isinstance(exc, TimeoutError):
        return frozenset()
    return media_parts(kinds_refused(error_text(exc)) & set(kinds))


def is_refusal(exc: BaseException) -> bool:
    """Tell a request that was refused as it is from one that failed for another reason, which is news.

    Args:
        exc: What asking raised.
    """
    status = http_status_of(exc)
    is_silent = status in _SILENT and obstacle_of(exc) is None
    words = error_text(exc)
    return is_silent or bool((_named(exc, words) or kinds_refused(words)) and status not in _OF_ANOTHER_KIND)


def _named(exc: BaseException, words: str) -> frozenset[LeftOut]:
    param = fields_of(exc).get("param")
    option = _PARAMS.get(param) if isinstance(param, str) else None
    named = {part for part, pattern in _NAMED if pattern.search(words)}
    first = _OTHERS.split(words, maxsplit=1)[0]
    if (_TEMPERATURE.search(first) or option == "temperature") and not _RANGE.search(first):
        named |= {"temperature"}  # and no effort that is named with it: some models take one that do not think
    elif _EFFORT.search(first) or option == "reasoning_effort":
        named |= {"reasoning_effort"}
    if _TIER.search(first) or option == "service_tier":
        named |= {"service_tier"}
    named |= set(islice((part for part, pattern in _ABOUT_STREAMS if pattern.search(words)), 1))
    return frozenset(named) or (_ROLE_PARTS if _ROLES.search(words) else frozenset())


def _is_about_something_else(exc: BaseException, words: str) -> bool:
    param = fields_of(exc).get("param")
    is_named = isinstance(param, str) and param.strip() and re.split(r"[.\[]", param)[0] not in _ABOUT_ALL
    return bool(is_named or _ELSE.search(words))
