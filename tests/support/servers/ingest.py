"""A LangSmith to send traces to, on 127.0.0.1: it keeps what the real client posts."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

from langgraph_moa.nodes.trace import FEEDBACK
from langsmith import Client, tracing_context

Run = dict[str, Any]
_INGEST = {
    "use_multipart_endpoint": True,
    "scale_up_qsize_trigger": 1000,
    "scale_up_nthreads_limit": 4,
    "scale_down_nempty_trigger": 4,
    "size_limit": 100,
    "size_limit_bytes": 20_000_000,
}


class Ingest:
    """Hold every run by its id, its parts put together, and the feedback."""

    def __init__(self, *, hangs: bool, project: bool) -> None:
        self.runs: dict[str, Run] = {}
        self.feedback: list[dict[str, Any]] = []
        self.posted = ""
        """All that was ever sent, as it was sent."""
        self.hangs = hangs
        self.project = project
        self.let_go = threading.Event()
        self.url = ""
        self.stop: Callable[[], None] = lambda: None

    @property
    def roots(self) -> list[Run]:
        return [run for run in self.runs.values() if not run.get("parent_run_id")]

    def named(self, name: str) -> Run:
        (found,) = [run for run in self.runs.values() if run["name"] == name]
        return found

    def below(self, run: Run) -> list[Run]:
        below = [other for other in self.runs.values() if other.get("parent_run_id") == run["id"]]
        return sorted(below, key=lambda other: other["dotted_order"])

    def tree(self, run: Run, depth: int = 0) -> list[str]:
        """Draw what people see: one line a run, indented; hidden runs are left out."""
        if "langsmith:hidden" in (run.get("tags") or []):
            return []
        lines = [f"{'  ' * depth}{run['name']} [{run['run_type']}]"]
        for other in self.below(run):
            lines += self.tree(other, depth + 1)
        return lines

    def take(self, name: str, value: Any) -> None:
        event, run_id, *field = name.split(".")
        if event == "feedback":
            self.feedback.append(value)
            return
        run = self.runs.setdefault(run_id, {})
        run.update({field[0]: value} if field else {key: v for key, v in value.items() if v is not None})


def metadata(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = run["extra"]["metadata"]
    return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    kept: Ingest

    def log_message(self, *args: Any) -> None: ...

    def do_GET(self) -> None:
        self._wait()
        known = str(uuid4())
        project = {"id": known, "name": "p", "tenant_id": known, "reference_dataset_id": None}
        projects = [project] if self.kept.project else []
        answers = {"/info": {"version": "0.12.0", "batch_ingest_config": _INGEST}, "/sessions": projects}
        self._answer(answers.get(self.path.partition("?")[0], {}))

    def do_POST(self) -> None:
        body = self._body()
        self._wait()
        self.kept.posted += body.decode(errors="replace")
        if self.path == "/runs/multipart":
            head = b"Content-Type: " + self.headers["content-type"].encode() + b"\r\n\r\n"
            for part in BytesParser(policy=HTTP).parsebytes(head + body).iter_parts():
                name = str(part.get_param("name", header="content-disposition"))
                self.kept.take(name, json.loads(part.get_payload(decode=True)))  # type: ignore[arg-type]
        self._answer({}, 202)

    def _wait(self) -> None:
        if self.kept.hangs:
            self.kept.let_go.wait(60)

    def handle(self) -> None:
        with suppress(ConnectionError):  # who does not wait for an answer is no fault of the server's
            super().handle()

    def _answer(self, body: Any, status: int = 200) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        chunks = []
        while size := int(self.rfile.readline().strip() or b"0", 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)


@contextmanager
def ingest(*, hangs: bool = False, project: bool = True) -> Iterator[Ingest]:
    """Serve until the block ends; `hangs` takes everything and answers nothing until `let_go` is set.

    Without `project`, feedback cannot be given.
    """
    kept = Ingest(hangs=hangs, project=project)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"kept": kept}))
    server.daemon_threads = True
    kept.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()

    def stop() -> None:
        kept.let_go.set()
        server.shutdown()
        server.server_close()

    kept.stop = stop
    try:
        yield kept
    finally:
        stop()


def traced(server: Ingest, run: Callable[[], Any], **context: Any) -> Any:
    """Run something with tracing on, and wait until everything is there."""
    client = Client(api_url=server.url, api_key="k")
    try:
        with tracing_context(enabled=True, client=client, project_name="p", **context):
            return run()
    finally:
        for thread in threading.enumerate():
            if thread.name == FEEDBACK:
                thread.join(60)
        client.flush()
