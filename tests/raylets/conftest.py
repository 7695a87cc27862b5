"""A real Ray cluster on this machine: a head without CPUs, and nodes with one each; run by `make raylets`."""

import os
from collections.abc import Iterator

import pytest
from ray_cluster import Raylets


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "raylets":
            item.add_marker(pytest.mark.enable_socket)


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    """Be a server of S3 with a bucket in it, and return the bucket's name."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    os.environ["AWS_ENDPOINT_URL"] = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    boto3.client("s3").create_bucket(Bucket="questions")
    yield "questions"
    server.stop()


@pytest.fixture(scope="session")
def cluster(bucket: str) -> Iterator[Raylets]:
    cluster = Raylets()
    yield cluster
    cluster.close()
