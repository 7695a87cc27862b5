"""A process of our own looks for no garbage among what stays, and the library leaves the collector alone."""

import subprocess
import sys

import pytest

COUNT = "print('frozen', gc.get_freeze_count() > 50_000, 'enabled', gc.isenabled(), file=sys.stderr)"
COMMAND = f"""
import atexit, gc, sys
atexit.register(lambda: {COUNT})
from langgraph_moa.apps.cli import main
main()
"""
LIBRARY = f"""
import gc, sys
from langgraph_moa import create_moa
create_moa(proposers=["offline:words"], aggregator="offline:words").invoke({{"messages": [("user", "1 + 1")]}})
{COUNT}
"""


def counted(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("command", ["ask 1+1", pytest.param("graph", marks=pytest.mark.soak)])
def test_a_command_freezes_what_it_has_built(command: str) -> None:
    assert counted(COMMAND, *command.split()) == "frozen True enabled True"


def test_the_library_freezes_nothing() -> None:
    assert counted(LIBRARY) == "frozen False enabled True"
