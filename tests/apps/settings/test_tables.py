"""Ranges of settings, as Python has them too."""

from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.apps.settings.files import load_settings
from settings_schema import SCHEMA, everywhere
from tables import each


def bounds() -> list[tuple[str, str, float, bool]]:
    found = []
    for name, field in everywhere(SCHEMA):
        if "minimum" in field:
            found.append((name, "minimum", field["minimum"], True))
        if "exclusiveMinimum" in field:
            found.append((name, "exclusiveMinimum", field["exclusiveMinimum"], False))
        if "maximum" in field:
            found.append((name, "maximum", field["maximum"], True))
    return found


WHERE: Any = {
    "": lambda key, value: {key: value},
    "ModelTable": lambda key, value: {"aggregator": {"model": "offline:words", key: value}},
    "ProposerTable": lambda key, value: {"proposers": [{"model": "offline:words", key: value}]},
    "QuorumTable": lambda key, value: {"quorum": {"k": 1, key: value}},
    "EarlyStopTable": lambda key, value: {"early_stop": {key: value}},
    "ConfidenceTable": lambda key, value: {"confidence": {"threshold": 0.9, key: value}},
    "ScreenTable": lambda key, value: {"screen": {key: value}},
    "BudgetTable": lambda key, value: {"budget": {key: value}},
    "LimitsTable": lambda key, value: {"limits": [{"provider": "openai", key: value}]},
    "PriceTable": lambda key, value: {"prices": {"x": {key: value}}},
}


@each(("name", "kind", "bound", "inclusive"), bounds())
def test_a_range_is_what_python_allows_too(name: str, kind: str, bound: float, inclusive: bool) -> None:
    """The schema's ranges and the library's own checks are two places; this keeps them one."""
    table, _, key = name.rpartition(".")
    whole = isinstance(bound, int) and not kind.startswith("exclusive") and key not in ("temperature", "grace_s")
    beyond = bound + (1 if kind == "maximum" else -1)

    with pytest.raises(ConfigError, match=r"found .* for .*, expected ") as refused:
        load_settings(None, WHERE[table](key, int(beyond) if whole else beyond))
    assert "\n" not in str(refused.value)
    if inclusive:
        load_settings(None, WHERE[table](key, bound))
