"""Find the grader that is named on the command line, and the judge."""

from functools import partial
from typing import Any, cast

from ...core.errors import ConfigError, nearest
from ...core.models.limits import Limits
from ...core.models.prices import Price
from ...core.models.resolve import resolve_model
from ...evaluation.grading.by_gold import Grader
from ...evaluation.grading.choose import GRADER_NAMES, GraderName
from ..python_file import named_in_python
from ..settings.caching import response_cache
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
    name, function = named_in_python(written, option="--grader", kind="grader")
    if not callable(function):
        raise ConfigError(f"found no function {name!r} in {file}, expected one of a question and an answer; define it")
    return cast("Grader", function)


def judging(settings: Settings) -> dict[str, Any]:
    """Return what a judge is built with: the server, the limits and the prices that the shared options name."""
    return {
        "resolve": partial(resolve_model, base_url=settings.base_url),
        "cache": response_cache(settings.cache),
        "limits": [Limits(**limit.model_dump()) for limit in settings.limits],
        "prices": {model: Price(**price.model_dump()) for model, price in settings.prices.items()},
    }
