"""That no connection came about is told, with whom and without secrets."""

from itertools import pairwise

import httpx
import pytest
from langgraph_moa.core.wire.connections import bare_url, connection_problem, is_this_machine


def caused(*chain: BaseException) -> BaseException:
    for exc, cause in pairwise(chain):
        exc.__cause__ = cause
    return chain[0]


def test_a_lost_connection_is_none_that_never_came_about() -> None:
    import aiohttp

    lost = caused(RuntimeError("Connection error."), httpx.ConnectError("gone"), aiohttp.ServerDisconnectedError())

    assert connection_problem(lost, "http://127.0.0.1:1/v1") is None
    assert connection_problem(TimeoutError(), "http://127.0.0.1:1/v1") is None


@pytest.mark.parametrize(
    ("exc", "told"),
    [
        (ConnectionRefusedError(111, "x"), "nothing listens at http://127.0.0.1:8119/v1; is the server running?"),
        (httpx.ConnectTimeout("x"), "no connection to http://127.0.0.1:8119/v1 came about"),
        (OSError("anything"), None),
    ],
)
def test_nobody_is_there(exc: BaseException, told: str | None) -> None:
    said = connection_problem(exc, "http://user:secret@127.0.0.1:8119/v1?key=secret")

    assert (said or "").startswith(told or "")
    assert bool(said) == bool(told)
    assert "secret" not in str(said)


@pytest.mark.parametrize(
    ("url", "bare"),
    [
        ("http://me:pw@host:1/v1?key=x#y", "http://host:1/v1"),
        ("http://host/v1/path@odd", "http://host/v1/path@odd"),
        ("me:pw@host/v1", "host/v1"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("localhost:8080/v1", "localhost:8080/v1"),
        ("ftp://host:21/v1?key=x", "ftp://host:21/v1"),
        ("/login?next=x", "/login"),
        ("host/v1?mail=a@b", "(not shown)"),
    ],
)
def test_an_address_without_secrets(url: str, bare: str) -> None:
    assert bare_url(url) == bare


def test_what_only_this_machine_can_ask_is_told() -> None:
    assert [host for host in ("127.0.0.1", "::1", "localhost", "127.9.9.9") if not is_this_machine(host)] == []
    assert [host for host in ("0.0.0.0", "::", "10.0.0.1", "example.org", "") if is_this_machine(host)] == []
