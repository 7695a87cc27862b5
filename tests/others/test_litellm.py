"""LiteLLM's proxy before the endpoint: it runs in an environment of its own, `.venv/litellm`, as a process.

Its package `litellm[proxy]` is not installable from 1.110 on where an index lacks `litellm-proxy`.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
import yaml

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "support" / "servers"), str(ROOT / "tests" / "support")]
from endpoints import HI, WEATHER, running, says, streamed, text_of, two_and_one  # noqa: E402 - found by the line above
from loopback import Loopback, Reply  # noqa: E402

LITELLM = Path(os.environ.get("MOA_LITELLM", ROOT / ".venv" / "litellm" / "bin" / "litellm"))
KEY = "sk-test-of-the-proxy"
pytestmark = pytest.mark.skipif(
    not LITELLM.exists(), reason="LiteLLM's proxy is not installed; `make interchange` does"
)


@contextmanager
def proxy(url: str, folder: Path) -> Iterator[str]:
    """Run the proxy before an endpoint; return its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = {
        "model_list": [
            {"model_name": "moa", "litellm_params": {"model": "openai/moa", "api_base": url, "api_key": "none"}}
        ],
        "litellm_settings": {"num_retries": 0, "telemetry": False},
        "router_settings": {"num_retries": 0, "disable_cooldowns": True},
        "general_settings": {"master_key": KEY},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config), "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_PROXY": "127.0.0.1", "DISABLE_ADMIN_UI": "True"}
    command = [str(LITELLM), "--config", "config.yaml", "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        process.wait(60)


async def ready(client: openai.AsyncOpenAI) -> None:
    """Wait for the proxy, which imports for a while."""
    await client.with_options(max_retries=60).models.list()


async def test_text_tools_usage_and_errors_come_through(loopback: Loopback, tmp_path: Path) -> None:
    says(loopback)
    async with running(two_and_one(loopback)) as served:
        with proxy(served.url, tmp_path) as url:
            async with openai.AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0, timeout=120) as client:
                await ready(client)
                answer = await client.chat.completions.create(model="moa", messages=HI)
                billed = loopback.tokens_billed
                chunks = await streamed(client, stream_options={"include_usage": True})
                loopback.say("c", Reply("", tool_calls=[("get_weather", {"city": "Rom"})]))
                called = await client.chat.completions.create(model="moa", messages=HI, tools=[WEATHER])
                call: Any = (called.choices[0].message.tool_calls or [])[0]
                made: Any = called.choices[0].message.model_dump(exclude_none=True)
                says(loopback, "It is sunny.")
                messages = [*HI, made, {"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
                after = await client.chat.completions.create(model="moa", messages=messages, tools=[WEATHER])
                with pytest.raises(openai.BadRequestError, match="a mixture gives one answer"):
                    await client.chat.completions.create(model="moa", messages=HI, n=2)
                loopback.default = Reply(status=401)
                loopback.scripts.clear()
                with pytest.raises(openai.APIStatusError) as failed:
                    await client.chat.completions.create(model="moa", messages=HI)

    assert answer.choices[0].message.content == "the answer of c"
    assert answer.usage
    assert answer.usage.total_tokens == billed
    assert text_of(chunks) == "the answer of c"
    assert next(chunk.usage.total_tokens for chunk in chunks if chunk.usage) == billed
    assert (call.function.name, after.choices[0].message.content) == ("get_weather", "It is sunny.")
    assert [request.model for request in loopback.requests][6:10] == ["a", "b", "c", "c"], "one panel for two calls"
    assert failed.value.status_code >= 500
    assert "0 of 2 proposals were usable" in failed.value.message
