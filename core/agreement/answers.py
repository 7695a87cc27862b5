"""Find the short final answer in a text, and read it as what it is: a number, a letter, a date, a literal.

Models write one answer in many ways: `1,234`, `$1234.00`, `**1234 dollars**`. Compared as written, six models agreed
on 47 % of 1,319 arithmetic questions; with numbers compared as numbers on 60 %, and were right as often.
"""

import re

from ..control_tokens import without_last_tokens
from ..text import printable, shows_nothing
from .marks import marked_answers
from .notation import LITERAL, normalised, stripped
from .numerals import read_date, read_number
from .thoughts import without_thoughts
from .turns import own_part
from .units import folded
from .values import LONGEST_ANSWER, FinalAnswer, kind_of, literal_value, parsed_literal, same_answer

_READ = 20_000
"""Characters at a text's end that are read: an event loop waits for them."""
_WORDS = 8
"""How many words an answer has at most that is no number, letter, date or literal."""


def final_answer(text: str) -> FinalAnswer | None:
    """Return the short answer that a text ends on; None where it has none, as with open questions.

    A marked answer counts (`Final answer: 42`, `#### 42`, a boxed one, a JSON field `answer`), the last one where there
    are several that say the same, or words take the others back; else the whole text, where it is nothing but an
    answer. Marks in quotes are somebody else's, and those in thinking are nobody's. What stands behind a change of
    speaker, or behind a further question, is no answer to this one. When in doubt there is none: two answers that are
    taken for one are worse than one that is missed.
    """
    is_long, text = len(text) > _READ, text[-_READ:]
    visible = without_thoughts(text)
    is_whole = text.rstrip().endswith(visible.strip())
    own = own_part(visible)
    if is_long and own != visible:  # nobody knows who spoke before
        return None
    text = without_last_tokens(own)
    if marked := marked_answers(text):
        *earlier, stated = marked
        answer = read_answer(stated)
        return answer if answer and all(_is_no_other(answer, stated, other) for other in earlier) else None
    whole = text[: LONGEST_ANSWER + 1].strip()
    if len(text) > LONGEST_ANSWER or "\n" in whole or not is_whole or _FAILURE.match(whole):
        return None
    answer = read_answer(whole)
    return None if answer and kind_of(answer) == "words" and not _BARE.fullmatch(whole) else answer


def _is_no_other(answer: FinalAnswer, stated: str, earlier: str) -> bool:
    """Tell whether an earlier mark leaves an answer alone: it says the same, also with its calculation, or is none."""
    other = read_answer(earlier)
    is_sentence = other is not None and kind_of(other) == "words" and not _BARE.fullmatch(earlier)
    if other is None or is_sentence or kind_of(other) == "verbatim" or same_answer(answer, other):
        return True
    is_same_number = kind_of(answer) == kind_of(other) == "number" and answer.value[:2] == other.value[:2]  # type: ignore[index]
    if is_same_number or other.shown.strip("`") == answer.shown.strip("`"):
        return True
    results = [read_answer(written.rpartition("=")[2]) for written in (stated, earlier)]
    return bool(results[0] and results[1] and same_answer(results[0], results[1]))


