"""A script that completes in fish, with what each option is for."""

from collections.abc import Iterator, Sequence

from .known import PROGRAM, KnownCommand, KnownOption

_BEGIN = f"# fish completion for {PROGRAM}, made by `{PROGRAM} completion fish`\n"


def fish_script(commands: Sequence[KnownCommand]) -> str:
    """Return the script."""
    return _BEGIN + "".join(f"complete -c {PROGRAM} {line}\n" for line in _lines(commands))


def _lines(commands: Sequence[KnownCommand]) -> Iterator[str]:
    yield "-f"
    yield "-n __fish_use_subcommand -s h -l help -d 'Show this message and exit'"
    yield "-n __fish_use_subcommand -l version -d 'Print the version'"
    for command in commands:
        yield f"-n __fish_use_subcommand -a {command.name} -d {_quoted(command.help)}"
    for command in commands:
        there = f"-n '__fish_seen_subcommand_from {command.name}'"
        if command.words:
            yield f"{there} -a {_quoted(' '.join(command.words))}"
        if command.takes_files:
            yield f"{there} -F"
        for option in command.options:
            for name in option.names:
                yield f"{there} {_named(name)} {_value(option)}-d {_quoted(option.help)}"


def _named(name: str) -> str:
    return f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}"


def _value(option: KnownOption) -> str:
    if not option.takes_value:
        return ""
    values = f"-a {_quoted(' '.join(option.values))} " if option.values else ""
    return f"{'-r -F' if option.is_file else '-x'} {values}"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
