"""What every setting says of itself."""

import json
from typing import Any

from settings_schema import SCHEMA, everywhere
from tables import each


@each(("name", "field"), everywhere(SCHEMA))
def test_every_field_is_described_and_has_a_default_or_is_required(name: str, field: Any) -> None:
    table = SCHEMA["$defs"][name.partition(".")[0]] if "." in name else SCHEMA
    assert field["description"]
    assert (
        "default" in field
        or name.rpartition(".")[2] in table.get("required", [])
        or field["type"] in ("array", "object")
    )
    assert "null" not in json.dumps(field.get("anyOf", field.get("type", ""))), "a form has no use for null"


def test_what_has_a_range_or_a_list_says_so() -> None:
    fields = SCHEMA["properties"]

    assert (fields["layers"]["minimum"], fields["layers"]["maximum"]) == (1, 100)
    assert fields["timeout"]["exclusiveMinimum"] == 0
    assert fields["placement"]["enum"] == ["last", "system_prompt"]
    assert fields["preset"]["enum"] == ["together", "openai", "offline"]
    assert fields["early_stop"]["anyOf"][0]["enum"] == ["aggregate", "answer", "shadow", "off"]
