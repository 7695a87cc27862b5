"""A mixture's runs are those of the chat model that wears it."""

from ingest import ingest
from langsmith import Client, tracing_context
from loopback import Loopback
from worn import worn


async def test_the_mixtures_runs_are_nested_in_the_chat_models_streamed_or_not(loopback: Loopback) -> None:
    model = worn(loopback)
    with ingest() as server:
        client = Client(api_url=server.url, api_key="k")
        with tracing_context(enabled=True, client=client, project_name="p"):
            await model.ainvoke("Hi", {"run_name": "invoked", "tags": ["mine"]})
            _ = [chunk async for chunk in model.astream("Hi", {"run_name": "streamed", "tags": ["mine"]})]
            _ = list(model.stream("Hi", {"run_name": "sync", "tags": ["mine"]}))
        client.flush()

        for name in ("invoked", "streamed", "sync"):
            top = server.named(name)
            inner = [run for run in server.below(top) if run["parent_run_id"] == top["id"]]
            assert (top["run_type"], [run["name"] for run in inner]) == ("llm", ["moa"])
            assert {"mine", "moa"} <= set(inner[0]["tags"])
            assert [line.split()[-1] for line in server.tree(top)].count("[llm]") == 4
        assert len(server.roots) == 3
