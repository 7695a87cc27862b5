"""What models are told, and in what order; `core` enters."""

from .compose import Placement, compose, put_after
from .echo import echo_in, load_bundled
from .fence import Kind, fence, nothing, unforged
from .history import tools_in_words
from .pack import pack
from .roles import in_turn, without_system
from .template import Template, bundled, load_template
from .thought import THOUGHT_TOKENS, with_thought
from .wording import wording

__all__ = [
    "THOUGHT_TOKENS",
    "Kind",
    "Placement",
    "Template",
    "bundled",
    "compose",
    "echo_in",
    "fence",
    "in_turn",
    "load_bundled",
    "load_template",
    "nothing",
    "pack",
    "put_after",
    "tools_in_words",
    "unforged",
    "with_thought",
    "without_system",
    "wording",
]
