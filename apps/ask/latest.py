"""Which checkpoint of a thread is the latest: the one that was written last, whatever the clock said."""

from typing import TYPE_CHECKING

from langchain_core.runnables import RunnableConfig

if TYPE_CHECKING:
    from langgraph.checkpoint.base import CheckpointTuple
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

_LAST_WRITTEN = (
    "SELECT checkpoint_id FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? ORDER BY rowid DESC LIMIT 1"
)


def saver_by_writing() -> "type[AsyncSqliteSaver]":
    """Return LangGraph's saver, but for what it takes for the latest checkpoint of a thread.

    It goes by ids, which begin with the time of the process that made them: after a clock was set back, what a new
    process writes would come before all that was there, and a turn that was paid for would be gone at the next.
    """
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

    class ByWriting(AsyncSqliteSaver):
        """Go by the order in which SQLite was given rows."""

        async def aget_tuple(self, config: RunnableConfig) -> "CheckpointTuple | None":
            place = config["configurable"]
            if not place.get("checkpoint_id"):
                await self.setup()
                named = str(place["thread_id"]), str(place.get("checkpoint_ns", ""))
                async with self.lock, self.conn.execute(_LAST_WRITTEN, named) as rows:
                    row = await rows.fetchone()
                if row is None:
                    return None
                config = {**config, "configurable": {**place, "checkpoint_id": str(row[0])}}
            return await super().aget_tuple(config)

    return ByWriting
