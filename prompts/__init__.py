"""What models are told, and in what order."""

from .compose import Placement, compose
from .fence import fence, unforged
from .pack import pack
from .prompt import Prompt, load_judge, load_mark, load_prompt

__all__ = ["Placement", "Prompt", "compose", "fence", "load_judge", "load_mark", "load_prompt", "pack", "unforged"]
