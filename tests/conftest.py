"""Start every test with the network off, no keys, and no traces sent anywhere."""

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from batch_server import BatchServer
    from ingest import Ingest
    from loopback import Loopback

_SPEAKING = ("OPENAI", "TOGETHER", "LANGSMITH", "LANGCHAIN", "LANGGRAPH", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_TOGETHER = {
    "tests/project/test_docs.py": "site",
    "tests/project/test_editors.py": "what mypy has read",
    "tests/project/test_notebooks.py": "notebooks",
    "tests/project/test_package.py": "wheel",
    "tests/studio/": "LangGraph's server",
    "tests/evaluation/comparing/test_shown.py": "browser",
    "tests/evaluation/panel/test_page.py": "browser",
    "tests/graphs/page/test_sections.py": "browser",
    "tests/graphs/test_page.py": "browser",
    "tests/graphs/test_shown.py": "browser",
    "tests/project/test_drawings.py": "browser",
}
"""Files and folders whose tests one worker runs, and what is slow to make that they share."""
NOBODY = Path(__file__).parent
"""Where certificates are looked for, and none are: a client would read a hundred, which was a tenth of all CPU."""
for name, examples in (("few", 30), ("many", 200)):  # of each property; `make soak` takes the many
    settings.register_profile(name, max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("few")


@pytest.fixture(autouse=True)
def clean_environment(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(_SPEAKING):
            monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)  # GNU readline puts it into the environment of pytest's workers
    if not request.node.get_closest_marker("soak"):  # which alone may fetch something
        monkeypatch.setenv("SSL_CERT_DIR", str(NOBODY))
    monkeypatch.setenv("LANGSMITH_USE_DAEMON", "true")  # its client would hold the end of the tests up


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Have one worker more than cores: one of them mostly waits, for a server or a time-out."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give one worker all tests that share what is slow to make.

    xdist's own groups are written into a test's id, which pytest 9.2 no longer takes from there.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return next((shared for part, shared in _TOGETHER.items() if nodeid.startswith(part)), nodeid)

    return Together(config, log)


def pytest_collection() -> None:
    """Look for no garbage among what stays anyway, modules and tests, and seldom later: it was a tenth of the time."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.set_threshold(10_000)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the tests that ask for one of the servers below talk to 127.0.0.1, and to nobody else."""
    for item in items:
        if {"batches", "loopback", "traces"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.enable_socket)
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


@pytest.fixture
def loopback(socket_enabled: None) -> Iterator["Loopback"]:
    from langgraph_moa.core.portal import close_portals  # xdist's first process runs no test, and needs none of this
    from loopback import serve

    with serve() as server:
        yield server
        close_portals()


@pytest.fixture
def batches(socket_enabled: None) -> Iterator["BatchServer"]:
    """Be a provider that takes files of requests, and answers live ones too."""
    from batch_server import batch_server
    from langgraph_moa.core.portal import close_portals

    with batch_server() as server:
        yield server
        close_portals()


@pytest.fixture
def traces(socket_enabled: None) -> Iterator["Ingest"]:
    """Be a LangSmith that keeps what it is sent."""
    from ingest import ingest

    with ingest() as server:
        yield server


@pytest.fixture(scope="session")
def started_browser() -> Iterator[Any]:
    """Be a real browser; where there is none, the tests that ask for it are skipped, with the reason."""
    from browser import chromium

    try:
        with chromium() as started:
            yield started
    except LookupError as exc:
        pytest.skip(str(exc))


@pytest.fixture
def browser(started_browser: Any) -> Iterator[Any]:
    """Be that browser, whose tabs are closed when a test ends."""
    yield started_browser
    from browser import close_tabs

    close_tabs(started_browser)


@pytest.fixture
def benchmark() -> Callable[[Callable[[], object]], object]:
    """Be what LangChain's standard tests time by, and run it once: the plugin for it would cost each test."""
    return lambda timed: timed()


@pytest.fixture
def vcr() -> None:
    """Be what they would record by, if they recorded anything here."""


@pytest.fixture(autouse=True)
def nothing_known_of_servers() -> None:
    """Forget what servers told: their ports come again."""
    from langgraph_moa.core.models.servers import SERVERS

    SERVERS.forget()
