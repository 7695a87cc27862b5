"""A LangSmith on 127.0.0.1 that keeps datasets, examples and experiments, beside what `ingest` takes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from ingest import Ingest, _Handler

TENANT = str(uuid4())
NOW = datetime(2026, 11, 22, tzinfo=UTC).isoformat()
Thing = dict[str, Any]


class LangSmith(Ingest):
    """Hold what was made, and every request."""

    def __init__(self) -> None:
        super().__init__(hangs=False, project=True)
        self.datasets: list[Thing] = []
        self.examples: dict[str, Thing] = {}
        self.experiments: list[Thing] = []
        self.requests: list[str] = []
        self.fails_at = ""
        """Which path it answers with an error from now on."""


class _Experiments(_Handler):
    kept: LangSmith

    def do_GET(self) -> None:  # noqa: N802
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        if self._refused("GET", url.path):
            return
        if url.path == "/datasets":
            name = asked["name"][0]
            self._answer([dataset for dataset in self.kept.datasets if dataset["name"] == name])
        elif url.path.startswith("/datasets/"):
            self._answer(next(d for d in self.kept.datasets if d["id"] == url.path.rpartition("/")[2]))
        elif url.path == "/examples":
            listed = [e for e in self.kept.examples.values() if e["dataset_id"] == asked["dataset"][0]]
            start = int(asked["offset"][0])
            self._answer(listed[start : start + 100])
        else:
            super().do_GET()

    def do_POST(self) -> None:  # noqa: N802
        path = urlsplit(self.path).path
        if path == "/runs/multipart":
            super().do_POST()
            return
        body = self._body()
        if self._refused("POST", path):
            return
        if path == "/datasets":
            made = {**json.loads(body), "id": str(uuid4()), "created_at": NOW, "tenant_id": TENANT}
            self.kept.datasets.append(made)
            self._answer(made)
        elif path == "/sessions":
            self.kept.experiments.append(json.loads(body))
            self._answer(_session(json.loads(body)))
        elif path == "/examples/bulk":
            self._take_examples(body)
        else:
            self._answer({})

    def do_PATCH(self) -> None:  # noqa: N802
        changed = json.loads(self._body())
        known = next(one for one in self.kept.experiments if one["id"] == self.path.rpartition("/")[2])
        self._answer(_session({**known, **{key: value for key, value in changed.items() if value is not None}}))

    def _take_examples(self, body: bytes) -> None:
        for example in json.loads(body):
            self.kept.examples[example["id"]] = {**example, "created_at": NOW, "modified_at": NOW}
        self._answer(list(self.kept.examples.values()))

    def _refused(self, method: str, path: str) -> bool:
        self.kept.requests.append(f"{method} {path}")
        refused = bool(self.kept.fails_at) and path.startswith(self.kept.fails_at)
        if refused:
            self._answer({"detail": "out of order"}, 400)
        return refused


def _session(held: Thing) -> Thing:
    return {**held, "tenant_id": TENANT, "start_time": NOW}


@contextmanager
def langsmith() -> Iterator[LangSmith]:
    """Serve until the block ends."""
    kept = LangSmith()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Experiments,), {"kept": kept}))
    server.daemon_threads = True
    kept.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=[0.02], daemon=True).start()
    try:
        yield kept
    finally:
        server.shutdown()
        server.server_close()
