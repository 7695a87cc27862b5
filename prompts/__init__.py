"""What models are told, and in what order."""

from .compose import Placement, compose, put_after
from .echo import echo_in, load_bundled
from .fence import Kind, fence, nothing, unforged
from .history import in_words
from .pack import pack
from .prompt import Prompt, bundled, load_prompt

__all__ = [
    "Kind",
    "Placement",
    "Prompt",
    "bundled",
    "compose",
    "echo_in",
    "fence",
    "in_words",
    "load_bundled",
    "load_prompt",
    "nothing",
    "pack",
    "put_after",
    "unforged",
]
