"""A script that completes in bash, from 3.2 on, with or without the package bash-completion."""

from collections.abc import Iterator, Sequence

from .known import PROGRAM, KnownCommand, KnownOption

_BEGIN = """\
# bash completion for langgraph-moa, made by `langgraph-moa completion bash`
_langgraph_moa() {
    local line="${COMP_LINE:0:COMP_POINT}" current="" before="" command="" word options="" values="" files="" cut
    local -a words
    # Split at blanks only: bash's own words end at a colon and an equals sign, of which models' ids are full.
    IFS=$' \\t\\n' read -r -d '' -a words <<< "$line"
    case $line in *[[:space:]]) ;; *) current="${words[${#words[@]}-1]}"; unset "words[${#words[@]}-1]" ;; esac
    for word in "${words[@]:1}"; do
        case $word in -*) ;; *) [[ -n $command ]] || command=$word ;; esac
        before=$word
    done
    cut=$current
    case $current in --*=*) before="${current%%=*}"; current="${current#*=}" ;; esac
    COMPREPLY=()
    case $command in
"""
_END = """\
    esac
    if [[ -n $values$files ]]; then
        [[ -n $values ]] && COMPREPLY=($(compgen -W "$values" -- "$current"))
        # What a shell finds by itself, where this found nothing.
        [[ -n $files ]] || compopt +o bashdefault +o default 2>/dev/null
    else
        COMPREPLY=($(compgen -W "$options" -- "$current"))
        compopt +o bashdefault +o default 2>/dev/null
    fi
    [[ $cut == *=* && $COMP_WORDBREAKS != *=* ]] && COMPREPLY=("${COMPREPLY[@]/#/${cut%%=*}=}")
    # Only what follows the last mark that bash breaks words at is replaced.
    local mark
    for mark in : =; do
        if [[ $cut == *"$mark"* && $COMP_WORDBREAKS == *"$mark"* && $current == *"$mark"* ]]; then
            COMPREPLY=("${COMPREPLY[@]#"${current%"$mark"*}$mark"}")
        fi
    done
}
complete -o bashdefault -o default -F _langgraph_moa langgraph-moa
"""


def bash_script(commands: Sequence[KnownCommand]) -> str:
    """Return the script."""
    cases = "".join(line for command in commands for line in _case(command))
    names = " ".join([*(command.name for command in commands), "-h", "--help", "--version"])
    return f'{_BEGIN}    "")\n        options="{names}" ;;\n{cases}{_END}'.replace("langgraph-moa", PROGRAM)


def _case(command: KnownCommand) -> Iterator[str]:
    yield f"    {command.name})\n        case $before in\n"
    alike: dict[str, list[str]] = {}
    for option in command.options:
        if option.takes_value:
            alike.setdefault(_what(option), []).extend(option.names)
    for what, names in alike.items():
        yield f"            {'|'.join(names)}) {what} ;;\n"
    yield "            *)\n"
    yield f'                options="{" ".join(name for option in command.options for name in option.names)}"\n'
    if command.takes_files or command.words:
        what = "files=1" if command.takes_files else f'options="{" ".join(command.words)}"'
        yield f"                case $current in -*) ;; *) {what} ;; esac\n"
    yield "                ;;\n        esac ;;\n"


def _what(option: KnownOption) -> str:
    files = "; files=1" if option.is_file else ""
    # A blank is a value that completes nothing: without one, options would be shown.
    return f'values="{" ".join(option.values) or " "}"{files}'
