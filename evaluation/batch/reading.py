"""Read questions from a file or whatever they are given as, and refuse what is none."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Any

from ...core.checks import refuse_long_number
from ...core.errors import ConfigError
from ...core.ordinary import file_kind, lines_of, opened_file
from ...core.text import one_line, plain, plain_in, printable, shows_nothing
from .ids import Ids
from .questions import Question, Questions

_ROLES = ("system", "user", "assistant")


def read_questions(path: str | PathLike[str], *, check: bool = True, name: str | None = None) -> Iterator[Question]:
    """Read questions from a file, one JSON object a line, and never more than one of them at a time.

        {"question": "17 * 24?", "gold": 408}
        {"id": "b", "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]}

    A question without an `id` is called by a hash of its conversation, the second of the same `-2`, and so on.

    Args:
        path: The file; blank lines are skipped, and keys of other names are kept in `given`.
        check: Go through the whole file first, so that nobody is asked anything before its last line is known to be
            right. False is for those who have gone through it themselves.
        name: What messages call it; None is its path.

    Raises:
        ConfigError: The file cannot be read, or only once, or a line of it is wrong, which is named.
    """
    if check:
        for _ in read_questions(path, check=False, name=name):
            pass
    yield from with_ids(_lines(Path(path), name or str(path)))


def questions_in(given: Questions) -> Iterator[Question]:
    """Go through questions once, whatever they are given as.

    Raises:
        ConfigError: One of them is wrong, or they can be gone through only once.
    """
    if isinstance(given, str | PathLike):
        return read_questions(given, check=False)
    if not isinstance(given, Iterable) or isinstance(given, Mapping | bytes | bytearray):
        raise ConfigError(f"found {type(given).__name__} as questions, expected a file, or a list of them; pass a list")
    items = iter(given)
    if items is given:
        raise ConfigError(
            f"found {type(given).__name__} as questions, expected what can be gone through twice, for all are checked "
            "before the first is asked; pass a list, or the path of a file"
        )
    return with_ids((f"in question {number}", item) for number, item in enumerate(items, 1))


def with_ids(items: Iterable[tuple[str, object]]) -> Iterator[Question]:
    """Read questions, check each, and give those an id that have none.

    Args:
        items: Where each stands, for the message, and what was found there.

    Raises:
        ConfigError: One is wrong, or its id is another's.
    """
    with Ids() as ids:
        for where, item in items:
            question = _checked(item, where) if isinstance(item, Question) else _read(item, where)
            if not question.id:
                yield replace(question, id=ids.add_next(_hash(question)))
            elif ids.add(question.id, 1):
                yield question
            else:
                raise ConfigError(
                    f"found the id {_shown(question.id)} again {where}, expected one of its own; rename one of the two"
                )


def _lines(path: Path, name: str) -> Iterator[tuple[str, object]]:
    kind = file_kind(path)
    if kind is not None and kind != "a folder":
        raise ConfigError(
            f"found {kind} as questions, {name}, expected a file that can be read twice, for all are checked before "
            "the first is asked; write them to a file first"
        )
    try:
        with opened_file(path) as file:
            for number, line in enumerate(lines_of(file), 1):
                if line.strip():
                    where = f"in line {number} of {name}"
                    yield where, parsed_line(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line, where)
    except OSError as exc:
        raise ConfigError(
            f"{name} cannot be read: {exc.strerror or exc}; expected a file with a JSON object on each line"
        ) from exc


def parsed_line(line: bytes, where: str) -> object:
    """Return what a line of JSON holds.

    Args:
        line: Its bytes.
        where: Where it stands, for the message.

    Raises:
        ConfigError: It is no JSON, or no UTF-8.
    """
    try:
        return json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as exc:
        raise ConfigError(f"found bytes that are no UTF-8 {where}, expected UTF-8; convert the file") from exc
    except (ValueError, RecursionError) as exc:
        refuse_long_number(exc, where)
        raise ConfigError(
            f"found no JSON {where}, expected an object on one line; mend the line, or take it out"
        ) from exc


def _read(item: object, where: str) -> Question:
    given: object = {"question": item} if isinstance(item, str) else item
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"found {_shown(given)} {where}, expected an object with `question` or `messages`; "
            + (
                "if the file is one array, say --from json"
                if isinstance(given, list)
                else "write it so, or take it out"
            )
        )
    text, messages = given.get("question"), given.get("messages")
    if (text is None) == (messages is None):
        what = "neither `question` nor `messages`" if text is None else "both `question` and `messages`"
        raise ConfigError(f"found {what} {where}, expected one of them; write one, and leave the other out")
    conversation = [{"role": "user", "content": text}] if messages is None else messages
    return Question(
        id=_id(given.get("id"), where),
        messages=_messages(conversation, "`question`" if messages is None else "`messages`", where),
        gold=_gold(given.get("gold"), where),
        given=dict(given),
    )


def _id(value: object, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise ConfigError(f"found {_shown(value)} as `id` {where}, expected text or a whole number; or leave it out")
    return plain(str(value))


def _gold(value: object, where: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ConfigError(f"found {_shown(value)} as `gold` {where}, expected text or a number; or leave it out")
    return plain(str(value))


def _messages(value: object, key: str, where: str) -> list[dict[str, Any]]:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes) or not value:
        raise ConfigError(
            f"found {_shown(value)} as {key} {where}, expected a list of messages, "
            'such as [{"role": "user", "content": "Why?"}]; write it so'
        )
    messages = [_message(message, key, where) for message in value]
    if messages[-1]["role"] != "user":
        raise ConfigError(
            f"found a last message of the {messages[-1]['role']} {where}, expected one of the user, for it is what "
            "gets answered; take it out, or add the user's"
        )
    return messages


def _message(value: object, key: str, where: str) -> dict[str, Any]:
    role = value.get("role") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or role not in _ROLES:
        what = f"the role {_shown(role)}" if isinstance(value, Mapping) else _shown(value)
        raise ConfigError(
            f"found {what} in {key} {where}, expected messages of {', '.join(_ROLES)}, each with `role` and `content`; "
            "write it so"
        )
    content = value.get("content")
    if isinstance(content, str) and not shows_nothing(content):
        return {"role": role, "content": plain(content)}
    if isinstance(content, list) and content and all(isinstance(block, dict) for block in content):
        return {"role": role, "content": plain_in(content)}
    shown = "no text" if content in (None, "", []) or isinstance(content, str) else _shown(content)
    raise ConfigError(f"found {shown} in {key} {where}, expected some text; write it, or take the line out")


def _checked(question: Question, where: str) -> Question:
    if not isinstance(question.id, str) or not question.id.strip():
        raise ConfigError(f"found {_shown(question.id)} as the id {where}, expected some text; give it one")
    if (
        not isinstance(question.later, Sequence)
        or isinstance(question.later, str)
        or not all(isinstance(t, str) and t.strip() for t in question.later)
    ):
        raise ConfigError(f"found {_shown(question.later)} as later turns {where}, expected a list of texts")
    return replace(
        question,
        id=plain(question.id),
        messages=_messages(question.messages, "`messages`", where),
        later=[plain(text) for text in question.later],
        gold=_gold(question.gold, where),
    )


def _hash(question: Question) -> str:
    written = json.dumps([question.messages, question.later], ensure_ascii=False, sort_keys=True, default=str)
    return sha256(written.encode("utf-8", "replace")).hexdigest()[:12]


def _shown(value: object) -> str:
    return one_line(printable(repr(value)), limit=60)
