"""Where a batch runs: what is said of a cluster, and what travels there."""

import pickle
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import Run
from langgraph_moa import ConfigError
from langgraph_moa.apps.batch.engine import engine_of, made_anywhere, sentence_of_lost, url_in
from langgraph_moa.apps.settings.settings import Settings
from langgraph_moa.graphs.plan import plan_of


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("process", "auto", None), "found --address without --engine ray"),
        (("process", None, 2), "found --actors without --engine ray"),
        (("ray", "ray://x:10001", None), "expected host:port of a Ray cluster, or auto"),
        (("ray", None, -1), "found actors=-1"),
    ],
)
def test_what_goes_together_with_no_cluster_is_refused(given: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        engine_of(*given)


def test_addresses_are_read_by_a_cluster_only(tmp_path: Path) -> None:
    engine = engine_of("ray", None, None)

    assert url_in(Path("s3://bucket/a/q.jsonl"), engine, 1) == "s3://bucket/a/q.jsonl"
    assert url_in(Path("gs://bucket/q.parquet"), engine, 1) == "gs://bucket/q.parquet"
    assert [url_in(path, None, 1) for path in (tmp_path, Path("q.jsonl"), Path("C:/q.jsonl"), Path("a b:/q"))] == [
        None
    ] * 4
    with pytest.raises(ConfigError, match="expected a file of this machine; add --engine ray"):
        url_in(Path("s3://bucket/q.jsonl"), None, 1)
    with pytest.raises(ConfigError, match=r"found --repeat 2 with s3"):
        url_in(Path("s3://bucket/q.jsonl"), engine, 2)


def test_a_mixture_is_built_again_from_what_travels() -> None:
    chosen, _ = Settings(preset="offline", layers=3, limits=[{"provider": "offline", "concurrency": 2}]).choose()  # type: ignore[list-item]

    assert plan_of(made_anywhere(chosen)()).rules.mixture == plan_of(chosen.build()).rules.mixture


def test_what_may_be_a_secret_does_not_travel() -> None:
    table = {"model": "openai:m", "base_url": "http://127.0.0.1:1/v1", "headers": {"X-Key": "a secret"}}
    proposers = [table, "offline:words"]
    chosen, _ = Settings.model_validate({"proposers": proposers, "aggregator": "offline:words"}).choose()

    with pytest.raises(ConfigError, match=r"write \$NAME for the header"):
        made_anywhere(chosen)


def _cached(cache: str) -> Settings:
    return Settings(proposers=["offline:words"], aggregator="offline:words", cache=cache).choose()[0]


@pytest.mark.parametrize(
    ("cache", "joined", "travels"),
    [
        ("redis://10.0.0.1:6379/0", True, "redis://10.0.0.1:6379/0"),
        ("$MOA_CACHE_OF_ALL", True, "$MOA_CACHE_OF_ALL"),
        ("answers.db", False, str(Path("answers.db").absolute())),
        ("redis://:word-of-redis@10.0.0.1/0", False, None),
        ("redis://10.0.0.1/0?password=word-of-redis", True, None),
        ("answers.db", True, None),
        ("unix:///run/redis.sock", True, None),
        ("$MOA_FILE_OF_ONE", True, None),
    ],
)
def test_a_cache_goes_to_all_actors_without_a_secret(
    cache: str, joined: bool, travels: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOA_CACHE_OF_ALL", "redis://:word-of-redis@10.0.0.1:6379/0")
    monkeypatch.setenv("MOA_FILE_OF_ONE", "answers.db")
    if travels is None:
        with pytest.raises(ConfigError, match=r"as the cache of a cluster that was|in the address of the cache") as why:
            made_anywhere(_cached(cache), joined=joined)
        assert "word-of-redis" not in str(why.value)
        return
    made: Any = made_anywhere(_cached(cache), joined=joined)
    assert made.args[0]["cache"] == travels
    assert b"word-of-redis" not in pickle.dumps(made)


def test_what_was_lost_is_told() -> None:
    lost: Any = {"lost": {"attempts": 2, "calls": 3, "tokens": 1_200, "usd": 0.5}}

    assert sentence_of_lost({}) is None  # type: ignore[typeddict-item]
    assert "2 questions were under way where an actor died" in str(sentence_of_lost(lost))
    assert "3 calls, 1,200 tokens and $0.5000 are known" in str(sentence_of_lost(lost))


def test_without_ray_the_extra_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_AUTH_MODE", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"):
        monkeypatch.setenv(name, "0")  # so that they are gone afterwards
    questions, out = tmp_path / "q.jsonl", tmp_path / "rows.jsonl"
    questions.write_text('{"question": "What is 2 + 2?"}\n')
    result = run("batch", str(questions), str(out), "--engine", "ray", "--preset", "offline")

    assert result.code == 1
    assert "pip install 'langgraph-moa[ray]'" in result.err
    assert not out.exists()
