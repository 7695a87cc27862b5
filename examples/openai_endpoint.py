"""Ask a mixture by one URL, with OpenAI's own client: `langgraph-moa serve` is started, asked, and stopped."""

import subprocess
import sys
from typing import Any

from openai import OpenAI

SERVE = [sys.executable, "-m", "langgraph_moa", "serve", "--preset", "offline", "--port", "0", "--no-log"]


def main() -> None:
    """Start the server, ask it in two ways, and stop it."""
    with subprocess.Popen(SERVE, stderr=subprocess.PIPE, text=True) as server:  # noqa: S603 - it is this package
        lines = iter(server.stderr or ())
        address = next(line for line in lines if line.startswith("serving at ")).split()[2].rstrip(";")
        try:
            ask(address)
        finally:
            server.terminate()


def ask(address: str) -> None:
    """Ask for an answer in one piece, and for one in pieces."""
    messages: Any = [{"role": "user", "content": "What is 17 * 24?"}]
    with OpenAI(base_url=address, api_key="none") as client:
        answer = client.chat.completions.create(model="moa", messages=messages)
        print(answer.choices[0].message.content)
        print((answer.model_extra or {})["moa"]["calls"], "calls")
        stream = client.chat.completions.create(model="moa", messages=messages, stream=True)
        print("|".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices))


if __name__ == "__main__":
    main()
