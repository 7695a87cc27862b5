"""What somebody planted in the files of LangGraph's development server."""

import pickle
from pathlib import Path
from typing import Any

import ormsgpack
import pytest
from devserver import devserver
from langgraph_sdk import get_client
from planted import extended

pytestmark = [pytest.mark.enable_socket, pytest.mark.allow_hosts(["127.0.0.1", "localhost"])]
QUESTION: Any = {"messages": [{"role": "user", "content": "What is 17 * 24?"}]}


def planted(value: Any, call: list[Any]) -> Any:
    """Return what a file of checkpoints holds with a call in the place of each channel's value."""
    if isinstance(value, dict):
        for key in list(value):
            value[key] = planted(value[key], call)
        return value
    if isinstance(value, tuple) and len(value) == 2 and value[0] == "msgpack":
        held = ormsgpack.unpackb(value[1], ext_hook=ormsgpack.Ext, option=ormsgpack.OPT_NON_STR_KEYS)
        is_frame = isinstance(held, dict) and {"channel_versions", "source"} & held.keys()
        return value if is_frame else ("msgpack", extended(value[1], 0, call))
    return tuple(planted(part, call) for part in value) if isinstance(value, tuple) else value


@pytest.mark.soak
async def test_studio_runs_nothing_that_a_checkpoint_names(tmp_path: Path) -> None:
    marker = tmp_path / "marker"
    with devserver(tmp_path) as server:
        async with get_client(url=server.url) as client:
            thread = (await client.threads.create())["thread_id"]
            await client.runs.wait(thread, "moa", input=QUESTION)
    for file in (tmp_path / ".langgraph_api").glob(".langgraph_checkpoint*"):
        held = planted(pickle.loads(file.read_bytes()), ["os", "system", f"touch {marker}"])
        file.write_bytes(pickle.dumps(held))

    with devserver(tmp_path) as server:
        async with get_client(url=server.url) as client:
            with pytest.raises(Exception, match="TypeError"):  # what is there instead of a state
                await client.runs.wait(thread, "moa", input=QUESTION)

    assert not marker.exists()
