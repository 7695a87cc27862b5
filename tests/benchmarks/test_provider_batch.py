"""What `make provider-batch` tries: every row once, nothing paid twice, half of the money, whoever is killed."""

import random
from pathlib import Path
from typing import Any

import provider_batch
import pytest

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1"])]


def tried(folder: Path, questions: int, kills: int, between: tuple[float, float], **options: Any) -> list[str]:
    live, batched = provider_batch.compare(folder, questions, kills, between, poll=0.2, **options)
    assert batched.batches >= 5 + 2  # one for each model of each layer, and again what expired and failed
    assert len(batched.kills) == kills
    return provider_batch.check(live, batched, questions)


def test_a_batch_that_is_killed_pays_nothing_twice(tmp_path: Path) -> None:
    assert tried(tmp_path, 4, 1, (0.5, 1.0), live=0) == []


def test_the_last_kill_is_while_rows_are_written() -> None:
    moments = provider_batch.moments(100, 5, (1.0, 2.0), random.Random(1))
    assert (moments[0].billed, [kill.rows for kill in moments[:-1]]) == (0, [0] * 4)
    assert 0 < moments[-1].rows < 100
    assert {len(provider_batch.moments(9, kills, (1.0, 2.0), random.Random(1))) for kills in (0, 1, 2)} == {0, 1, 2}


@pytest.mark.soak
@pytest.mark.parametrize("seed", [1, 2])
def test_hundreds_of_questions_pay_nothing_twice(tmp_path: Path, seed: int) -> None:
    assert tried(tmp_path, 200, 5, (0.1, 2.0), seed=seed) == []


def test_what_is_wrong_is_seen() -> None:
    live = provider_batch.Run({"0": "a", "1": "b"}, usd={"0": 1.0, "1": 1.0}, listed=2.0)
    live.billed.update(map(str, range(10)))
    batched = provider_batch.Run({"0": "a", "1": "c"}, doubled=1, failed=1, usd={"0": 0.5, "1": 0.7}, listed=2.0)
    batched.billed.update([*map(str, range(9)), "0"])

    assert provider_batch.check(live, batched, 3) == [
        "in batches: 2 rows of 3",
        "in batches: 1 rows twice",
        "in batches: 1 rows without an answer",
        "in batches: 10 billed, 15 needed",
        "in batches: a request was billed 2 times",
        "what was asked live was not asked in batches",
        "1 answers differ",
        "1 questions not at half of their price",
        "in batches: 1.200000 USD, 1.000000 due",
    ]
