"""Write core/models/profiles.json: what models can read, write and do, as langchain-openai has it of models.dev.

    python benchmarks/profiles.py

The models that this package asks by itself carry the profiles that ChatOpenAI would have, without importing it.
"""

import ast
import json
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from langchain_openai import ChatOpenAI
from pydantic import SecretStr

DATA = Path(__file__).parents[1] / "core" / "models" / "profiles.json"


def names() -> list[str]:
    """Return the models that langchain-openai has a profile of."""
    tree = ast.parse(files("langchain_openai.data").joinpath("_profiles.py").read_text(encoding="utf-8"))
    tables = [node.value for node in tree.body if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)]
    return sorted(str(key.value) for table in tables for key in table.keys if isinstance(key, ast.Constant))


def profile(name: str) -> dict[str, Any]:
    """Return a model's profile, as ChatOpenAI carries it."""
    return dict(ChatOpenAI(model=name, api_key=SecretStr("none")).profile or {})


def main() -> None:
    """Write the file, a line a model."""
    lines = [f"{json.dumps(name)}: {json.dumps(profile(name), sort_keys=True)}" for name in names()]
    source = f"langchain-openai {version('langchain-openai')} (MIT), of models.dev (github.com/sst/models.dev, MIT)"
    about = {
        "checked": str(datetime.now(UTC).date()),
        "source": source,
    }
    head = "".join(f"{json.dumps(key)}: {json.dumps(value)},\n" for key, value in about.items())
    DATA.write_text("{\n" + head + '"profiles": {\n' + ",\n".join(lines) + "\n}\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
