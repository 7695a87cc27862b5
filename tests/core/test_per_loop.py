"""What belongs to a loop is made once, and ends with it."""

import asyncio
import threading

from langgraph_moa.core.per_loop import PerLoop


class Pool:
    """Tell whether it is closed."""

    is_closed = False

    async def close(self) -> None:
        self.is_closed = True


def test_each_loop_has_its_own_which_ends_with_it() -> None:
    pools = PerLoop(Pool, Pool.close)

    async def twice() -> list[Pool]:
        return [await pools.get(), await pools.get()]

    first, again = asyncio.run(twice())
    other, _ = asyncio.run(twice())

    assert first is again
    assert first is not other
    assert first.is_closed


def test_a_loop_that_was_closed_without_a_word_is_forgotten() -> None:
    pools = PerLoop(Pool, Pool.close)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(pools.get())
    loop.close()

    asyncio.run(pools.get())

    assert loop not in pools._open


def test_those_of_loops_that_still_run_are_closed_from_outside() -> None:
    """A process ends while a thread's loop still waits for an answer: its connection is closed."""
    pools, loop = PerLoop(Pool, Pool.close), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    pool = asyncio.run_coroutine_threadsafe(pools.get(), loop).result(10)

    pools.close(10)

    assert pool.is_closed
    asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()
