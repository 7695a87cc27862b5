"""A script that completes in zsh, with what each option is for."""

from collections.abc import Iterator, Sequence

from .known import PROGRAM, KnownCommand, KnownOption

_BEGIN = """\
#compdef langgraph-moa
# zsh completion for langgraph-moa, made by `langgraph-moa completion zsh`
_langgraph_moa() {
    local curcontext="$curcontext" state line ret=1
    typeset -A opt_args
    _arguments -C '(- *)'{-h,--help}'[Show this message and exit]' '(- *)--version[Print the version]' \\
        '1:command:->command' '*::word:->words' && ret=0
    case $state in
    command)
        local -a commands
        commands=(
"""
_MIDDLE = """\
        )
        _describe -t commands command commands && ret=0 ;;
    words)
        curcontext="${curcontext%:*:*}:langgraph-moa-$line[1]:"
        case $line[1] in
"""
_END = """\
        esac ;;
    esac
    return ret
}
if [[ $funcstack[1] == _langgraph_moa || $funcstack[1] == _langgraph-moa ]]; then
    _langgraph_moa "$@"
else
    compdef _langgraph_moa langgraph-moa
fi
"""


def zsh_script(commands: Sequence[KnownCommand]) -> str:
    """Return the script."""
    listed = "".join(f"            {_quoted(f'{c.name}:{c.help}')}\n" for c in commands)
    cases = "".join(line for command in commands for line in _case(command))
    return f"{_BEGIN}{listed}{_MIDDLE}{cases}{_END}".replace("langgraph-moa", PROGRAM)


def _case(command: KnownCommand) -> Iterator[str]:
    specs = [_quoted(spec) for option in command.options for spec in _specs(option)]
    # Of a word that nothing is known of: an empty list, for no action at all would keep options from being shown.
    action = "_files" if command.takes_files else f"({' '.join(command.words)})"
    specs.append(_quoted(f"*:word:{action}"))
    yield f"        {command.name})\n            _arguments \\\n                "
    yield " \\\n                ".join(specs) + " && ret=0 ;;\n"


def _specs(option: KnownOption) -> Iterator[str]:
    """Yield what `_arguments` takes, a word for each name; every option may come again, as those may that repeat."""
    described = option.help.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")
    for name in option.names:
        if not option.takes_value:
            yield f"{name}[{described}]"
            continue
        yield f"*{name}=[{described}]:value:{_action(option)}"


def _action(option: KnownOption) -> str:
    values = f"compadd -- {' '.join(option.values)}".replace(":", "\\:")
    if not option.values:
        return "_files" if option.is_file else " "
    return "{" + values + ("; _files" if option.is_file else "") + "}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
