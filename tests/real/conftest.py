"""A real model on a real server: small, messy and honest. `make real` fetches it, and lets no test skip."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from llama import Llama, serving

WEIGHTS = Path(__file__).parents[2] / ".weights" / "SmolLM2-135M-Instruct.Q4_1.gguf"
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.enable_socket)
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1"]))


@pytest.fixture(scope="session")
def weights() -> Path:
    missing = "xllamacpp is not installed" if find_spec("xllamacpp") is None else ""
    missing = missing or ("" if WEIGHTS.exists() else f"{WEIGHTS.name} is not there; `make real` fetches it")
    if missing and os.environ.get("MOA_TEST_REAL"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return WEIGHTS


@pytest.fixture(scope="session")
def server(weights: Path) -> Iterator[Llama]:
    """Serve two slots of 2,048 tokens in another process."""
    with serving(weights) as llama:
        yield llama


@pytest.fixture
def spec(weights: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name the file as a model of this process: two slots of 2,048 tokens, on one thread."""
    for variable, number in {"CTX_SIZE": 4096, "N_PARALLEL": 2, "THREADS": 1}.items():
        monkeypatch.setenv(f"LLAMA_ARG_{variable}", str(number))
    return f"gguf:{weights}"
