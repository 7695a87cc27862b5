"""Find the grader that is named on the command line, and the judge."""

import sys
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, cast

from ...core.errors import ConfigError, nearest
from ...core.models.limits import Limits
from ...core.models.prices import Price
from ...core.models.resolve import resolve_model
from ...core.text import one_line
from ...evaluation.grading.by_gold import Grader
from ...evaluation.grading.choose import GRADER_NAMES, GraderName
from ..settings.settings import Settings


def read_grader(written: str | None) -> GraderName | Grader | None:
    """Return a grader by its name, or the function that is named as `file.py:function`.

    Raises:
        ConfigError: There is none of that name, or the file cannot be run.
    """
    if written is None or written in GRADER_NAMES:
        return cast("GraderName | None", written)
    file, colon, name = written.rpartition(":")
    if not colon or not file.endswith(".py"):
        raise ConfigError(
            f"found --grader {written}, expected a name or a function as file.py:function; "
            + nearest(written, GRADER_NAMES)
        )
    function = getattr(_run(Path(file)), name, None)
    if not callable(function):
        raise ConfigError(f"found no function {name!r} in {file}, expected one of a question and an answer; define it")
    return cast("Grader", function)


def judging(settings: Settings) -> dict[str, Any]:
    """Return what a judge is built with: the server, the limits and the prices that the shared options name."""
    return {
        "resolve": partial(resolve_model, base_url=settings.base_url),
        "limits": [Limits(**limit.model_dump()) for limit in settings.limits],
        "prices": {model: Price(**price.model_dump()) for model, price in settings.prices.items()},
    }


def _run(file: Path) -> object:
    spec = spec_from_file_location(f"grader_{file.stem}", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise ConfigError(f"found no file {file} for --grader, expected a Python file; name one that is there")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as exc:
        why = one_line(f"{type(exc).__name__}: {exc}")
        raise ConfigError(f"the grader's file {file} cannot be run: {why}; mend it") from exc
    return module
