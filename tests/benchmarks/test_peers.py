"""What `make bench-peers` measures: pins are read, and ours can be run; only that command installs peers."""

import math
import re
import sys
from contextlib import closing

import peers
import pytest
from loopback import Loopback
from peers import PINS, interpreters, pins, rows, sent_kb
from ways import SETTINGS, WAYS


def test_each_peer_is_pinned_and_has_its_way() -> None:
    assert list(pins()) == ["distilabel", "mixture-llm"]
    assert set(pins()) <= set(WAYS)
    for name, version in pins().items():
        assert re.fullmatch(r"\d+(\.\d+)+", version), name
    for path in PINS:
        assert re.search(r"on 20\d\d-\d\d-\d\d", path.read_text(encoding="utf-8").splitlines()[0])


def test_each_peer_has_an_environment_of_its_own() -> None:
    paths = interpreters(["a", "b"])

    assert len(set(paths.values())) == 2
    assert all(".venv/peers/" in path for path in paths.values())


def test_requests_are_looked_at_before_anything_is_measured(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent_kb("floor", {}) > 13 * 7.5  # the prompt of 1,500 words, and the references
    monkeypatch.setattr(peers, "CALLS", 12)
    with pytest.raises(SystemExit, match=r"found 52 calls of 4 runs of 'floor'.* expected 12 each"):
        sent_kb("floor", {})


def test_settings_are_read_from_requests(loopback: Loopback) -> None:
    with closing(WAYS["floor"](loopback.url)) as runs:
        runs(1)

    assert {**peers.settings_of(loopback.requests[0])} == SETTINGS


@pytest.mark.soak
def test_rows_of_ours_and_one_that_stands_for_a_peer(socket_enabled: None) -> None:
    measured = list(rows({"floor": sys.executable}, rounds=1, runs=1, many=2))

    assert all(math.isfinite(row.value) for row in measured)
    assert [row.what for row in measured if row.goal] == [
        "ours: runs a second against floor, the better one",
        "ours, frozen: runs a second against floor, the better one",
    ]
