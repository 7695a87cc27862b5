"""Find where a text stops being its author's answer: models that miss their end go on with somebody else's words.

They write the next question of their own, or the next turn of a chat, and answer that as well. What stands behind such
a change is about something that nobody asked; what stands before it is the answer, or there is none.
"""

import re
from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from typing import Literal

from ..control_tokens import TOKEN

Speaker = Literal["asker", "author", "nobody"]
_Change = tuple[int, int, Speaker, bool]
"""From where to where, who speaks then, and whether it is one question of several."""

_ASKERS = (
    frozenset(
        """
    user human system q question query prompt instruction instructions input problem exercise task
    frage aufgabe nutzer benutzer mensch eingabe anweisung utilisateur problème probleme exercice consigne
    pregunta usuario humano problema ejercicio pergunta usuário exercício domanda utente umano esercizio
    vraag gebruiker opgave pytanie użytkownik zadanie soru kullanıcı fråga användare spørgsmål bruger
    вопрос пользователь задача питання користувач سؤال المستخدم प्रश्न उपयोगकर्ता คำถาม
    问题 問題 问 問 题目 題目 用户 用戶 人类 質問 ユーザー 人間 질문 사용자 문제
    """.split()
    )
    | {"câu hỏi", "người dùng", "user input", "user message", "user query", "user prompt"}
    | {f"{who} {verb}" for who in ("user", "human") for verb in ("says", "asks", "said", "asked", "wrote", "writes")}
)
_AUTHORS = frozenset(
    "assistant ai bot chatbot assistent asistente assistente ассистент помощник 助手 助理 アシスタント".split()
) | {"어시스턴트"}
_EXAMPLES = frozenset("example case conversation dialogue beispiel exemple ejemplo esempio пример 例".split())
_NEXT = frozenset(
    "next new another second third fourth follow-up followup further additional bonus follow up user user's user’s "
    "human human's test nächste neue weitere nouvelle siguiente nueva prossima следующий".split()
)
"""Words before the one that says who, or what, it is."""
_OPEN = r"[ \t*_#`~(<\[【\-•\u200b\ufeff]{0,12}"
_SHUT = r"[ \t*_`)>\]】]{0,8}"
_LABEL = re.compile(
    rf"\n(?P<open>{_OPEN})(?P<words>[^\W\d_][\w '’\-#]{{0,40}}+)(?:\([^()\n]{{0,30}}\))?{_SHUT}"
    r"(?P<end>[:：]|$|(?<=[\]>】]))",
    re.MULTILINE,
)
"""What may be the label of a line: whose it is, tell its words."""
_NUMBERED = re.compile(
    rf"\n(?:{_OPEN}(?:q|question|problem|exercise|example|task|frage|aufgabe)[ ]?(?:no\.?|nr\.?|\#)?[ ]?\d+"
    rf"{_SHUT}(?:[.):：]|$)|\#{{1,6}}[ ]?[*_]{{0,2}}(?:question|problem|exercise|example|task)[ ]\#?\d)",
    re.IGNORECASE | re.MULTILINE,
)
_NTH = re.compile(r"[ ]?(?:\#|№|no|nr)?[ ]?(?:\d+|[一二三四五])$|[ ](?:[ivx]+|[a-e]|one|two|three|four|five)$")
_INLINE = re.compile(r"(?:(USER|User|HUMAN|Human|Next question|Question|Q)|ASSISTANT|Assistant)(?: ?\d{1,3})? ?\Z")
_COLON = re.compile("[:：] ")
_INLINE_BEHIND = frozenset(".!?)]}*`0123456789")
_SQUARE = re.compile(r"\[(?:(USER|HUMAN)|ASSISTANT)\]")
_GLUED = re.compile(r"(?:(user)|assistant)\n\n")
_ROLES: dict[str, Speaker] = {"user": "asker", "system": "asker", "assistant": "author", "model": "author"}
_LONGEST_LABEL = 24
_TURN = re.compile(
    r"im[_:]|user|human|assistant|system|turn|eo[tmsdp]|bos|(?:end|start|begin)[_▁ ]?of(?![_▁ ]?(?:box|th|image))"
    r"|header|role|INST|SYS|~|</?s>|[|｜](?:end|start|return)[|｜]|observation|extra_id|longcat_s",
    re.IGNORECASE,
)
_ROLE = re.compile(r"[ ]?(?:(?P<asker>user|human|system|developer|tool|observation)|(?P<author>assistant|model|ai))\b")
_ASKS = re.compile(r"user|human|system|observation|\[INST|<?SYS", re.IGNORECASE)
_ANSWERS = re.compile(r"assistant|/INST|chatbot", re.IGNORECASE)
_MARKUP = " \t\r\n*_#`-=~>"


