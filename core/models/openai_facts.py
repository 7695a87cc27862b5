"""What OpenAI serves where, and what its models can read and write: two dated data files."""

import json
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from langchain_core.language_models import ModelProfile

_HERE = Path(__file__)


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    import tomllib

    return tomllib.loads(_HERE.with_name("openai.toml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def _profiles() -> dict[str, dict[str, Any]]:
    profiles: dict[str, dict[str, Any]] = json.loads(_HERE.with_name("profiles.json").read_bytes())["profiles"]
    return profiles


def profile_of(name: str) -> "ModelProfile | None":
    """Return what a model can read, write and do, as LangChain's profiles say it; None where nobody knows."""
    profile = _profiles().get(name)
    return cast("ModelProfile", dict(profile)) if profile else None


def needs_responses(name: str) -> bool:
    """Tell a model that OpenAI answers for on its Responses API only."""
    return name.startswith(tuple(_facts()["responses"])) or any(part in name for part in _facts()["responses_within"])


def needs_responses_for_tools(name: str) -> bool:
    """Tell a model that OpenAI answers for on its Responses API where it may call tools."""
    return name.startswith(tuple(_facts()["responses_for_tools"]))


def takes_temperature(name: str, *, at_openai: bool) -> bool:
    """Tell a model that may be given a temperature: reasoning models have one of their own, and refuse another.

    Args:
        name: The model.
        at_openai: Whether it is asked there; what another server calls so may be another model, but for newer names.
    """
    facts = _facts()
    has_own = name.startswith(tuple(facts["own_temperature"]))
    if has_own and not any(part in name for part in facts["takes_temperature_within"]):
        return False
    return not at_openai or (profile_of(name) or {}).get("temperature") is not False
