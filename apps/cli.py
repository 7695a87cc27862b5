"""Where the command line begins: before anything that takes time is imported, Ctrl-C is provided for."""

import os
import sys

from .garbage import import_without_collecting
from .interrupts import leave_on_ctrl_c


def main() -> None:
    """Run the command line; every error is one line on standard error and a non-zero exit."""
    leave_on_ctrl_c()
    import_without_collecting()
    if os.environ.get("COLUMNS", "1").strip() in ("", "0"):  # rich would print nothing at all
        del os.environ["COLUMNS"]
    from .program import run_command

    sys.exit(run_command())


if __name__ == "__main__":
    main()
