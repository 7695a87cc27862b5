"""How long a server asks to wait is read as it is written, and told where nobody waits so long."""

import pytest
from langgraph_moa.core.wire.refusals import ServerError
from langgraph_moa.core.wire.waiting import asks_to_wait, retry_after, to_wait, waiting


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 7.5 "}, 7.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9),
        ({"retry-after": "1e400"}, float("inf")),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:00 GMT"}, None),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:09 GMT", "date": "Mon, 01 Jan 2001 00:00:02 GMT"}, 7),
        ({"retry-after": "Mon, 01 Jan 2001 00:00:02 GMT", "date": "Mon, 01 Jan 2001 00:00:02 GMT"}, None),
        ({"retry-after": "Fri, 01 Jan 2100 00:00:09 GMT", "date": "Fri, 01 Jan 2100 00:00:02 GMT"}, 7),
        ({}, None),
    ],
)
def test_a_wait_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("seconds", "longest", "words"),
    [
        (300, 120, "the server asks to wait 300 s, longer than the call may take"),
        (7, 120, "the server asks to wait 7 s"),
        (0.5, 0.1, "the server asks to wait, longer than the call may take"),
        (float("inf"), 120, "the server asks to wait inf s, longer than the call may take"),
    ],
)
def test_a_wait_is_told(seconds: float, longest: float, words: str) -> None:
    assert asks_to_wait(seconds, longest) == words


def test_nobody_waits_longer_than_the_call_takes() -> None:
    failure = ServerError("slow", 429)
    failure.is_retryable = True

    assert str(to_wait(failure, {"retry-after": "3"}, 5.0)) == "slow"
    assert (failure.is_retryable, failure.retry_after) == (True, 3.0)
    assert str(to_wait(failure, {"retry-after": "8"}, 5.0)).startswith("slow; the server asks to wait 8 s, longer")
    assert (failure.is_retryable, failure.retry_after) == (False, 8.0)


def test_only_an_error_of_the_servers_own_asks_to_wait() -> None:
    for failure in (ServerError("slow", 429), ServerError("odd")):
        with pytest.raises(ServerError), waiting({"retry-after": "8"}, 5.0):
            raise failure
        assert failure.retry_after == (8.0 if failure.status_code else None)
