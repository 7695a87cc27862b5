"""The settings as JSON Schema, and all fields in it."""

from typing import Any

from langgraph_moa.apps.settings.settings import Settings

SCHEMA = Settings.model_json_schema()


def everywhere(schema: Any) -> list[tuple[str, Any]]:
    tables = {"": schema, **schema["$defs"]}
    return [
        (f"{name}.{key}".lstrip("."), field) for name, t in tables.items() for key, field in t["properties"].items()
    ]
