"""Keys and headers come from the environment, and go to their own server only."""

import pytest
from langchain_openai import ChatOpenAI
from langchain_together import ChatTogether
from langgraph_moa.core.models.parts import secrets_of
from langgraph_moa.core.models.resolve import resolve_model


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ok-1")
    monkeypatch.setenv("TOGETHER_API_KEY", "tk-2")

    assert isinstance(resolve_model("openai:x"), ChatOpenAI)
    assert isinstance(resolve_model("together:x"), ChatTogether)
    assert secrets_of(resolve_model("openai:x")) == {"ok-1"}
    assert "tk-2" in secrets_of(resolve_model("together:x"))
