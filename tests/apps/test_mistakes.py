"""What stands before a command, or in its place."""

import pytest
from commands import Run
from langgraph_moa.apps.mistakes import Misuse, in_quotes, misused
from langgraph_moa.core.errors import ConfigError

WRONG: list[tuple[list[str], str]] = [
    (["aks"], "No such command 'aks'; did you mean 'ask'?"),
    (["Ask", "why?"], "No such command 'Ask'; did you mean 'ask'? To ask a question: langgraph-moa ask \"why?\""),
    (["frob"], "No such command 'frob'; known: ask, resume, chat"),
    (["What", "is", "2", "+", "2?"], 'o ask a question: langgraph-moa ask "What is 2 + 2?"'),
    (["What is it?"], "No such command 'What is it?'; to ask a question: langgraph-moa ask \"What is it?\""),
    (["why?"], 'to ask a question: langgraph-moa ask "why?"'),
    (["-5 + 3"], 'found no command, expected one first; to ask a question: langgraph-moa ask "-5 + 3"'),
    (["-5", "+", "3"], 'langgraph-moa ask "-5 + 3"'),
    (["--layers", "3", "ask", "x"], "No such option: --layers before a command; options stand after it"),
    (["--frob"], "No such option: --frob before a command"),
    (["help", "aks"], "No such command 'aks'; did you mean 'ask'?"),
]


@pytest.mark.parametrize(("arguments", "expected"), WRONG, ids=[" ".join(a) for a, _ in WRONG])
def test_what_is_no_command_is_told_in_one_line(run: Run, arguments: list[str], expected: str) -> None:
    done = run(*arguments)

    assert (done.code, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert expected in line
    assert line.endswith(" (see langgraph-moa --help)")


@pytest.mark.parametrize(
    ("words", "quoted"),
    [
        (["a", "b"], '"a b"'),
        (["it's"], '"it\'s"'),
        (["$HOME"], "'$HOME'"),
        (['say "a"'], "'say \"a\"'"),
        (["a\x1bb"], "'a\\x1bb'"),
    ],
)
def test_words_are_quoted_as_a_shell_takes_them(words: list[str], quoted: str) -> None:
    assert in_quotes(words) == quoted


def test_what_is_refused_of_a_command_line_stays_a_wrong_argument() -> None:
    with pytest.raises(ConfigError, match="no") as refused, misused():
        raise ConfigError("no")

    assert isinstance(refused.value, Misuse)
    assert refused.value.exit_code == 2
