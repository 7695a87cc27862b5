"""Read settings: from a file, from flags, from Studio's form; what is wrong with them is told in one sentence."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ...core.errors import ConfigError, nearest
from ...core.text import one_line
from ..mistakes import Misuse
from .form import without_empty
from .settings import Settings
from .tables import (
    EARLY_STOPS,
    BudgetTable,
    ConfidenceTable,
    EarlyStopTable,
    LimitsTable,
    ModelTable,
    PriceTable,
    ProposerTable,
    QuorumTable,
    ScreenTable,
    Table,
)
from .written import keys_in, label_of_file

_TABLES: dict[str, type[Table]] = {
    "proposers": ProposerTable,
    "aggregator": ModelTable,
    "escalate": ProposerTable,
    "confidence": ConfidenceTable,
    "early_stop": EarlyStopTable,
    "screen": ScreenTable,
    "quorum": QuorumTable,
    "budget": BudgetTable,
    "limits": LimitsTable,
    "prices": PriceTable,
}
_MAY_BE_SECRET = {"headers", "api_key_env", "base_url"}
"""Settings whose values are not shown: somebody may have written the key itself there."""
_EXPECTED = {
    "string_pattern_mismatch": "the name of an environment variable in capitals, and never the key itself",
    "int_type": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a table of names and values",
    "model_type": "a table of names and values",
    "model_attributes_type": "a table of names and values",
    "greater_than_equal": "{ge:g} or more",
    "greater_than": "more than {gt:g}",
    "less_than_equal": "{le:g} or less",
}


def load_settings(file: Path | None, flags: Mapping[str, Any]) -> Settings:
    """Merge a settings file and the flags that were given; the flags win.

    Args:
        file: TOML or YAML, told by its ending.
        flags: Options by their key; None and empty lists count as not given.

    Raises:
        ConfigError: The file cannot be read, a key is unknown or a value is wrong.
    """
    return merged_settings(keys_in(file) if file else {}, given_of(flags), file=file)


def given_of(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were given."""
    return {key: value for key, value in flags.items() if value not in (None, [])}


def merged_settings(before: Mapping[str, Any], given: Mapping[str, Any], *, file: Path | None = None) -> Settings:
    """Return settings with others put over them, key by key, in the tables of bounds too.

    Args:
        before: What was written.
        given: What wins.
        file: Where what was before was written, for the messages; a mistake in what wins is told without it.

    Raises:
        ConfigError: A key is unknown or a value is wrong.
    """
    written, changes = _spelt_out(before), _spelt_out(given)
    for one, other in (("preset", "proposers"), ("proposers", "preset")):
        if one in changes:
            written.pop(other, None)
    merged = {**written, **changes}
    for bounds in ("early_stop", "quorum", "budget"):
        if isinstance(written.get(bounds), dict) and isinstance(changes.get(bounds), dict):
            merged[bounds] = {**written[bounds], **changes[bounds]}
    if changes.get("screen") is True and isinstance(written.get("screen"), dict):
        merged["screen"] = written["screen"]  # it is on already, as its table says
    if merged.get("preset") is not None and merged.get("proposers") is not None:
        where = f" in {label_of_file(file)}" if file and {"preset", "proposers"} <= written.keys() else ""
        raise ConfigError(
            f"found the preset {merged['preset']!r} and proposers{where}, expected one of them; leave one out"
        )
    try:
        return Settings.model_validate(merged)
    except ValidationError as exc:
        in_file = _mistakes_in(written) if file and changes else exc if file else None
        refusal = Misuse if changes and not in_file else ConfigError
        raise refusal(_what_is_wrong(in_file or exc, file if in_file else None)) from exc


def _mistakes_in(written: Mapping[str, Any]) -> ValidationError | None:
    try:
        Settings.model_validate(written)
    except ValidationError as exc:
        return exc
    return None


def form_settings(filled: Mapping[str, Any]) -> Settings:
    """Read what was filled into Studio's form; what was left or made empty is not given.

    Args:
        filled: What LangGraph's server calls `configurable`, which holds the form's values beside its own.

    Raises:
        ConfigError: A value is wrong, or a key is nearly, but not quite, one of ours.
    """
    keys = list(Settings.model_fields)
    for key in filled:
        if key not in keys and get_close_matches(key, keys, cutoff=0.8):
            raise ConfigError(f"unknown key {key!r}; {nearest(key, keys)}")
    return merged_settings(without_empty({key: filled[key] for key in keys if key in filled}), {})


def _spelt_out(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with the words for an early stop as the tables they stand for, so that tables can be merged."""
    stop = settings.get("early_stop")
    return (
        {**settings, "early_stop": EARLY_STOPS[stop]} if isinstance(stop, str) and stop in EARLY_STOPS else {**settings}
    )


def _what_is_wrong(exc: ValidationError, file: Path | None) -> str:
    """Tell the most telling of pydantic's errors: an unknown key, else the deepest."""
    error = max(exc.errors(), key=lambda e: (e["type"] == "extra_forbidden", len(e["loc"])))
    where = f" in {label_of_file(file)}" if file else ""
    if error["type"] == "extra_forbidden":
        nested = len(error["loc"]) > 1
        keys = list((_TABLES[str(error["loc"][0])] if nested else Settings).model_fields)
        return f"unknown key {error['loc'][-1]!r}{where}; {nearest(str(error['loc'][-1]), keys)}"
    tables: list[type[Table]] = [Settings, *_TABLES.values()]
    fields = {name for table in tables for name in table.model_fields}
    place = ".".join(str(part) for part in error["loc"] if isinstance(part, int) or part in fields)
    if error["type"] == "missing":
        name = str(error["loc"][-1])
        return f"found {place.removesuffix(name).rstrip('.')} without {name}{where}, expected it as well"
    form = _EXPECTED.get(error["type"])
    expected = form.format(**error.get("ctx", {})) if form else error["msg"].removeprefix("Input should be ").lower()
    return f"found {_shown(error['input'], error['loc'])} for {place}{where}, expected {expected}"


def _shown(value: Any, place: Sequence[int | str]) -> str:
    """Show what is wrong; but for what may be a secret, which whoever wrote it knows."""
    if _MAY_BE_SECRET & set(place):
        return f"a {type(value).__name__}"
    if isinstance(value, dict):
        value = {key: "..." if key in _MAY_BE_SECRET else held for key, held in value.items()}
    return one_line(repr(value), limit=120)
