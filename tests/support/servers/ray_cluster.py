"""A real Ray cluster on this machine, whose nodes come and go; import it before Ray."""

import os
from pathlib import Path
from typing import Any

KEY = "sk-of-this-test-and-nobody-else-0123456789"
# Before Ray is imported: nobody is told of its use, and all of it listens on 127.0.0.1 only.
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_AUTH_MODE": "token",
    "LANGGRAPH_MOA_RAY_STORE": "80000000",
    "LANGGRAPH_MOA_API_KEY": KEY,
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing-secret-of-s3",
    "AWS_DEFAULT_REGION": "us-east-1",
}


class Raylets:
    """Be the cluster: nodes come and go."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster

        self._cluster = Cluster(initialize_head=True, head_node_args=self._size(0) | {"include_dashboard": False})
        self.nodes: list[Any] = []
        for _ in range(2):
            self.add()

    @property
    def address(self) -> str:
        return str(self._cluster.address)

    @property
    def session(self) -> Path:
        """Return where Ray writes all that it writes down."""
        return Path(self._cluster.head_node.get_session_dir_path())

    def kill_one(self) -> None:
        """Kill a raylet, and all on it, as a machine that is gone does; another takes its place."""
        self._cluster.remove_node(self.nodes.pop(0), allow_graceful=False)
        self.add()

    def add(self) -> None:
        self.nodes.append(self._cluster.add_node(**self._size(1)))

    def close(self) -> None:
        self._cluster.shutdown()

    def _size(self, cpus: int) -> dict[str, Any]:
        return {"num_cpus": cpus, "object_store_memory": 80_000_000}
