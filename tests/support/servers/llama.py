"""llama.cpp's own server in a process of its own, with a log that can be waited for, and that can be killed."""

import argparse
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any


class Llama:
    """Be a running server."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.url = ""
        self.log: list[str] = []
        self._news = threading.Condition()
        self._ended = False

    def follow(self, stream: IO[str]) -> None:
        for line in stream:
            with self._news:
                self.log.append(line)
                self._news.notify_all()
        with self._news:
            self._ended = True
            self._news.notify_all()

    def logged(self, pattern: str) -> list[str]:
        return [line for line in list(self.log) if re.search(pattern, line)]

    def wait_until(self, is_so: Callable[[], bool], *, seconds: float = 60) -> None:
        """Block until the log is as somebody waits for."""
        with self._news:
            if not self._news.wait_for(lambda: is_so() or self._ended, seconds) or not is_so():
                raise TimeoutError(f"it was not so within {seconds} s; the log ends in:\n" + "".join(self.log[-12:]))


@contextmanager
def serving(weights: Path, *, slots: int = 2, window: int = 2048, template: str = "") -> Iterator[Llama]:
    """Run a server for as long as the block lasts; it ends with this process in any case."""
    command = [
        sys.executable,
        __file__,
        str(weights),
        f"--slots={slots}",
        f"--window={window}",
        f"--template={template}",
    ]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, errors="replace", **pipes) as process:
        assert process.stdout
        assert process.stderr
        llama = Llama(process)
        reader = threading.Thread(target=llama.follow, args=[process.stderr], daemon=True)
        reader.start()
        try:
            llama.url = process.stdout.readline().strip()
            assert llama.url, llama.log[-20:]
            yield llama
        finally:
            process.kill()
            process.wait()
            reader.join()


def _serve(weights: str, slots: int, window: int, template: str) -> None:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = weights
    params.model_alias = {"real"}
    params.n_parallel, params.n_ctx, params.kv_unified = slots, slots * window, False
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.warmup = params.ui = False
    params.chat_template = template
    server = xllamacpp.Server(params)
    print(f"{server.listening_address}/v1", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("weights")
    options.add_argument("--slots", type=int)
    options.add_argument("--window", type=int)
    options.add_argument("--template")
    _serve(**vars(options.parse_args()))
