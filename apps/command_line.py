"""Read the words after a command as they were meant, where that is sure: a question may begin with a dash."""

import shlex
from collections import deque
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from typer.core import TyperCommand

from ..core.errors import nearest
from ..core.text import escaped
from .mistakes import QUESTION_NAME, Misuse, in_quotes, looks_like_option, shown_short

_OF_QUESTIONS = {"IN", "QUESTIONS"}
"""How arguments are called that are files of questions."""
_LONG_DASHES = ("–", "—")


class Command(TyperCommand):
    """Be a command that takes a question for a question, and knows what its options are mistaken for."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put options first, and what are none after `--`."""
        return super().parse_args(ctx, _Line(ctx, self).arranged(args))

    def invoke(self, ctx: Any) -> Any:
        """Run it, and say of its refusals whose they are."""
        try:
            return super().invoke(ctx)
        except Misuse as exc:
            exc.context = exc.context or ctx
            raise


class _Line:
    """Be the words after a command."""

    def __init__(self, context: Any, command: Any) -> None:
        self.context, self.path = context, context.command_path
        params = command.get_params(context)
        self.options = options_of(params)
        self.arguments = [param for param in params if param.param_type_name == "argument"]
        self.takes_question = any(argument.metavar == QUESTION_NAME for argument in self.arguments)

    def arranged(self, args: Sequence[str]) -> list[str]:
        """Return options and their values, then `--`, then all other words."""
        rest, given, words, unknown = deque(args), list[str](), list[str](), list[str]()
        while rest:
            arg = rest.popleft()
            name = arg.partition("=")[0]
            if arg == "--":
                words += rest
                break
            if name in self.context.help_option_names:
                return [name]
            if name in self.options:
                given += [arg, *self._value(arg, rest)]
            elif looks_like_option(arg) or self._is_mistyped(arg):
                unknown.append(arg)
            else:
                words.append(arg)
        if unknown:
            raise Misuse(self._unknown(unknown[0], words), self.context)
        self._check_count(words, given)
        return [*given, "--", *words]

    def _is_mistyped(self, arg: str) -> bool:
        """Tell an option in one pair of quotes with its value, and one behind the dash that editors make of two."""
        return arg.split(maxsplit=1)[:1] in ([name] for name in self.options) or _spelt(arg.lstrip("–—")) in (
            self.options if arg[:1] in _LONG_DASHES else ()
        )

    def _value(self, arg: str, rest: "deque[str]") -> list[str]:
        """Take an option's value from the words after it, and look at it; what begins with dashes comes after `=`."""
        name, equals, value = arg.partition("=")
        option = self.options[name]
        if option.is_flag:
            if equals:
                raise Misuse(f"found {escaped(arg)}, expected {name} alone: it takes no value", self.context)
            return []
        if not equals and (not rest or rest[0].startswith("--")):
            before = f" before {escaped(rest[0])}" if rest else ""
            again = f"; one that begins with dashes is written {name}=--..." if rest and rest[0] != "--" else ""
            raise Misuse(f"found {name} without its value{before}, expected it right after{again}", self.context)
        value = value if equals else rest.popleft()
        if (choices := listed_values(option)) and value not in choices:
            expected = f"expected one of its values; {nearest(value, choices)}"
            raise Misuse(f"found {escaped(value)!r} for {name}, {expected}", self.context)
        return [] if equals else [value]

    def _unknown(self, arg: str, words: Sequence[str]) -> str:
        name = arg.partition("=")[0]
        if (quoted := name.split(maxsplit=1)[0]) in self.options and self.options[quoted].is_flag:
            question = f"a question that begins so follows two dashes: -- {in_quotes([arg])}"
            return f"found {escaped(arg)!r}, expected {quoted} alone; {question}"
        if quoted in self.options:
            return f"found {escaped(arg)!r} as one word, expected {quoted} and its value as two; leave out the quotes"
        refusal = f"No such option: {escaped(name)}"
        own = [option for option in self.options if option.startswith("--")]
        spelt = _spelt(name)
        if spelt in own:
            return f"{refusal}; did you mean {spelt}?"
        if others := _commands_with(spelt, self.context):
            return f"{refusal} here; {spelt} is an option of {_joined(others)}, not of {self.path.split(' ', 1)[-1]}"
        if not self.takes_question and any(mark in name for mark in "./"):
            return f"{refusal}; where it is a file's name, write ./{escaped(arg)}"
        if near := [option for option in own if option.startswith(spelt)][:3] or _nearest_option(spelt, own):
            return f"{refusal}; did you mean {_joined(near, 'or')}?"
        if self.takes_question and not (words and arg.startswith("--")):
            return f"{refusal}; where it begins the question: {self.path} -- {in_quotes([*words, arg])}"
        return refusal

    def _check_count(self, words: Sequence[str], given: Sequence[str]) -> None:
        listed = [argument.metavar or argument.name for argument in self.arguments]
        if words and listed[:1] != [QUESTION_NAME] and self._is_question(words, listed):
            question = words if len(words) > len(listed) else words[:1]
            ask = f"{self.path.rpartition(' ')[0]} ask {in_quotes(question)}"
            expected = f"a file of questions as {listed[0]}" if listed else "it once chat runs"
            raise Misuse(f"found a question, expected {expected}; to ask just this: {ask}", self.context)
        if len(words) < sum(argument.required for argument in self.arguments):
            text = self.arguments[len(words)].help or ""
            described = f": {text[:1].lower()}{text[1:].rstrip('.')}" if text else ""
            raise Misuse(f"Missing argument {listed[len(words)]!r}{described}", self.context)
        if len(words) > len(listed) and not any(argument.nargs == -1 for argument in self.arguments):
            if self.takes_question:
                raise Misuse(self._too_many(words, given), self.context)
            many = "a word" if len(words) == 1 else f"{len(words)} words"
            expected = " and ".join(listed) or "options only"
            raise Misuse(f"found {many} ({escaped(shown_short(words))}), expected {expected}", self.context)

    def _is_question(self, words: Sequence[str], listed: Sequence[str]) -> bool:
        """Tell somebody's question from names of files, where there is no such file."""
        if not listed:
            return bool(self.path.endswith(" chat"))
        asks = any(map(str.isspace, words[0])) or any(word.endswith("?") for word in words) or len(words) > 3
        names_files = any(Path(word).suffix[1:].isalnum() or _is_there(word) for word in words)
        return str(listed[0]) in _OF_QUESTIONS and asks and not names_files

    def _too_many(self, words: Sequence[str], given: Sequence[str]) -> str:
        """Say what an unquoted question is to look like; a shell has changed some of its marks already."""
        if any(map(str.isspace, words[0])):
            more = escaped(shown_short(words[1:]))
            return f"found {more} after the question, expected one question in quotes; options begin with --"
        line = " ".join([self.path, *map(shlex.quote, given), in_quotes(words)])
        return f"found a question of {len(words)} words, expected it in quotes: {line}"


