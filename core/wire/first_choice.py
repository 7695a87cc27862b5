"""The choice of a streamed answer that is read, and what each event adds to it."""

from collections.abc import Mapping
from typing import Any

from .instead import choices_of
from .replies import content_text


class FirstChoice:
    """Know which of the choices in a stream is the answer, whatever its server numbers it, and where it says its text.

    FastChat sends one choice and numbers it 1, text-generation-inference has counted tokens in the number.
    """

    def __init__(self) -> None:
        self._begins: int | None = None
        self._index = 0
        self._field = ""
        """Which field brought the first words."""
        self._messages: list[str] = []
        """What came as messages; some servers say all of it once more at the end."""
        self._length = 0

    def of(self, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an event says of the choice; the first one that a stream tells of is the answer's.

        Args:
            sent: What came.
        """
        choices = choices_of(sent)
        numbers = [_number(choice.get("index")) for choice in choices]
        known = [number for number in numbers if number is not None]
        if self._begins is None and choices:
            self._begins = self._index = min(known, default=0)
        elif len(choices) == 1 and self._begins and numbers[0] == self._index + 1:
            self._index += 1
        pairs = zip(choices, numbers, strict=True)
        return next((choice for choice, number in pairs if number in (None, self._index)), {})

    def said_in(self, choice: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a choice adds, which some servers call a message, and some send as a text.

        Args:
            choice: What an event says of it.
        """
        for name in ("delta", "message"):
            added = choice.get(name)
            added = {"content": added} if isinstance(added, str) else added
            if isinstance(added, dict) and any(added.get(field) for field in added if field != "role"):
                self._field = self._field or name
                is_again = name == "message" and self._is_said_again(added, is_last=bool(choice.get("finish_reason")))
                return added if name == self._field and not is_again else {}
        return {}

    def _is_said_again(self, message: Mapping[str, Any], *, is_last: bool) -> bool:
        text = content_text(message.get("content"))
        if is_last and text and len(text) == self._length and text == "".join(self._messages):
            return True
        self._messages.append(text)
        self._length += len(text)
        return False


def _number(index: object) -> int | None:
    """Return a choice's number; None where it has none."""
    if isinstance(index, str) and index.isdecimal() and len(index) < 10:
        return int(index)
    return index if isinstance(index, int) and not isinstance(index, bool) else None