def own_part(text: str) -> str:
    """Return what a text says for itself, when it may go on with another speaker, or with another question.

    A question that is restated first belongs to it. Where there are several, or the next one has a number, nobody
    knows which of them was asked.

    Returns:
        The text up to the first change, without the turns before it; nothing where that cannot be told.
    """
    speaker: Speaker = "nobody"
    start = end = 0
    is_asked = False
    for begins, ends, who, is_one_of_several in _changes(text):
        if content := text[end:begins].strip(_MARKUP):
            is_lead_in = who == "asker" and not end and content.endswith((":", "：")) and "\n" not in content
            if speaker != "asker" and not is_lead_in:
                return "" if is_one_of_several else _without_rule(text[start:begins])
            if who == "asker" and is_asked:
                return ""
            speaker = "nobody" if who == "nobody" else speaker
        speaker = speaker if who == "nobody" else who
        is_asked = is_asked or who == "asker"
        end = max(end, ends)
        start = start if who == "asker" else ends
    return text[start:]


def _without_rule(part: str) -> str:
    """Take off a line that only sets apart what follows it."""
    rest, _, last = part.rstrip().rpartition("\n")
    return part if last.strip(_MARKUP) else rest


def _changes(text: str) -> Iterator[_Change]:
    """Yield where somebody else begins to speak, in order."""
    readers = (_labels, _numbered, _in_line, _square, _glued, _tokens)
    return merge(*(read(text) for read in readers), key=itemgetter(0))


def _labels(text: str) -> Iterator[_Change]:
    """Yield lines that begin with who speaks, or with a question; the line break before the text is not in it."""
    for match in _LABEL.finditer(f"\n{text}"):
        if who := _who(match["words"].rstrip(), match["open"], match["end"]):
            yield max(match.start() - 1, 0), match.end() - 1, *who


def _who(label: str, opening: str, end: str) -> tuple[Speaker, bool] | None:
    """Return who speaks behind a label, and whether it is one question of several; None where it is no label."""
    if not end and not opening.strip(" \t*_`~-•"):  # a line of its own, without brackets or `#`
        return (_ROLES[label], False) if label in _ROLES else None
    words = label.casefold().split()
    while len(words) > 1 and words[0] in _NEXT and " ".join(words) not in _ASKERS:
        words.pop(0)
    bare = " ".join(words)
    name = _NTH.sub("", bare)
    if name in _AUTHORS or (name == "response" and "#" in opening):
        return "author", False
    is_asker = name in _ASKERS or (name in _EXAMPLES and name != bare)
    return ("asker", name != bare) if is_asker else None


def _numbered(text: str) -> Iterator[_Change]:
    for match in _NUMBERED.finditer(f"\n{text}"):
        yield max(match.start() - 1, 0), match.end() - 1, "asker", True


def _in_line(text: str) -> Iterator[_Change]:
    """Yield who speaks in mid line, behind a sentence or a number."""
    for colon in _COLON.finditer(text):
        label = _INLINE.search(text, max(colon.start() - _LONGEST_LABEL, 0), colon.start())
        before = text[max(label.start() - 4, 0) : label.start()] if label else ""
        if label and before[-1:].isspace() and before.rstrip()[-1:] in _INLINE_BEHIND:
            yield label.start(), colon.end(), "asker" if label[1] else "author", False


def _square(text: str) -> Iterator[_Change]:
    for match in _SQUARE.finditer(text):
        yield match.start(), match.end(), "asker" if match[1] else "author", False


def _glued(text: str) -> Iterator[_Change]:
    """Yield who speaks where a template's tokens were taken off, and its roles were not."""
    if "assistant\n\n" not in text and "user\n\n" not in text:
        return
    for match in _GLUED.finditer(text):
        before = text[max(match.start() - 1, 0) : match.start()]
        if before.strip() and (not match[1] or before in _INLINE_BEHIND):
            yield match.start(), match.end(), "asker" if match[1] else "author", False


def _tokens(text: str) -> Iterator[_Change]:
    """Yield control tokens of turns; one in quotes is spoken of, and a `</s>` behind a `<s>` is struck text."""
    is_struck = 0 < text.find("<s>") < text.find("</s>")
    for match in TOKEN.finditer(text):
        token = match[0]
        around = {text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]}
        is_quoted = not around.isdisjoint("`'\"")
        if is_quoted or not _TURN.search(token) or (is_struck and token in {"<s>", "</s>"}):
            continue
        role = _ROLE.match(text, match.end())
        if (_ASKS.search(token) and "/" not in token) or (role and role["asker"]):
            who: Speaker = "asker"
        else:
            who = "author" if _ANSWERS.search(token) or (role and role["author"]) else "nobody"
        yield match.start(), role.end() if role else match.end(), who, False
