"""Hear what a model of anybody's counts while it streams: LangChain adds up what servers tell again and again."""

from typing import Any
from uuid import UUID

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGenerationChunk, GenerationChunk

from ...core.run.usage import StreamedUsage


class ChunkUsage(AsyncCallbackHandler):
    """Follow the chunks of each model that answers in a call, and count their messages anew.

    One is for one call: it goes into the config's callbacks, and `usage_of` is asked for each message that came.
    """

    run_inline = True

    def __init__(self) -> None:
        self._streams: dict[str, StreamedUsage] = {}

    async def on_llm_new_token(
        self,
        token: str | list[str | dict[str, Any]],
        *,
        chunk: GenerationChunk | ChatGenerationChunk | None = None,
        run_id: UUID,
        **kwargs: Any,
    ) -> None:
        """Take what a chunk tells."""
        message = getattr(chunk, "message", None)
        calls, usage = getattr(message, "tool_call_chunks", None), getattr(message, "usage_metadata", None)
        stream = self._streams.setdefault(str(run_id), StreamedUsage())
        stream.note(usage, says=bool(token or calls or getattr(message, "additional_kwargs", None)))

    def usage_of(self, message: AIMessage) -> object:
        """Return what a message cost: of all its chunks, where these told the same prompt again, else what it says.

        Args:
            message: What a model answered; LangChain names it for its run.
        """
        run = str(message.id or "").removeprefix("lc_run--").removesuffix("-0")
        stream = self._streams.get(run)
        return stream.usage if stream and stream.is_repeated else message.usage_metadata
