"""A cache that settings name is opened once, and one that cannot be used costs no answer."""

from pathlib import Path

import pytest
from commands import Run
from langgraph_moa import ConfigError
from langgraph_moa.apps.settings.caching import response_cache
from langgraph_moa.apps.settings.settings import Settings

MIXTURE = ["--proposer", "offline:words", "--proposer", "offline:stems", "--aggregator", "offline:words"]


def test_the_same_address_is_opened_once(tmp_path: Path) -> None:
    address = str(tmp_path / "answers.db")

    assert response_cache(address) is response_cache(address)
    assert response_cache(None) is None


def test_its_address_may_stand_in_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOA_CACHE_HERE", str(tmp_path / "answers.db"))

    assert response_cache("$MOA_CACHE_HERE") is response_cache(str(tmp_path / "answers.db"))
    with pytest.raises(ConfigError, match="the cache needs MOA_NO_CACHE, which is not set"):
        response_cache("${MOA_NO_CACHE}")


def test_a_record_of_settings_does_not_hold_it() -> None:
    settings = Settings(proposers=["offline:words"], cache="redis://me:word@127.0.0.1/0")

    assert settings.record() == {"proposers": ["offline:words"]}


def test_a_question_that_was_asked_is_free(run: Run, tmp_path: Path) -> None:
    command = ["ask", "What is 17 * 24?", *MIXTURE, "--cache", str(tmp_path / "answers.db")]
    first, again = run(*command), run(*command)

    assert (first.code, again.code, first.out, again.out) == (0, 0, "17 * 24 = 408\n", "17 * 24 = 408\n")
    assert "3 calls" in first.err
    assert "0 calls, 0 tokens, free" in again.err
    assert "; from the cache: 3 calls" in again.err


def test_what_is_no_cache_is_told_and_the_question_is_answered(run: Run, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("{}\n")

    told = run("ask", "What is 17 * 24?", *MIXTURE, "--cache", str(tmp_path / "rows.jsonl"))
    refused = run("ask", "What is 17 * 24?", *MIXTURE, "--cache", "ftp://here/")

    assert (told.code, told.out) == (0, "17 * 24 = 408\n")
    assert "the cache is not used: " in told.err
    assert "found a file of another kind, expected a file of a cache" in told.err
    assert (tmp_path / "rows.jsonl").read_text() == "{}\n"
    assert refused.code != 0
    assert "found the cache 'ftp://here/', expected a file, or redis://HOST:PORT/0" in refused.err
