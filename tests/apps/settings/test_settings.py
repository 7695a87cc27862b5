"""One schema for a settings file, the flags and Studio's form."""

import json
from pathlib import Path
from typing import Any

import pytest
from commands import Run
from langgraph_moa import ConfigError
from langgraph_moa.apps.settings.files import form_settings, load_settings
from loopback import Loopback, Reply
from tables import each


@pytest.mark.parametrize("word", ["aggregate", "answer", "shadow", "off"])
def test_an_early_stop_is_the_same_word_in_file_and_flag(tmp_path: Path, word: str) -> None:
    file = tmp_path / "c.toml"
    file.write_text(f'early_stop = "{word}"')

    assert load_settings(file, {}).early_stop == load_settings(None, {"early_stop": word}).early_stop


def test_a_prompt_of_the_settings_is_used() -> None:
    settings = form_settings({"preset": "offline", "aggregator_prompt": "no variable"})

    with pytest.raises(ConfigError, match=r"found no \$references in the prompt"):
        settings.choose()[0].build()


def test_a_preset_is_a_tag() -> None:
    moa = form_settings({"preset": "offline"}).choose()[0].build()

    assert moa.config is not None
    assert moa.config["tags"] == ["moa", "offline"]


def test_a_thread_that_kept_no_value_of_a_header_says_what_to_do() -> None:
    table = {"model": "a", "base_url": "http://127.0.0.1:1/v1", "headers": {"X-Token": ""}}

    with pytest.raises(ConfigError, match=r"found the header 'X-Token' without a value, expected one; write \$NAME"):
        load_settings(None, {"proposers": [table]}).choose()[0].build()


@each(
    ("table", "told"),
    [
        ({"headers": "tiger-burning"}, "found a str for proposers.0.headers, expected a table of names and values"),
        ({"headers": {"X-A": 5}}, "found a int for proposers.0.headers, expected text"),
        ({"headers": {"X-A": ["tiger-burning"]}}, "found a list for proposers.0.headers, expected text"),
        ({"api_key_env": "tiger-burning"}, "found a str for proposers.0.api_key_env, expected the name of an environ"),
        ({"api_key_env": 5}, "found a int for proposers.0.api_key_env, expected text"),
        ({"api_key": "tiger-burning"}, "unknown key 'api_key'; did you mean 'api_key_env'?"),
        ({"system": "Be brief."}, "unknown key 'system'; did you mean 'system_prompt'?"),
        ({"top_p": 2.0}, "found 2.0 for proposers.0.top_p, expected 1 or less"),
        ({"extra_body": [1]}, "found [1] for proposers.0.extra_body, expected a table of names and values"),
        ({"stop": 5}, "found 5 for proposers.0.stop, expected "),
        ({"model": None, "headers": {"X-A": "tiger-burning"}}, "found None for proposers.0.model, expected text"),
    ],
)
def test_a_wrong_server_is_one_sentence_without_secrets(table: Any, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        form_settings({"proposers": [{"model": "a", **table}]})

    assert str(refused.value).startswith(told)
    assert "tiger" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_only_model_of_a_server_need_not_be_named(run: Run, loopback: Loopback) -> None:
    loopback.listing = Reply(body='{"data": [{"id": "qwen3:8b", "meta": {"n_ctx": 4096}}]}')

    done = run("ask", "Hm?", "--base-url", loopback.url)

    assert (done.code, done.out) == (0, "answer of qwen3:8b\n")
    assert done.err.startswith(f"models: qwen3:8b, the only one of {loopback.url}\n")


@pytest.mark.parametrize(
    ("listing", "told"),
    [
        ('{"data": [{"id": "a"}, {"id": "b"}, {"id": "\\u001b[31mred"}]}', "; it serves: a, b\n"),
        ('{"data": []}', "; it serves: none that answers a chat\n"),
        ("<html>", "; found a web page at "),
    ],
)
def test_a_server_with_other_than_one_model_needs_a_name(run: Run, loopback: Loopback, listing: str, told: str) -> None:
    loopback.listing = Reply(body=listing)

    done = run("ask", "Hm?", "--base-url", loopback.url)

    assert done.code == 1
    assert f"found the server '{loopback.url}' but no models, expected --proposer MODEL" in done.err
    assert told in done.err
    assert not loopback.requests


def test_a_key_chooses_its_preset_and_is_never_shown(
    run: Run, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "tiger-burning-bright-42"
    monkeypatch.setenv("OPENAI_API_KEY", key)
    monkeypatch.setenv("OPENAI_BASE_URL", loopback.url)
    loopback.say("gpt-5.4-mini", Reply(status=401, body=json.dumps({"error": {"message": f"bad {key}"}})))

    shown = [run("ask", "Hm?"), run("ask", "Hm?", "--json"), run("models")]

    assert "models: preset 'openai', because OPENAI_API_KEY is set" in shown[0].err
    assert "gpt-5.4-mini  error" in shown[0].err
    assert "OPENAI_API_KEY is set" in shown[2].out
    assert {r.headers["Authorization"] for r in loopback.requests} == {f"Bearer {key}"}
    for done in shown:
        assert done.code == 0
        assert key not in done.out + done.err


def test_together_comes_before_openai(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "x")
    monkeypatch.setenv("TOGETHER_API_KEY", "y")

    assert "default here: preset 'together', because TOGETHER_API_KEY is set" in run("models").out
