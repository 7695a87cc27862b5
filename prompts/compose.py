"""The order of a prompt: the conversation first and untouched, references and instructions last.

Providers cache prompts by their beginning. The conversation is the one part that all proposers, layers and turns
share, so nothing that varies stands before it, but for a proposer's own `system`, which keeps its cache to itself.
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Literal

from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, SystemMessage

from ..core.text import OURS
from .fence import Kind, fence
from .prompt import Prompt

Placement = Literal["last", "system"]
"""Where references go: `last`, as a message of their own after the conversation, or at the end of the one `system`
prompt, as the paper's code has it (github.com/togethercomputer/MoA), for servers whose chat template wants the roles
to alternate."""


def compose(
    conversation: Sequence[AnyMessage],
    references: Sequence[str],
    *,
    prompt: Prompt,
    system: str | None = None,
    placement: Placement = "last",
    opening: str = "",
    closing: str = "",
    kind: Kind = "reference",
) -> list[BaseMessage]:
    """Build the messages for one call, equation (1) of arXiv 2406.04692: the user's messages and the references.

    Args:
        conversation: The user's messages; they are passed on as the same objects.
        references: Texts of the previous layer; none for the first layer, which sees the conversation alone.
        prompt: How to treat references.
        system: A system prompt of this proposer's or aggregator's own.
        placement: Where the references go.
        opening: What stands before the references, such as the evidence: the same for all who read it.
        closing: What every prompt of this role ends with.
        kind: What the references are fenced as.

    Returns:
        The messages, the conversation's own unchanged; with `system`, its leading system prompts are joined into one.
    """
    leading = len(list(takewhile(lambda message: message.type == "system", conversation)))
    head: list[BaseMessage] = [*conversation[:leading], *([SystemMessage(system)] if system else [])]
    rest = conversation[leading:]
    told = prompt.render(references=fence(references, kind), count=str(len(references))) if references else ""
    told = "\n\n".join(filter(None, [opening, told, closing]))
    if not told:
        return [*head, *rest]
    if placement == "system":
        return [SystemMessage("\n\n".join([*(message.text for message in head), told])), *rest]
    return [*head, *rest, HumanMessage(told, additional_kwargs=OURS)]
