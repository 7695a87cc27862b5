"""One server for all tests of this folder: it takes seconds to start."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from devserver import DevServer, devserver
from langgraph_sdk import get_client


@pytest.fixture(scope="session")
def server() -> Iterator[DevServer]:
    with devserver() as running:
        yield running


@pytest.fixture
async def client(server: DevServer, socket_enabled: None) -> AsyncIterator[Any]:
    async with get_client(url=server.url) as connected:
        yield connected
