"""What stands in a Python file that is named on the command line, as `file.py:name`."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from ..core.errors import ConfigError
from ..core.text import one_line


def named_in_python(written: str, *, option: str, kind: str) -> tuple[str, Any]:
    """Run a file, and return which name of it is meant, and what that is; None where there is no such name.

    Args:
        written: The file and the name.
        option: Where it was written, for the message.
        kind: What is looked for, for the message.

    Raises:
        ConfigError: There is no such file, or it cannot be run.
    """
    path, _, name = written.rpartition(":")
    file = Path(path)
    spec = spec_from_file_location(f"{kind}_{file.stem}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise ConfigError(f"found no file {file} for {option}, expected a Python file; name one that is there")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as exc:
        why = one_line(f"{type(exc).__name__}: {exc}")
        raise ConfigError(f"the {kind}'s file {file} cannot be run: {why}; mend it") from exc
    return name, getattr(module, name, None)
