"""What a request went without: plain words, so that reports can hold them."""

from typing import Literal

LeftOut = Literal[
    "stream_options",
    "streaming",
    "unstreamed",
    "system_role",
    "repeated_roles",
    "tool_choice",
    "max_tokens",
    "temperature",
    "reasoning_effort",
    "service_tier",
    "images",
    "files",
    "audio",
    "video",
    "logprobs",
]
"""What a request went without, for its server refused it: `stream_options`, which ask for the usage of a streamed
answer; `streaming` itself, or being `unstreamed`; a `system_role`, whose words stand in the user's message then;
`repeated_roles`, messages in a row by the same role, which are one message then; a `tool_choice`, where whoever asks
checks the answer; `max_tokens`, for the same limit is called `max_completion_tokens` there; `logprobs`, which say how
likely each token was; a `temperature`, or a `reasoning_effort`, which some models have of their own; a `service_tier`,
which it does not sell; `images`, `files`, `audio` and `video`, which its model cannot read: a note stood in their
place. The last seven may be known beforehand, and are not sent then."""
