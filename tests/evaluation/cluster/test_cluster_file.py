"""Addresses of questions hold nothing that nobody else may read, and a file is let go of; more in tests/raylets."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.evaluation.cluster.cluster_file import ClusterFile, _last_line

TAKEN = [
    "s3://bucket/q.jsonl",
    "s3://bucket/q.parquet?region=eu-central-1&endpoint_override=http%3A%2F%2F127.0.0.1%3A9000",
    "gs://bucket/a@b.jsonl",
    "abfs://my-questions2@account.dfs.core.windows.net/q.jsonl",
    "abfss://questions@account.dfs.core.windows.net/folder/",
    "folder/a@b?X-Amz-Signature=c.jsonl",
]
REFUSED = [
    ("s3://key:secret@bucket/q.jsonl", "found a user or password"),
    ("https://name@host/q.jsonl", "found a user or password"),
    ("abfs://account:secret@questions/q.jsonl", "found a user or password"),
    ("abfs://account%3Asecret@questions/q.jsonl", "found a user or password"),
    ("abfs://a@secret@account/q.jsonl", "found a user or password"),
    (f"abfs://{'secret' * 20}@account/q.jsonl", "found a user or password"),
    ("abfs://@account/q.jsonl", "found a user or password"),
    ("https://host/q.jsonl?X-Amz-Signature=secret", "behind the ?"),
    ("abfs://questions@account/q.jsonl?sig=secret", "behind the ?"),
    ("s3://bucket/q.jsonl?access_key=k&secret_key=secret&region=eu", "behind the ?"),
    ("s3://bucket/q.jsonl?endpoint_override=http%3A%2F%2Fme%3Asecret%40host", "behind the ?"),
    ("s3://bucket/q.jsonl?secret", "behind the ?"),
]


@pytest.mark.parametrize("address", TAKEN)
def test_an_address_that_says_where_a_file_is_is_taken(address: str) -> None:
    shown = ClusterFile(None, address)._name
    assert shown == (address.partition("?")[0] if "://" in address else address)


@pytest.mark.parametrize(("address", "words"), REFUSED)
def test_one_that_says_who_may_read_it_is_not_and_is_not_shown(address: str, words: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ClusterFile(None, address)
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


def test_what_went_wrong_is_told_without_what_stands_behind_a_question_mark() -> None:
    address = "s3://bucket/q.jsonl?region=eu"
    assert _last_line(OSError(f"a traceback\nno such file: {address}"), address) == "no such file: s3://bucket/q.jsonl"


def test_what_is_half_read_ends_when_the_file_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    ends: list[str] = []

    def items(self: Any) -> Iterator[tuple[str, object]]:
        try:
            yield from ((f"in line {n}", {"question": f"{n}?"}) for n in range(9))
        finally:
            ends.append("closed")

    monkeypatch.setattr(ClusterFile, "_items", items)
    file = ClusterFile(SimpleNamespace(exceptions=SimpleNamespace(RayError=RuntimeError)), "q.jsonl")
    reading, other = iter(file), iter(file)

    assert next(reading).messages[0]["content"] == next(other).messages[0]["content"] == "0?"
    assert ends == []
    file.close()
    assert ends == ["closed"] * 2
    assert [*reading] == []
