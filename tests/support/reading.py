"""Write a question as a user would, and read a prompt as a model would."""

import re
from typing import Any

from langgraph_moa.prompts import bundled


def user(text: str) -> Any:
    """Return a graph's input with one message."""
    return {"messages": [("user", text)]}


QUESTION = user("Which?")
"""What most tests ask: it has no answer, so that nothing depends on one."""


def question_in(prompt: str) -> str:
    """Return the user's own words in a last message, which end it."""
    return prompt.rpartition(f"{bundled('question').text}\n\n")[2]


def references_in(prompt: str, kind: str = "reference") -> list[str]:
    """Return the texts between the fence's tags; a `proposal` is what a ranker or moderator chooses from."""
    found = re.findall(rf'<({kind}-\w+) number="\d+">\n(.*?)\n</\1>', prompt, re.DOTALL)
    return [text for _, text in found]


def proposals_in(body: dict[str, Any]) -> list[str]:
    """Return the texts that a ranker or moderator chooses from, in a request's body."""
    return references_in(body["messages"][-1]["content"], "proposal")
