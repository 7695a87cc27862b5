"""What `--verbose` tells on standard error: which versions and settings, who is asked where, and what came of it."""

import logging
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

from rich.text import Text
from typer import Option

from ..core.text import one_line, redact
from .terminal import notes

Verbose = Annotated[
    bool,
    Option("--verbose", "-v", help="Tell versions, settings, and each call: whom it asks, its time, its retries."),
]
_PACKAGE = __package__.partition(".")[0]
_VERSIONS = ("langgraph-moa", "langgraph", "langchain-core")
_LONGEST = 600
_log = logging.getLogger(__name__)


class AnswerLine:
    """Know whether an answer that is printed as it comes stands in the middle of a line."""

    is_open = False


def tell(line: str) -> None:
    """Tell what only those want to know who asked for more."""
    _log.info("%s", line)


@contextmanager
def told_more(wanted: bool) -> Iterator[None]:
    """Show the records of this package, and of nobody else: clients of others write keys into theirs."""
    if not wanted:
        yield
        return
    package, shown = logging.getLogger(_PACKAGE), _Shown()
    before, passes_on = package.level, package.propagate
    package.addHandler(shown)
    package.setLevel(logging.DEBUG)
    package.propagate = False
    try:
        tell(", ".join([*map(_versioned, _VERSIONS), f"Python {platform.python_version()}", platform.system()]))
        yield
    finally:
        package.removeHandler(shown)
        package.setLevel(before)
        package.propagate = passes_on


class _Shown(logging.Handler):
    """Print records with the seconds since the first, in one line each, without secrets and controls."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if AnswerLine.is_open and sys.stdout.isatty():
                notes.print()
            line = one_line(redact(record.getMessage()), limit=_LONGEST)
            notes.print(Text(f"{time.monotonic() - self._began:8.3f} s  {line}", style="dim"), soft_wrap=True)
        except Exception:  # noqa: BLE001 - as logging has it: what cannot be told is no reason to fail
            self.handleError(record)


def _versioned(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} (not installed)"
