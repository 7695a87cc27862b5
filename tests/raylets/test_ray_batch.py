"""A batch on a cluster is a batch: rows, budgets, mistakes, and what `abatch` makes of the same file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from langgraph_moa import Budget, ConfigError, Limits, abatch, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.run.state import Graph
from langgraph_moa.evaluation.cluster.ray_batch import ray_batch
from ray_cluster import Raylets


def maker(**options: Any) -> Callable[[], Graph]:
    """Return a function that travels by value, for no worker can import this file."""

    def make() -> Graph:
        return create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words", **options)

    return make


def rows_in(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


ITEMS = [{"id": f"q{n}", "question": f"What is {n} * 3?", "gold": str(n * 3)} for n in range(40)]


async def test_json_lines_and_parquet_are_read_from_s3(tmp_path: Path, cluster: Raylets, bucket: str) -> None:
    pq.write_table(pa.Table.from_pylist(ITEMS[:20]), tmp_path / "q.parquet", row_group_size=5)
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, ITEMS)))
    for name in ("q.parquet", "q.jsonl"):
        boto3.client("s3").upload_file(str(tmp_path / name), bucket, name)
    out = tmp_path / "rows.jsonl"

    some = await ray_batch(maker(), f"s3://{bucket}/q.parquet", out, address=cluster.address)
    both = await ray_batch(maker(), f"s3://{bucket}/q.jsonl", out, address=cluster.address)

    assert (some["answered"], both["answered"], both["done_before"]) == (20, 40, 20)
    rows = rows_in(out)
    assert {row["id"]: row["gold"] for row in rows} == {item["id"]: item["gold"] for item in ITEMS}
    assert len(rows) == 40


async def test_a_budget_holds_for_all_actors_and_a_batch_without_ray_goes_on(tmp_path: Path, cluster: Raylets) -> None:
    out = tmp_path / "rows.jsonl"
    pq.write_table(pa.Table.from_pylist(ITEMS), tmp_path / "q.parquet")

    sums = await ray_batch(
        maker(), tmp_path / "q.parquet", out, address=cluster.address, actors=2, budget=Budget(calls=50)
    )

    assert sums["calls"] <= 50
    assert sums["left"] > 20
    assert "Budget(calls=50)" in str(sums["stopped"])
    rest = await abatch(maker()(), ITEMS, out)
    assert (rest["answered"], rest["done_before"]) == (40, sums["answered"])


async def test_what_is_wrong_is_told_in_a_sentence(
    tmp_path: Path, cluster: Raylets, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = tmp_path / "q.jsonl", tmp_path / "bad.jsonl"
    good.write_text(json.dumps(ITEMS[0]) + "\n")
    bad.write_text("\n".join([*map(json.dumps, ITEMS[:5]), "{", ""]))
    out, address = tmp_path / "rows.jsonl", cluster.address

    with pytest.raises(ConfigError, match=r"found no JSON in line 6 of .*bad\.jsonl"):
        await ray_batch(maker(), bad, out, address=address)
    with pytest.raises(ConfigError, match=r"missing\.jsonl cannot be read"):
        await ray_batch(maker(), tmp_path / "missing.jsonl", out, address=address)
    with pytest.raises(ConfigError, match="found a user or password in the address"):
        await ray_batch(maker(), "s3://key:secret@bucket/q.jsonl", out, address=address)
    with pytest.raises(ConfigError, match="cannot be joined"):
        await ray_batch(maker(), good, out, address="127.0.0.1:1")
    assert not out.exists()

    monkeypatch.setenv("TOGETHER_API_KEY", "only here")

    def elsewhere() -> Graph:
        return create_moa(proposers=["together:a/b", "offline:stems"], aggregator="offline:words")

    with pytest.raises(ConfigError, match=r"cannot be built on .*: together:a/b needs a key and TOGETHER_API_KEY"):
        await ray_batch(elsewhere, good, out, address=address)


async def test_objects_come_from_actors_too(tmp_path: Path, cluster: Raylets) -> None:
    schema = {"title": "sum", "type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}

    def make() -> Graph:
        def answer(messages: list[Any]) -> str:
            return '{"sum": 4}' if "2 + 2" in messages[-1].text else '{"sum": "many"}'

        return create_moa(proposers=[ScriptedModel(script="4")], aggregator=ScriptedModel(script=answer))

    out = tmp_path / "rows.jsonl"
    sums = await ray_batch(make, ["2 + 2?", "How many?"], out, address=cluster.address, schema=schema)

    assert (sums["answered"], sums["errors"]) == (1, 1)
    good, bad = sorted(rows_in(out), key=lambda row: row["error"] is not None)
    assert good["object"] == {"sum": 4}
    assert "'many' is not of type 'integer'" in bad["error"]


async def test_limits_hold_for_all_actors_and_an_actor_that_dies_each_time_is_no_endless_loop(
    tmp_path: Path, cluster: Raylets
) -> None:
    mark = tmp_path / "mark"

    def make() -> Graph:
        def fatal(messages: list[Any]) -> str:
            import os

            if "fatal" in messages[-1].text:
                with mark.open("a") as file:
                    file.write("x")
                os._exit(1)
            return "fine"

        class Scripted(ScriptedModel):
            pass

        return create_moa(
            proposers=[ScriptedModel(script="draft"), Scripted(script=fatal)],
            aggregator=ScriptedModel(script="done"),
            limits=[Limits(provider="scripted", concurrency=2, per_second=1000)],
        )

    items = ["a fatal question", *(f"question {n}" for n in range(6))]
    sums = await ray_batch(make, items, tmp_path / "rows.jsonl", address=cluster.address, actors=2, concurrency=1)

    assert (sums["answered"], sums["errors"]) == (6, 1)
    [failed] = [row for row in rows_in(tmp_path / "rows.jsonl") if row["error"]]
    assert "asked 5 times" in failed["error"]
    assert mark.read_text() == "x" * 5
    assert sums["lost"]["attempts"] == 5
