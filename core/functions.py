"""Call functions of somebody else's, which may be sync or async, hang, raise, and return anything."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from typing import Any


def is_coroutine_function(function: object) -> bool:
    """Tell what is to be awaited from what may take its time, or the loop's; also of a partial, or of an object.

    Args:
        function: What is called.
    """
    bare = function
    while isinstance(bare, partial):
        bare = bare.func
    return iscoroutinefunction(bare) or iscoroutinefunction(type(bare).__call__)


def is_cancelled() -> bool:
    """Tell whether a cancellation is meant for the running task, and not for something that it waited for."""
    return (task := asyncio.current_task()) is None or bool(task.cancelling())


async def value_of(function: Callable[..., Any], *given: Any, **options: Any) -> Any:
    """Return what a function returns, awaited where it has to be.

    One that is not async is called in a thread of its own: whoever stops waiting for it, or for the process's end, is
    not held up by it.

    Args:
        function: What is called.
        given: Its arguments.
        options: Its arguments by name.

    Raises:
        Exception: It did, or ended its thread.
    """
    called = partial(function, *given, **options)
    value = called() if is_coroutine_function(function) else await _in_a_thread(called)
    return await value if isawaitable(value) else value  # also what a function hands on of another


async def _in_a_thread(function: Callable[[], Any]) -> Any:
    """Call a function in a thread that keeps neither the event loop nor the process from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    context = copy_context()

    def settle(value: Any, error: Exception | None) -> None:
        if not done.done():
            done.set_exception(error) if error else done.set_result(value)

    def run() -> None:
        value: Any = None
        error: Exception | None = RuntimeError("it ended its thread")
        try:
            value = context.run(function)
            error = None
        except (SystemExit, asyncio.CancelledError):  # of what was called, and not of who called it: told as above
            value = None
        except StopIteration:  # which no future takes
            error = RuntimeError("StopIteration")
        except Exception as exc:  # noqa: BLE001 - it is raised where the function was called
            error = exc
        finally:
            with suppress(RuntimeError):  # nobody waits any more, and the loop is closed
                loop.call_soon_threadsafe(settle, value, error)

    threading.Thread(target=run, name="langgraph-moa-function", daemon=True).start()
    return await done
