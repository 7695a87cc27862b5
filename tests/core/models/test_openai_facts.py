"""What OpenAI serves where is kept in dated files, and is what langchain-openai knows."""

import json
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from langchain_openai import ChatOpenAI
from langgraph_moa.core.models import openai_facts
from langgraph_moa.core.models.openai_facts import (
    needs_responses,
    needs_responses_for_tools,
    profile_of,
    takes_temperature,
)
from pydantic import SecretStr

HERE = Path(openai_facts.__file__).parent
PROFILES: dict[str, Any] = json.loads((HERE / "profiles.json").read_text(encoding="utf-8"))


@pytest.mark.skipif(
    f"langchain-openai {version('langchain-openai')} " not in PROFILES["source"], reason="made of another version"
)
def test_profiles_are_those_of_langchain_openai() -> None:
    theirs = {name: ChatOpenAI(model=name, api_key=SecretStr("none")).profile for name in PROFILES["profiles"]}

    assert {name: profile_of(name) for name in theirs} == theirs


def test_profiles_say_what_windows_hold() -> None:
    profile = profile_of("gpt-4o")

    assert profile
    assert (profile["max_input_tokens"], profile["max_output_tokens"]) == (128_000, 16_384)
    assert profile_of("a-model-of-ones-own") is None


def test_a_profile_is_ones_own() -> None:
    profile = profile_of("gpt-4o")
    assert profile
    profile["max_input_tokens"] = 1

    assert profile_of("gpt-4o") != profile


@pytest.mark.parametrize(
    ("name", "responses", "for_tools", "temperature"),
    [
        ("gpt-4o", False, False, True),
        ("gpt-5-pro-2025-10-06", True, False, False),
        ("gpt-5.1-codex-mini", True, False, False),
        ("gpt-5-chat-latest", False, False, True),
        ("gpt-5-nano", False, False, False),
        ("o3", False, False, False),
        ("gpt-6-sol", False, True, False),
        ("qwen3:8b", False, False, True),
    ],
)
def test_models_that_are_asked_in_another_way(
    name: str, *, responses: bool, for_tools: bool, temperature: bool
) -> None:
    assert needs_responses(name) == responses
    assert needs_responses_for_tools(name) == for_tools
    assert takes_temperature(name, at_openai=True) == temperature


def test_the_files_say_when_they_were_checked_and_of_what() -> None:
    facts = tomllib.loads((HERE / "openai.toml").read_text(encoding="utf-8"))

    assert facts["checked"].isoformat() <= PROFILES["checked"]
    assert facts["source"]
    assert PROFILES["source"]
