"""Keep the checkpoints of LangGraph's server in a PostgreSQL of one's own, which several servers may share.

`studio/postgres.json` names it: `CHECKPOINTS_URI=postgresql://... langgraph dev --config studio/postgres.json`.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph_moa import ConfigError
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

URI = "CHECKPOINTS_URI"
CONNECTIONS = 10
"""Of one server, at most; PostgreSQL allows 100 in all where nobody says otherwise."""
_LOCK = 0x6D6F61
"""Whoever holds it makes the tables."""
_RETRY_SECONDS = 0.1
_INDEX = "CREATE INDEX CONCURRENTLY IF NOT EXISTS checkpoints_run_id ON checkpoints ((metadata->>'run_id'))"
_DELETE_WRITES = """DELETE FROM checkpoint_writes WHERE (thread_id, checkpoint_ns, checkpoint_id) IN
    (SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints WHERE metadata->>'run_id' = ANY(%s))"""
_DELETE_CHECKPOINTS = "DELETE FROM checkpoints WHERE metadata->>'run_id' = ANY(%s)"


class Checkpoints(AsyncPostgresSaver):
    """Hold checkpoints, and forget those of runs that are taken back."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        """Take the connections, which are somebody else's to close."""
        super().__init__(pool)
        self._pool = pool

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete what runs have written; the server asks for it where a run is cancelled with `rollback`."""
        runs = ([str(run) for run in run_ids],)
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_DELETE_WRITES, runs)
            await connection.execute(_DELETE_CHECKPOINTS, runs)


@asynccontextmanager
async def checkpoints() -> AsyncIterator[Checkpoints]:
    """Connect to the database that `CHECKPOINTS_URI` names, and make its tables where they are missing.

    Raises:
        ConfigError: The variable is not set.
    """
    uri = os.environ.get(URI)
    if not uri:
        raise ConfigError(
            f"found no {URI}, expected the address of a PostgreSQL; set it, such as {URI}=postgresql://user@host/name"
        )
    options: dict[str, Any] = {"autocommit": True, "prepare_threshold": 0, "row_factory": dict_row}
    pool = AsyncConnectionPool[Any](
        uri,
        kwargs=options,
        min_size=1,
        max_size=CONNECTIONS,
        open=False,
        check=AsyncConnectionPool.check_connection,  # those of before a restart of PostgreSQL are dead
    )
    async with pool:
        saver = Checkpoints(pool)
        async with await AsyncConnection.connect(uri, autocommit=True) as connection:
            await _set_up(saver, connection)
        yield saver


async def _set_up(saver: Checkpoints, connection: AsyncConnection[Any]) -> None:
    """Make the tables, one server at a time.

    Two that make them at once fail. Nobody waits inside PostgreSQL: an index that is made there waits for all who do.
    """
    while True:
        held = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
        if held and held[0]:
            break
        await asyncio.sleep(_RETRY_SECONDS)
    await saver.setup()
    await connection.execute(_INDEX)
