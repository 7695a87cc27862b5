"""Keys and headers come from the environment, and go to their own server only."""

from typing import Any, get_args

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.core.models.capabilities import Transport
from langgraph_moa.core.models.credentials import NO_KEY, Server, headers_from
from langgraph_moa.core.models.parts import secrets_of
from langgraph_moa.core.models.resolve import resolve_model
from tables import each

URL = "http://127.0.0.1:9/v1"


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "ok-1")
    monkeypatch.setenv("TOGETHER_API_KEY", "tk-2")

    for transport in get_args(Transport):
        assert secrets_of(resolve_model("openai:x", transport=transport)) == {"ok-1"}
        assert "tk-2" in secrets_of(resolve_model("together:x", transport=transport))


@pytest.mark.parametrize(
    ("base_url", "api_key_env", "key"),
    [
        (None, None, "openai-key"),
        (None, "MY_KEY", "my-key"),
        (URL, None, "server-key"),
        (URL, "MY_KEY", "my-key"),
    ],
)
def test_a_key_goes_to_its_own_server(
    monkeypatch: pytest.MonkeyPatch, base_url: str | None, api_key_env: str | None, key: str
) -> None:
    for name in ("OPENAI_API_KEY", "MY_KEY", "LANGGRAPH_MOA_API_KEY"):
        held = {"OPENAI_API_KEY": "openai-key", "MY_KEY": "my-key", "LANGGRAPH_MOA_API_KEY": "server-key"}[name]
        monkeypatch.setenv(name, held)

    assert Server(base_url, api_key_env, ()).key("openai", "m") == key


def test_a_server_of_ones_own_may_need_no_key() -> None:
    assert Server(URL, None, ()).key("openai", "m") == NO_KEY


NO_KEYS: list[tuple[str | None, str | None, str]] = [
    (None, None, "openai:m needs a key and OPENAI_API_KEY is not set"),
    (None, "MY_KEY", "m needs the key in MY_KEY, which is not set"),
    (None, "sk-tiger-burning", "found something else than a name as api_key_env"),
    (URL, "OPENAI_API_KEY", "found api_key_env='OPENAI_API_KEY' for a server of its own"),
    ("http://me:tiger-burning@host/v1", None, "found a user or password in the base URL, expected none"),
]


@pytest.mark.parametrize(("base_url", "api_key_env", "expected"), NO_KEYS, ids=[row[-1] for row in NO_KEYS])
def test_where_there_is_no_key_the_next_step_is_told(
    base_url: str | None, api_key_env: str | None, expected: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        Server(base_url, api_key_env, ()).key("openai", "m")

    assert str(refused.value).startswith(expected)
    assert "tiger" not in str(refused.value)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({}, ()),
        ({"X-Team": "red"}, (("X-Team", "red"),)),
        ({"X-Token": "$HELD"}, (("X-Token", "tiger"),)),
        ({"Authorization": "Bearer ${HELD}"}, (("Authorization", "Bearer tiger"),)),
        ({"X-Price": "5 $HELD"}, (("X-Price", "5 $HELD"),)),
    ],
)
def test_headers_are_filled_in_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], sent: Any
) -> None:
    monkeypatch.setenv("HELD", "tiger")

    assert headers_from(given) == sent


@each(
    ("given", "expected"),
    [
        ({"X Team": "red"}, "found 'X Team' as the name of a header"),
        ({3: "red"}, "found 3 as the name of a header"),
        ({"X-Team": ""}, "found the header 'X-Team' without a value"),
        ({"X-Team": 3}, "found the header 'X-Team' without a value"),
        ({"X-Token": "$MISSING"}, "the header 'X-Token' needs MISSING, which is not set"),
        ({"X-Token": "tigér"}, "found the header 'X-Token' with characters that no header may have"),
        ({"X-Token": "tiger\r\nX-Other: y"}, "found the header 'X-Token' with characters"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused_without_its_value(given: Any, expected: str) -> None:
    with pytest.raises(ConfigError) as refused:
        headers_from(given)

    assert str(refused.value).startswith(expected)
    assert "tig" not in str(refused.value)
