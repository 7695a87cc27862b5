"""What `make serving` measures: rows of a load, and a small load on two real servers."""

import pytest
from runners import answering
from serving import WORDS, Load, Seen, rows, serve_and_measure


def test_rows_say_what_was_seen_and_what_failed() -> None:
    seen = [Seen(n / 100, n / 10, float(n)) for n in range(1, 102)]

    told = {row.what.strip(): row.value for row in rows("one", 102, Load(seen, ["TimeoutError()"], 4.0, 2.02, 300.0))}

    assert told == {
        "one, 102 at once: runs a second": 101 / 4,
        "first event, median": 0.51,
        "first event, p95": 0.96,
        "first token, median": 5.1,
        "first token, p95": 9.6,
        "whole answer, median": 51,
        "whole answer, p95": 96,
        "CPU of the servers, a run": pytest.approx(20),
        "cores that they took": pytest.approx(0.505),
        "most memory of the servers, in all": 300,
        "errors": 1,
    }


def test_where_nothing_was_answered_the_errors_are_told() -> None:
    told = {row.what.strip(): row.value for row in rows("one", 1, Load([], ["ConnectError()"], 1.0, 0.0, 0.0))}

    assert told == {"one, 1 at once: runs a second": 0, "errors": 1}


@pytest.mark.soak
@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1", "localhost"])
def test_two_servers_are_measured() -> None:
    with answering(delay=0.01, words=WORDS, pace=0.001) as models:
        told = {row.what.strip(): row.value for row in serve_and_measure("Postgres, two servers", models, [2], 1)}

    assert told["errors"] == 0
    assert told["whole answer, median"] > told["first token, median"] > told["first event, median"] > 0
    assert told["CPU of the servers, a run"] > 0