def options_of(params: Sequence[Any]) -> Mapping[str, Any]:
    """Return a command's options by each of their names."""
    options = [param for param in params if param.param_type_name == "option"]
    return {name: option for option in options for name in [*option.opts, *option.secondary_opts]}


def listed_values(option: Any) -> list[str]:
    """Return the values that an option may have, where they are listed."""
    described = option.type_descriptor
    return [str(getattr(choice, "value", choice)) for choice in described.choices or ()] if described.is_choice else []


def _commands_with(option: str, context: Any) -> list[str]:
    """Return the commands that have an option, and the program itself if it is its own."""
    root = context.find_root()
    if option in options_of(root.command.get_params(root)):
        return [root.command_path]
    commands = {name: root.command.resolve_command(root, [name])[1] for name in root.command.list_commands(root)}
    return [name for name, command in commands.items() if option in options_of(command.get_params(root))]


def _is_there(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):
        return False


def _spelt(name: str) -> str:
    """Return a name as options are written."""
    return "--" + name.lstrip("-–—").lower().replace("_", "-")


def _nearest_option(spelt: str, options: Sequence[str]) -> list[str]:
    near = get_close_matches(spelt[2:], [option[2:] for option in options], n=1, cutoff=0.7)
    return [f"--{name}" for name in near]


def _joined(names: Sequence[str], last: str = "and") -> str:
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
