"""Know the control tokens of chat templates: in foreign text they are made harmless, at an answer's end taken off.

A server's tokenizer reads `<|im_end|>` in a text as it reads its template's own, so whoever writes it ends a turn. What
is a token is a matter of single characters, so a look at the first one's neighbours tells nearly all other text.
"""

import re
from collections.abc import Callable

_BARRED = r"[|｜](?:[^\s<>|｜][^<>|｜\n]{0,63}[|｜]|/?[a-z_\"]{1,40})>|/?[|｜]DSML[|｜](?:[a-z_]{1,30}>?)?|/?｜"
"""`<|im_start|>`, `<｜User｜>` and Gemma's `<|turn>` after their angle; blanks as a header's recipient has them."""
_NAMES = (
    r"s|[bp]os|eo[sdpmtha]|so[pmrs]|bot|pad|unk|sep|cls|escape|think|ai|用户|meta(?:_start|_end)?|__media__"
    r"|(?:start|end|begin)_[a-z_]{1,40}|(?:bos|eos|eop|pad|unk|cls|sep|mask|eot)_token"
    r"|(?:tool|function)_(?:calls?|responses?|results?|sep|declare)|function_calls|arg_(?:key|value)"
    r"|fim_[a-z]{1,20}|file_sep|repo_?name|jupyter_[a-z_]{1,20}|issue_[a-z]{1,20}|(?:image|img|tts)_[a-z_]{1,30}"
    r"|(?:extra_id|reserved|special|tokens_unused)_?\d{1,5}|unused\d{1,5}|longcat_[a-z_]{1,40}"
    r"|(?:seed|minimax):[a-z_]{1,40}|fake_token_around_image|[a-z]{1,20}_soft_token|commit_[a-z]{1,20}|ctrl\d{1,5}"
    r"|toolcall|endoftext|mask:\d{1,3}|row_\d{1,2}_col_\d{1,2}|gh_stars|empty_output"
)
"""Between plain angles; `<user>`, `<tools>` and HTML's own, as `<pre>`, are in too many ordinary texts."""
_SQUARE = (
    r"INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|MODEL_SETTINGS|ARGS|CALL_ID|THINK"
    r"|IMG(?:_BREAK|_END)?|(?:BEGIN_)?AUDIO|TRANSCRIBE|PREFIX|MIDDLE|SUFFIX|[gs]MASK|BOS|EOS|EOT|PAD|UNK|SEP|CLS"
    r"|UNUSED_TOKEN_\d{1,5}|control_\d{1,5}|(?:start|end)_header_id|REF(?:ERENCE_DOC_\d{1,3})?"
)
"""Between square brackets, in capitals as the tokenizers have them: `[img]` and `[args]` are everybody's."""
_NAMED = rf"/?(?:{_NAMES})>|[a-z_]{{3,40}}\|>|/?dsml:"
_AFTER_ANGLE = (
    rf"(?=[|｜/])(?:{_BARRED})|(?=(?-i:/?[A-Za-z_\d:用户]{{1,44}}\|?>|/?[Dd]))(?:{_NAMED})"
    r"|(?=[<\[])(?:</?SYS>>|\[[a-z_\d]{1,40}\]>)"
)
"""Each part behind a look at what follows: with it, a text of nothing but `<` costs a tenth."""
_AFTER_OPENING = rf"/?(?:{_SQUARE})\]|\|[a-z_]{{3,40}}\|\]|e~\["
_AFTER_CLOSING = r"~!?b[\]\[]|![a-z]~\[|<\][a-z ]{1,40}\[>\["
_ANGLE = re.compile(rf"<(?=/?[A-Za-z_|｜用]|\[|</?[Ss][Yy])(?=(?i:{_AFTER_ANGLE}))")
_OPENING = re.compile(rf"\[(?=[A-Zcegs/|])(?={_AFTER_OPENING})")
_CLOSING = re.compile(rf"\](?=[~!<])(?={_AFTER_CLOSING})")
_AFTER_ARROW = (
    r">(?:TITLE|ABSTRACT|INTRODUCTION|SUMMARY|COMMENT|ANSWER|QUESTION|DOMAIN|PREFIX|MIDDLE|SUFFIX)<<"  # Falcon's
)
_ARROW = re.compile(rf">(?={_AFTER_ARROW})")
_WITHOUT_ANGLES = "｜DSML｜"
TOKEN = re.compile(rf"<(?i:{_AFTER_ANGLE})|\[(?:{_AFTER_OPENING})|\](?:{_AFTER_CLOSING})|>{_AFTER_ARROW}")
"""A whole token."""
_LAST = re.compile(rf"(?:{TOKEN.pattern})\Z")
_SECTION = re.compile(
    r"[<\[]/?[|｜]?/?(?:seed:|minimax:)?(?:think|tool|func|arg_|channel|message|call|\w+_of_box)", re.IGNORECASE
)
"""Tokens of thinking, of calls and around a short answer: what they close is no answer, so they are not taken off."""
_LONGEST = 70
_INVISIBLE = dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff"))
_SKIPPED = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
"""What Unicode calls ignorable: whoever cleans a text on its way to a tokenizer takes it out."""


def neutralised(text: str) -> str:
    """Return a text without control tokens, when a prompt is to hold it: the first character of each is another.

    `<|im_end|>` becomes `‹|im_end|>`, `[INST]` becomes `⁅INST]`: a reader sees what it was, no tokenizer does. No form
    of Unicode turns these characters back, and invisible characters within a token hide it from nobody.
    """
    return seen_through(text, _neutralised)


def _neutralised(text: str) -> str:
    text = _ARROW.sub("›", _CLOSING.sub("⁆", _OPENING.sub("⁅", _ANGLE.sub("‹", text))))
    return text.replace(_WITHOUT_ANGLES, _WITHOUT_ANGLES.replace("｜", "¦"))


def seen_through(text: str, change: Callable[[str], str]) -> str:
    """Change characters of a text as if its invisible ones were not there, when somebody may take those out.

    Args:
        text: What may hold some; they stay where they are.
        change: Puts another character for some, one for one.
    """
    text = change(text)
    if text.isascii() or not _SKIPPED.search(text):
        return text
    bare = _SKIPPED.sub("", text)
    changed = change(bare)
    if changed == bare:
        return text
    pieces: list[str] = []
    at = end = 0
    for run in _SKIPPED.finditer(text):
        length = run.start() - end
        pieces += changed[at : at + length], run[0]
        at, end = at + length, run.end()
    return "".join([*pieces, changed[at:]])


def only_tokens(text: str) -> bool:
    """Tell a text of nothing but control tokens, when a reply is read: it shows nothing to anybody."""
    rest = TOKEN.sub("", text).replace(_WITHOUT_ANGLES, "")
    return rest != text and not rest.translate(_INVISIBLE).strip()


def without_last_tokens(text: str) -> str:
    """Return a text without the control tokens that trail it, when it is compared: servers let stop tokens through.

    A `</s>` stays where a `<s>` stands before it: that is struck text, and another answer.
    """
    end, strikes = len(text.rstrip()), "<s>" in text
    whole = end
    while end and text[end - 1] in ">][":
        token = _LAST.search(text, max(end - _LONGEST, 0), end)
        if token is None or _SECTION.match(token[0]) or (strikes and token[0] == "</s>"):
            break
        while text.endswith(token[0], 0, end):  # one over and over is found once
            end -= len(token[0])
        while end and text[end - 1].isspace():
            end -= 1
    return text if end == whole else text[:end]
