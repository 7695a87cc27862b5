"""The settings as JSON Schema."""

import json
from pathlib import Path

from settings_schema import SCHEMA

DOCUMENTED = Path(__file__).parents[3] / "docs" / "settings.schema.json"


def test_the_documented_schema_is_the_one_in_use() -> None:
    assert json.loads(DOCUMENTED.read_text()) == SCHEMA, "write it anew with: make schema"
