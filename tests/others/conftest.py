"""What other tools' own packages read and write; run by `make interchange`, which installs them."""

import os

import pytest

os.environ["HF_HUB_OFFLINE"] = os.environ["HF_DATASETS_OFFLINE"] = "1"
os.environ["INSPECT_LOG_CONSOLE_LEVEL"] = "error"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "others":
            item.add_marker(pytest.mark.enable_socket)