_BARE = re.compile(r"[^\s.:;?!]+(?: [^\s.:;?!]+){0,3}\.?")
_LETTER = re.compile(
    r"(?:(?i:option|choice|answer)\s+)?(?:\$(?=[A-Z]$))?(?:\((?P<round>[A-Za-j])\)(?![a-z])|\[{1,2}(?P<square>[A-MO-W])\]{1,2}(?![a-z])"
    r"|(?P<bare>[A-Z])(?=$|\)|[.:](?:\s|$)))[).:]?(?P<tail>.*)",
    re.DOTALL,
)
"""An option's letter, also where `$LETTER` was asked for: of small ones up to j, for `(n)` and `(x)` are variables, and
in square brackets no X, which is a blank or a tick."""
_LETTERS = re.compile(
    r"(?:(?i:both|options?|choices?|answers?)\s+){0,2}\(?[A-Z]\)?"
    r"(?:\s*(?:[,;&、，；]|\band\b)\s*(?:and\s+)?\(?[A-Z]\)?)+\.?"
)
_NO_TAIL = re.compile(
    r"\s*(?:[,;&/(+×–-]|(?i:and|or|is|not|nor|but|if|unless|only|with|then|plus|through|as)\b)|.*"
    r"(?:\((?:[A-HJ]|I(?!\).*\bI[IV]))\)|\b[A-H][).]|\b[A-Z]:|\b(?i:false|wrong|incorrect|excluded)\b)",
    re.DOTALL,
)
"""What makes a letter something else than the option that was chosen; `(I) and (II) only` is the text of one."""
_BRACKETS = str.maketrans("（）［］【】", "()[][]")
_BRACKETED = re.compile(r"\[{1,2}\s*(yes|no)\s*\]{1,2}|\(\s*(yes|no|true|false)\s*\)", re.IGNORECASE)
"""A literal of code is left as it is, as `[True]`."""
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_FAILURE = re.compile(
    r"[^\w'\"`]{0,4}(?:error|upstream|https?\b|connection|out of memory|cuda|invalid api|quota|content filter|as an ai"
    r"|作为|我不|okay|hello|please|let me|not a number|weiß ich|ninguna idea|undefined|exception|traceback|fail(?:ed"
    r"|ure)|internal (?:server )?error|bad gateway|gateway time|service unavailable|server (?:error|busy|overloaded)"
    r"|not found|forbidden|unauthori[sz]ed|too many requests|rate limit|time-?d? ?-?out|request (?:failed|timed"
    r"|aborted)|overloaded|model (?:is |was )?(?:overloaded|not|un|error|failed|return)|no (?:response|content"
    r"|output|reply|result|data|text|message)|empty(?! set)|(?:50[0234]|429)\b[ ](?=[a-z])|\[object object\]|模型"
    r"|服务|服務|请求|請求|系统|系統|网络|網絡|内容为空|返回为空|错误|錯誤|エラー|오류|ошибка|fehler\b|erreur\b)",
    re.IGNORECASE,
)
"""What gateways write in place of an answer, where it is all that they say; behind a mark, `undefined` is a result."""
_REFUSED = re.compile(
    r"\b(?:ich|wir) (?:kann|können|weiß|bin)\b|\b(?:kann|können) (?:ich|das|dies|die|wir)\b|\b(?:leider"
    r"|tut mir leid)\b|\b(?:je|nous) (?:ne|n')|\bdésolée?\b|\bno (?:puedo|podemos|sé|lo sé|tengo)\b|\blo siento\b"
    r"|\bnão (?:posso|sei|consigo)|\bdesculpe\b|\bnon (?:lo )?(?:posso|so|sono)\b|\bmi dispiace\b|\bik (?:kan|weet)\b"
    r"|\bniet (?:beantwoorden|mogelijk)\b|\bне (?:могу|знаю|удалось)\b|\bизвините\b|\bnie (?:mogę|wiem)\b"
    r"|\bprzepraszam\b|\bjeg (?:kan|ved)\b|\bjag (?:kan|vet)\b|üzgünüm|bilmiyorum|抱歉|对不起|對不起|无法|無法"
    r"|不能(?:回答|提供)|不知道|不清楚|没有答案|申し訳|すみません|できません|わかりません|分かりません|答えられ|죄송"
    r"|없습니다|모르겠|آسف|عذر|لا أستطيع|لا أعرف|माफ़|नहीं कर सकत|xin lỗi|không thể|tidak (?:bisa|dapat|tahu)|maaf",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:i|we)\s*(?:can(?:no|')t|cannot|am|'m|do(?:n't| not))|\bsorry\b"
    r"|\b(?:or|either|maybe|perhaps|alternatively)\b",
    re.IGNORECASE,
)
"""A refusal, or a choice that is left open."""
_NO_ANSWER = re.compile(
    r"""n/?a | [-+]?nan | \(?none\)? | null | nil | tb[ad] | idk | un(?:known|clear
    |decided|determined|answerable|sure) | open | indeterminate | [?\-_.…]+ | [<\[(（【].*[>\])）】]
    | your[ ]answer.* | the[ ]answer.* | (?:final[ ])?answer
    | (?:it[ ])?(?:all[ ])?(?:depends|varies)\b.* | see\b.* | (?:i|we)[ ]have[ ]no\b.*
    | do(?:n['’]t|[ ]not)[ ]know\b.*
    | not[ ](?:sure|known|clear|applicable|enough|given|specified|available|possible|certain)\b.*
    | (?:unable|can(?:not|'t)|could[ ]not|couldn't|insufficient)\b.*
    | unbekannt | keine[ ](?:antwort|ahnung|angabe) | inconnue? | (?:sans|pas[ ]de)[ ]réponse | desconocid[oa]
    | sin[ ]respuesta | sem[ ]resposta | desconhecid[oa] | nessuna[ ]risposta | неизвестно | нет[ ]ответа
    | 未知 | 无 | 無 | 空 | 不明 | なし | 暂无.* | 没有.* | 모름 | 없음
    | no[ ](?:response|reply|output|content|idea|answer|clear|short|single|definite|definitive|valid|solution)\b.*""",
    re.IGNORECASE | re.VERBOSE,
)
"""What models write where they have none."""


def read_answer(stated: str) -> FinalAnswer | None:
    """Read a short answer as a literal, letter, yes or no, date, number with a unit, or else as its words.

    Returns:
        None for what is no answer: a refusal, a choice left open, a whole sentence, a lead-in to something else.
    """
    stated = without_last_tokens(stated)
    written = stripped(stated)
    shown = printable(" ".join(stated.split())).strip("* ")[:LONGEST_ANSWER]
    is_literal = LITERAL.match(written)
    longest = LONGEST_ANSWER * (10 if is_literal else 1)
    if shows_nothing(written) or len(written) > longest or written[-1] in ":{[(\\":
        return None
    if letter := _letter(written, shown):
        return letter
    if inside := _BRACKETED.fullmatch(written.translate(_BRACKETS)):
        return _yes_or_no(inside[1] or inside[2], shown)
    if _NO_ANSWER.fullmatch(written.strip(". ")) and not (is_literal and parsed_literal(written)):
        return None
    if is_literal:
        return FinalAnswer(literal_value(written), "", shown)
    code = written.strip("`").strip()
    if written.count("`") % 2 or (written[0] == written[-1] == "`" and "`" in code):
        return None  # half of a piece of code, or several
    if written[0] == written[-1] == "`" and code:
        return _code(code, shown)
    plain = normalised(written).removesuffix(".").strip()
    return _yes_or_no(plain, shown) or read_date(plain, shown) or read_number(plain, shown) or _words(plain, shown)


def short_answer(stated: str) -> FinalAnswer | None:
    """Read gold: a short answer, or a text that ends on one, as GSM8K's solutions do, which are never one line."""
    if "\n" in stated.strip():
        return final_answer(stated) or read_answer(stated)
    return read_answer(stated) or final_answer(stated)


def _letter(written: str, shown: str) -> FinalAnswer | None:
    written = written.replace("**", "").rstrip("。 ")
    shown = printable(" ".join(written.strip("`").split()))[:LONGEST_ANSWER]
    written = written.translate(_BRACKETS)
    if _LETTERS.fullmatch(written):
        return FinalAnswer(("letters", tuple(re.findall(r"\b[A-Z]\b", written))), "", shown)
    match = _LETTER.fullmatch(written)
    if not match:
        return None
    tail, letter = match["tail"], match["round"] or match["square"] or match["bare"]
    detail = " ".join(tail.casefold().split()).strip("*_` .")
    if (letter.islower() or letter == "Q") and tail.strip():  # a question, behind a Q
        return None
    if len(detail) > LONGEST_ANSWER or _NO_TAIL.match(tail) or _OPEN.search(detail):
        return None
    if match["bare"] and tail.strip()[:1].islower() and f"{letter})" not in written:  # E. coli
        return None
    return FinalAnswer(("letter", letter.upper()), detail, shown)


def _code(code: str, shown: str) -> FinalAnswer:
    """Read what is set as code: two pieces are compared as written, one with what others wrote as plain words."""
    typed = _letter(code, shown) if len(code) == 1 else _yes_or_no(code, shown) or read_number(normalised(code), shown)
    if typed:
        return typed
    words = _words(normalised(code), shown)
    return words._replace(detail=f"`{code}`") if words else FinalAnswer(("verbatim", code), "", shown)


def _yes_or_no(plain: str, shown: str) -> FinalAnswer | None:
    value = _YES_NO.get(plain.casefold())
    return None if value is None else FinalAnswer(("yes", value), "", shown)


def _words(plain: str, shown: str) -> FinalAnswer | None:
    """Compare words; the case of ordinary ones says nothing, that of symbols does."""
    words = plain.split()
    if not words or len(words) > _WORDS or words[-1].endswith("?") or _OPEN.search(plain) or _REFUSED.search(plain):
        return None
    return FinalAnswer(("words", " ".join(map(folded, words))), "", shown)
