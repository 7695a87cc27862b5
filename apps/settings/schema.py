"""Print the settings as JSON Schema, for editors and other tools: `python -m langgraph_moa.apps.settings.schema`."""

import json
import sys

from .settings import Settings


def print_schema() -> None:
    """Print it."""
    sys.stdout.write(json.dumps(Settings.model_json_schema(), indent=2) + "\n")


if __name__ == "__main__":
    print_schema()
