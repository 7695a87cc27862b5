"""Write a question as a user would, and read a prompt as a model would."""

import re
from typing import Any


def user(text: str) -> Any:
    """Return a graph's input with one message."""
    return {"messages": [("user", text)]}


def references_in(prompt: str) -> list[str]:
    """Return the texts between the fence's tags."""
    found = re.findall(r'<(reference-\w+) number="\d+">\n(.*?)\n</\1>', prompt, re.DOTALL)
    return [text for _, text in found]
