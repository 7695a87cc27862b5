"""Bring items of other tools to the project's own names: columns that are called otherwise, chats, options."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any

from ...core.errors import ConfigError, nearest
from .losses import Losses
from .values import JsonItem, shown_value

_ROLES = {
    **dict.fromkeys(("human", "user", "prompter"), "user"),
    **dict.fromkeys(("gpt", "assistant", "chatgpt", "bing", "bard", "model"), "assistant"),
    **dict.fromkeys(("system", "developer"), "system"),
}
_OURS = ("question", "messages", "responses", "run")
"""What an item has one of: it is a question, a record or a row."""
Names = Mapping[str, Sequence[str]]
"""By which columns hold what, as `--map` says it: `question`, `gold`, `id`, `responses` or `responses.NAME`, ..."""


def read_names(given: Iterable[str]) -> dict[str, list[str]]:
    """Read what `--map` says.

    Args:
        given: `NAME=COLUMN` each.

    Raises:
        ConfigError: One is written otherwise, or a name but `responses` stands twice.
    """
    names: dict[str, list[str]] = {}
    for text in given:
        name, equals, column = text.partition("=")
        if not name.strip() or not equals or not column.strip():
            raise ConfigError(
                f"found {shown_value(text)} as --map, expected NAME=COLUMN, such as question=prompt or gold=answer; "
                "write it so"
            )
        if name in names and name != "responses":
            raise ConfigError(f"found --map {name}=... twice, expected one column for it; leave one out")
        names.setdefault(name, []).append(column)
    return names


def renamed(items: Iterable[tuple[str, JsonItem]], names: Names, losses: Losses) -> Iterator[tuple[str, JsonItem]]:
    """Go through items under the project's own names.

    Args:
        items: Where each stands, for messages, and what was read there.
        names: Which columns hold what.
        losses: Where it is counted what was changed.

    Raises:
        ConfigError: A column that is named is in none of them, or an item is no question, no record and no row.
    """
    missing = {column for columns in names.values() for column in columns}
    columns_seen: dict[str, None] = {}
    for where, item in items:
        if item and all(value is None for value in item.values()):
            losses.add("a row with nothing in it was left out")
            continue
        missing -= {column for column in missing if _reaches(item, column)}
        if len(columns_seen) < 200:
            columns_seen.update(dict.fromkeys(item))
        mapped = _mapped(item, names, losses)
        _check_any(mapped, item, names, where)
        yield where, _checked(_with_options(_with_messages(mapped, losses), losses), where, losses)
    if missing and columns_seen:
        column = min(missing)
        raise ConfigError(f"found no column {column!r}, expected what --map names; {nearest(column, [*columns_seen])}")


def _mapped(item: JsonItem, names: Names, losses: Losses) -> JsonItem:
    mapped = dict(item)
    if not names and "input" in item and not any(item.get(name) is not None for name in _OURS):
        names = {"question": ["input"], **({"gold": ["target"]} if "target" in item and "gold" not in item else {})}
        losses.add("`input` (and `target`) as inspect_ai's datasets have them were read as `question` (and `gold`)")
    for name, columns in names.items():
        for column in columns:
            if not _reaches(item, column):
                continue
            value = _taken(mapped, item, column)
            if name == "responses" or name.startswith("responses."):
                _answer(mapped, name.partition(".")[2] or column, value, whole=name == "responses")
                continue
            if mapped.get(name) is not None and name != column:
                mapped[f"given_{name}"] = mapped[name]
                losses.add(f"`{name}` that stood beside what --map names for it was called `given_{name}`")
            mapped[name] = value
    if isinstance(mapped.get("question"), list):
        mapped["messages"] = mapped.pop("question")
    for column in [column for column in mapped if column.startswith("responses.")]:
        _answer(mapped, column.partition(".")[2], mapped.pop(column), whole=False)
    return mapped


def _reaches(item: JsonItem, column: str) -> bool:
    outer, dot, inner = column.partition(".")
    value = item.get(outer)
    return column in item or bool(dot and isinstance(value, dict) and inner in value)


def _taken(mapped: JsonItem, item: JsonItem, column: str) -> Any:
    """Return what a column holds; one that is inside another stays there as well."""
    if column in item:
        return mapped.pop(column, item[column])
    outer, _, inner = column.partition(".")
    return item[outer][inner]


def _answer(mapped: JsonItem, name: str, value: Any, *, whole: bool) -> None:
    responses = mapped.get("responses")
    responses = dict(responses) if isinstance(responses, dict) else {}
    if whole and isinstance(value, dict):
        responses.update(value)
    else:
        responses[name] = value
    mapped["responses"] = responses


def _with_messages(item: JsonItem, losses: Losses) -> JsonItem:
    """Return an item whose chat is in roles that are known, and ends with what the user says."""
    chat = item.get("messages")
    if chat is None and isinstance(item.get("conversations"), list) and item.get("question") is None:
        chat = item["conversations"]
        item = {name: value for name, value in item.items() if name != "conversations"}
    if not isinstance(chat, list) or not all(isinstance(message, dict) for message in chat):
        return item
    messages = [_message(message) for message in chat]
    end = max((n for n, message in enumerate(messages, 1) if message.get("role") == "user"), default=len(messages))
    if replies := messages[end:]:
        losses.add(
            "a chat ends with the assistant's words: they are kept as `reply`, which --map gold=reply makes gold"
        )
        is_text = len(replies) == 1 and isinstance(replies[0].get("content"), str)
        item = {**item, "reply": replies[0]["content"] if is_text else replies}
    return {**item, "messages": messages[:end]}


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    if "role" not in message and "from" in message and "value" in message:
        message = {"role": message["from"], "content": message["value"]} | {
            name: value for name, value in message.items() if name not in ("from", "value")
        }
    role = message.get("role")
    ours = _ROLES.get(role) if isinstance(role, str) else None
    return {**message, "role": ours} if ours else dict(message)


def _with_options(item: JsonItem, losses: Losses) -> JsonItem:
    """Return an item whose question lists its options, and has them as `choices` as well."""
    question, options = item.get("question"), texts_of_choices(item.get("choices"))
    if not isinstance(question, str) or not options:
        return item
    listed = with_choices(question, options)
    if listed == question:
        return item
    losses.add("the options stand in the question, and as `choices`")
    return {**item, "question": listed}


def texts_of_choices(choices: Any) -> list[str]:
    """Return a question's options; none where it has none that can be listed.

    Args:
        choices: A list of texts, or labels and texts side by side, as ARC has them.
    """
    texts: Any = choices.get("text") if isinstance(choices, dict) else choices
    is_list = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
    return list(texts) if is_list and len(texts) <= len(ascii_uppercase) else []


def with_choices(question: str, options: Sequence[str]) -> str:
    """Return a question that lists its options, as it is where it does so already."""
    listed = "\n".join(f"{letter}) {option}" for letter, option in zip(ascii_uppercase, options, strict=False))
    return question if question.endswith(listed) else f"{question}\n\n{listed}"


def without_choices(question: str, options: Sequence[str]) -> str:
    """Return a question without the options that `with_choices` listed."""
    return question.removesuffix(with_choices("", options))


def _check_any(mapped: JsonItem, item: JsonItem, names: Names, where: str) -> None:
    """Refuse an item that is no question, no record and no row, by what it lacks: a column, or what is in it."""
    is_chat = isinstance(mapped.get("conversations"), list)
    if is_chat or "answer" in mapped or any(mapped.get(name) is not None for name in _OURS):
        return
    if absent := [column for columns in names.values() for column in columns if not _reaches(item, column)]:
        raise ConfigError(
            f"found no column {shown_value(absent[0])} {where}, expected what --map names; "
            f"{nearest(absent[0], [*item])}"
        )
    if empty := next((name for name in _OURS if name in mapped), None):
        raise ConfigError(
            f"found nothing as `{empty}` {where}, expected a question in each row; write it, or take the row out"
        )
    raise ConfigError(
        f"found the columns {', '.join(map(shown_value, list(item)[:12])) or 'of none'} {where}, expected "
        "`question`, `messages` or `responses`; name the column that holds it, such as --map question=COLUMN"
    )


def _checked(item: JsonItem, where: str, losses: Losses) -> JsonItem:
    if not _is_id(item.get("id")):
        raise ConfigError(
            f"found {shown_value(item['id'])} as `id` {where}, expected text or a whole number; name another column: "
            "--map id=COLUMN"
        )
    if isinstance(item.get("id"), float):
        item = {**item, "id": int(item["id"])}
    return _with_one_gold(item, where, losses) if "gold" in item else item


def _is_id(value: Any) -> bool:
    is_whole = isinstance(value, float) and value.is_integer()
    return value is None or is_whole or (isinstance(value, int | str) and not isinstance(value, bool))


def _with_one_gold(item: JsonItem, where: str, losses: Losses) -> JsonItem:
    gold = item["gold"]
    if isinstance(gold, bool):
        losses.add("gold that was true or false became text")
        return {**item, "gold": str(gold)}
    if isinstance(gold, list) and gold and all(isinstance(part, str | int | float) for part in gold):
        losses.add("of several right answers the first became `gold`, and all are kept as `golds`", int(len(gold) > 1))
        return {**item, "gold": gold[0], **({"golds": gold} if len(gold) > 1 else {})}
    if isinstance(gold, list | dict) and gold:
        raise ConfigError(
            f"found {shown_value(gold)} as `gold` {where}, expected text or a number; name what is inside it, such as "
            "--map gold=COLUMN.FIELD"
        )
    return {**item, "gold": None} if isinstance(gold, list | dict) else item
