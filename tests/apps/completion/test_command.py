"""The command `completion`."""

import pytest
from commands import Run
from langgraph_moa.apps.completion.bash import bash_script
from langgraph_moa.apps.completion.fish import fish_script
from langgraph_moa.apps.completion.known import KnownCommand, KnownOption
from langgraph_moa.apps.completion.zsh import zsh_script

TRAPS = "it's [a] b:c \\d"
"""Characters that a shell's own descriptions take for marks."""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_starts_no_program(run: Run, shell: str) -> None:
    """Completing takes as long as the shell does: nothing is imported, for nothing is run."""
    done = run("completion", shell)

    assert (done.code, done.err) == (0, "")
    assert "--early-stop" in done.out or "-l early-stop" in done.out
    for line in done.out.splitlines():
        assert "$(langgraph-moa" not in line
        assert "python" not in line.casefold()
        assert "env " not in line


@pytest.mark.parametrize(
    ("script", "quoted"),
    [(zsh_script, "'--a[it'\\''s \\[a\\] b\\:c \\\\d]'"), (fish_script, "-d 'it\\'s [a] b:c \\\\d'")],
)
def test_descriptions_are_quoted(script: object, quoted: str) -> None:
    option = KnownOption(["--a"], TRAPS, takes_value=False, values=[], is_file=False)

    assert callable(script)
    assert quoted in script([KnownCommand("ask", "Ask", [option], [], takes_files=False)])


def test_bash_needs_no_descriptions() -> None:
    option = KnownOption(["--a"], TRAPS, takes_value=False, values=[], is_file=False)

    assert TRAPS not in bash_script([KnownCommand("ask", "Ask", [option], [], takes_files=False)])
