"""Say in a sentence what is wrong with a command line, and what was meant by it."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from ..core.errors import ConfigError
from ..core.text import escaped

QUESTION_NAME = "QUESTION"
"""How an argument is called that is somebody's own words, and no file."""
_LONGEST = 120
"""Characters of a question that is shown again."""


class Misuse(ConfigError):
    """Tell that a command line is wrong: what follows it is where that command's help is.

    Attributes:
        context: The command's; None where the command that runs is meant.
    """

    exit_code = 2

    def __init__(self, message: str, context: Any = None) -> None:
        super().__init__(message)
        self.context = context


@contextmanager
def misused() -> Iterator[None]:
    """Tell what is refused in this block as a wrong use of the command: it looks at what stands on its line."""
    try:
        yield
    except ConfigError as exc:
        raise Misuse(str(exc)) from exc


def looks_like_option(word: str) -> bool:
    """Tell an option's name from a negative number, a dash and a sentence: it is one word, and begins with a letter."""
    name = word.partition("=")[0]
    letters = name[2:] if name.startswith("--") else name[1:]
    return word.startswith("-") and letters[:1].isalpha() and not any(map(str.isspace, name))


def in_quotes(words: Sequence[str]) -> str:
    """Return words as one, as it is typed in a shell; a long one as a word that stands for it."""
    text = escaped(" ".join(words)).strip("“”„")
    if len(text) > _LONGEST:
        return f'"{QUESTION_NAME}"'
    return shlex.quote(text) if any(character in '"$`\\!' for character in text) else f'"{text}"'


def shown_short(words: Sequence[str]) -> str:
    """Return words as a list that fits a sentence."""
    return ", ".join(words[:3]) + (", ..." if len(words) > 3 else "")


def not_a_command(args: Sequence[str], names: Sequence[str], program: str) -> str:
    """Say what may have been meant by a word that is no command."""
    near = get_close_matches(args[0].lower(), names, n=1)
    refusal = f"No such command {escaped(args[0])!r}"
    words = args[1:] if near == ["ask"] else args
    is_question = len(args) > 1 or any(map(str.isspace, args[0])) or args[0].endswith("?")
    ask = f"to ask a question: {program} ask {in_quotes(words)}" if words and is_question else ""
    if near:
        return f"{refusal}; did you mean {near[0]!r}?" + (f" {ask[:1].upper()}{ask[1:]}" if ask else "")
    return f"{refusal}; {ask or 'known: ' + ', '.join(names)}"


def not_before_a_command(args: Sequence[str], program: str) -> str:
    """Say what may have been meant by a line that begins with a dash, and with no option of the program's own."""
    if looks_like_option(args[0]):
        name = escaped(args[0].partition("=")[0])
        return f"No such option: {name} before a command; options stand after it: {program} COMMAND {name}"
    return f"found no command, expected one first; to ask a question: {program} ask {in_quotes(args)}"


def help_of(context: Any) -> str:
    """Name the help of the command that was meant."""
    return f"see {context.command_path if context else 'langgraph-moa'} --help"
