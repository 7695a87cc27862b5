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
from psycopg.sql import SQL
from psycopg_pool import AsyncConnectionPool

URI = "CHECKPOINTS_URI"
CONNECTIONS = 3
"""Of one server, at most: LangGraph's saver asks one thing at a time, and runs are taken back beside it. One more is
there while a server starts. PostgreSQL allows 100 in all where nobody says otherwise.
"""
_LOCK = 0x6D6F61
"""Whoever holds it makes the tables."""
_RETRY_SECONDS = 0.1
_PATIENCE_SECONDS = 600.0
"""How long another server may make the tables and indexes: those of large tables take minutes."""
_INDEXES = {
    "checkpoints_run_id": "checkpoints ((metadata->>'run_id'))",
    "checkpoints_thread_id_idx": "checkpoints (thread_id)",
    "checkpoint_blobs_thread_id_idx": "checkpoint_blobs (thread_id)",
    "checkpoint_writes_thread_id_idx": "checkpoint_writes (thread_id)",
}
"""Ours, and LangGraph's."""
_INVALID = """SELECT c.oid::regclass::text AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE NOT i.indisvalid AND c.relname = ANY(%s) AND pg_table_is_visible(c.oid)
    AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid)"""
_DELETE_WRITES = """DELETE FROM checkpoint_writes WHERE (thread_id, checkpoint_ns, checkpoint_id) IN
    (SELECT thread_id, checkpoint_ns, checkpoint_id FROM checkpoints WHERE metadata->>'run_id' = ANY(%s))"""
_DELETE_VALUES = """WITH versions AS (
        SELECT c.thread_id, c.checkpoint_ns, v.key AS channel, v.value AS version,
            bool_and(coalesce(c.metadata->>'run_id' = ANY(%(runs)s), FALSE)) AS are_gone
        FROM checkpoints c CROSS JOIN LATERAL jsonb_each_text(c.checkpoint->'channel_versions') v
        WHERE c.thread_id IN (SELECT thread_id FROM checkpoints WHERE metadata->>'run_id' = ANY(%(runs)s))
        GROUP BY 1, 2, 3, 4)
    DELETE FROM checkpoint_blobs b USING versions v WHERE v.are_gone AND b.thread_id = v.thread_id
        AND b.checkpoint_ns = v.checkpoint_ns AND b.channel = v.channel AND b.version = v.version"""
"""Values that no other checkpoint of their thread names; those of a checkpoint that is being written are none of them.
"""
_DELETE_CHECKPOINTS = "DELETE FROM checkpoints WHERE metadata->>'run_id' = ANY(%s)"


class Checkpoints(AsyncPostgresSaver):
    """Hold checkpoints, and forget those of runs that are taken back."""

    def __init__(self, pool: AsyncConnectionPool[Any]) -> None:
        """Take the connections, which are somebody else's to close."""
        super().__init__(pool)
        self._pool = pool

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete what runs have written; the server asks for it where a run is cancelled with `rollback`."""
        names = [str(run) for run in run_ids]
        runs = (names,)
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(_DELETE_WRITES, runs)
            await connection.execute(_DELETE_VALUES, {"runs": names})
            await connection.execute(_DELETE_CHECKPOINTS, runs)


@asynccontextmanager
async def checkpoints() -> AsyncIterator[Checkpoints]:
    """Connect to the database that `CHECKPOINTS_URI` names, and make its tables where they are missing.

    Raises:
        ConfigError: The variable is not set, or another server does not end making the tables.
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
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                if await _is_held(connection):
                    break
                await asyncio.sleep(_RETRY_SECONDS)
    except TimeoutError:
        raise ConfigError(
            f"found another server that has made tables for {_PATIENCE_SECONDS:g} s, expected them to be there; look "
            f"for who holds the advisory lock {_LOCK} (pg_locks), end it, and start this server again"
        ) from None
    # A server that was killed leaves an index that is kept up, and never used; IF NOT EXISTS takes it for one.
    for (name,) in await (await connection.execute(_INVALID, (list(_INDEXES),))).fetchall():
        await connection.execute(SQL("DROP INDEX CONCURRENTLY IF EXISTS " + name))
    await saver.setup()
    for name, columns in _INDEXES.items():
        await connection.execute(SQL(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {columns}"))


async def _is_held(connection: AsyncConnection[Any]) -> bool:
    held = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,))).fetchone()
    return bool(held and held[0])
