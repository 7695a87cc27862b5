"""A connection that does not come about, or is lost, is told with its address, and without a proxy's password."""

import aiohttp
import pytest
from langgraph_moa.core.wire.losses import lost
from langgraph_moa.core.wire.refusals import ServerError, ServerTimeout, ServerUnreachable, UnreadableAnswer
from langgraph_moa.core.wire.sending import Address

ADDRESS = Address("http://user:pw@127.0.0.1:9/v1?token=x", "tiger-burning-bright-1", seconds=3.0)


@pytest.mark.parametrize(
    ("failure", "kind", "words"),
    [
        (TimeoutError(), ServerTimeout, "said nothing for 3 s"),
        (ConnectionRefusedError(), ServerUnreachable, "nothing listens at"),
        (aiohttp.ClientPayloadError("cut"), ServerUnreachable, "was lost (ClientPayloadError)"),
        (aiohttp.InvalidURL("x"), ServerError, "as a base URL"),
        (UnreadableAnswer("odd"), UnreadableAnswer, "odd"),
    ],
)
def test_what_is_lost_is_told_with_its_address(failure: Exception, kind: type[ServerError], words: str) -> None:
    with pytest.raises(kind) as told, lost(ADDRESS):
        raise failure

    assert words in str(told.value)
    assert told.value.url == "http://127.0.0.1:9/v1"
    assert "pw" not in str(told.value)


def test_a_proxys_password_is_in_no_traceback() -> None:
    with pytest.raises(ServerUnreachable) as told, lost(ADDRESS, proxied=True):
        raise aiohttp.ClientPayloadError("http://user:pw@proxy")

    assert told.value.__cause__ is None
