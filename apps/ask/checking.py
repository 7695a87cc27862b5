"""Look at what a file of threads holds before anybody goes by it: disks fail, and anybody may have written it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NotRequired, get_type_hints

from langchain_core.messages import BaseMessage
from pydantic import Field, ValidationError
from typing_extensions import TypedDict

from ...core.errors import InputError, MoAError
from ...core.run.state import RagState
from ...core.text import one_line, printable
from .latest import saver_by_writing

if TYPE_CHECKING:
    from langgraph.checkpoint.base import CheckpointTuple
    from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
    from pydantic import TypeAdapter


class _Checkpoint(TypedDict):
    """Be what LangGraph goes by of a checkpoint."""

    v: int
    id: Annotated[str, Field(pattern="^(?:[0-9a-fA-F]{2}-?)+$")]
    ts: str
    channel_values: dict[str, Any]
    channel_versions: dict[str, str | int | float]
    versions_seen: dict[str, dict[str, str | int | float]]
    updated_channels: NotRequired[list[str] | None]


class _Given(TypedDict):
    """Be a message as a batch gives it, which stands so until the first step is closed."""

    role: Literal["system", "user", "assistant"]
    content: str | list[Any]


def damaged(file: Path, what: str) -> InputError:
    """Return what tells that a file of threads holds what no run wrote, and what to do."""
    return InputError(
        f"found {what} in {file}, expected what a run wrote; it is damaged, or somebody changed it: put back a copy of "
        "it, or take another thread; nothing was changed"
    )


def checked_saver(file: Path) -> "type[AsyncSqliteSaver]":
    """Return a saver that refuses what no run of this package wrote.

    Args:
        file: What it will read, for messages.
    """
    _kinds()  # here, where what fails is no file's fault

    class Checked(saver_by_writing()):  # type: ignore[misc]  # a class that is imported where it is used
        """Read checkpoints, each checked."""

        async def aget_tuple(self, config: Any) -> "CheckpointTuple | None":
            with _told(file):
                checkpoint = await super().aget_tuple(config)
                return checkpoint and _whole(checkpoint, file)

        async def alist(self, config: Any, **options: Any) -> "AsyncIterator[CheckpointTuple]":
            with _told(file):
                async with aclosing(super().alist(config, **options)) as checkpoints:
                    async for checkpoint in checkpoints:
                        yield _whole(checkpoint, file)

    return Checked


@contextmanager
def _told(file: Path) -> Iterator[None]:
    import sqlite3

    try:
        yield
    except (MoAError, sqlite3.Error, OSError):
        raise
    except Exception as exc:  # what is damaged makes serializers raise nearly anything
        raise damaged(file, f"a thread that cannot be read ({_shown(exc)})") from exc


def _whole(checkpoint: "CheckpointTuple", file: Path) -> "CheckpointTuple":
    """Return what was read, once each part of it that a run goes by is what it has to be."""
    for what, value, kind in _parts(checkpoint):
        try:
            kind.validate_python(value, strict=True)
        except ValidationError as exc:
            raise damaged(file, f"{_place_of(exc, what)} of a thread") from exc
    return checkpoint


def _parts(checkpoint: "CheckpointTuple") -> "Iterator[tuple[str, object, TypeAdapter[Any]]]":
    kinds = _kinds()
    yield "the checkpoint", checkpoint.checkpoint, kinds["checkpoint"]
    yield "the record", checkpoint.metadata, kinds["metadata"]
    yield "steps", checkpoint.pending_writes or [], kinds["writes"]
    values = [("spoken", *item) for item in checkpoint.checkpoint["channel_values"].items()]
    values += [("given", channel, value) for _, channel, value in checkpoint.pending_writes or []]
    for messages, channel, value in values:
        if channel == "messages":
            yield channel, value if isinstance(value, list) else [value], kinds[messages]
        elif channel in kinds["channels"]:
            yield channel, value, kinds["channels"][channel]


@cache
def _kinds() -> dict[str, Any]:
    """Return what checks the parts of a checkpoint: made when it is needed, for it takes a while."""
    from pydantic import InstanceOf, TypeAdapter

    hints = get_type_hints(RagState)
    return {
        "checkpoint": TypeAdapter(_Checkpoint),
        "metadata": TypeAdapter(dict[str, Any]),
        "writes": TypeAdapter(list[tuple[str, str, Any]]),
        "spoken": TypeAdapter(list[InstanceOf[BaseMessage]]),
        "given": TypeAdapter(list[InstanceOf[BaseMessage] | _Given]),
        "channels": {name: TypeAdapter(hint) for name, hint in hints.items() if name != "messages"},
    }


def _place_of(exc: ValidationError, what: str) -> str:
    """Say what stands where in a part of a checkpoint, or what is missing there."""
    fault = exc.errors(include_url=False, include_context=False)[0]
    *outer, last = (what, *map(str, fault["loc"]))
    if fault["type"] == "missing":
        return one_line(f"no {last} in {'.'.join(outer)}", limit=160)
    return one_line(printable(f"{fault['input']!r:.60} as {'.'.join((*outer, last))}"), limit=160)


def _shown(exc: Exception) -> str:
    return one_line(f"{type(exc).__name__}: {exc}", limit=160)
