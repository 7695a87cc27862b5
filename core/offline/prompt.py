"""How the offline models read a prompt: what is asked, and what is fenced or was returned since."""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from ..text import CUT_BEFORE, CUT_TO_FIT, is_ours, one_line, question_in, question_span
from .documents import Passage
from .tools import OfferedTool

MAX_QUOTE = 400
_KINDS = "reference|proposal|evidence|tool|call|result|answer|problem|analysis"
"""What the prompt fences: all of them are read at once, so that no block is found inside another."""
_OPENING = re.compile(rf'<((?P<kind>{_KINDS})-\w+) (?:(?:number|name|id)="(?P<label>[^"\n]*)">\n|none="true">)')
_CLOSING = re.compile(rf"\n</((?:{_KINDS})-\w+)>")
_ASKED_TO_COMPARE = '"contradictions"'
"""Stands in the form that an analyst is asked for, and only there in what is ours."""
_HANDOFF = re.compile("transfer_(back_)?to_")
"""How the tools begin that hand over to another agent: that they did so answers nothing."""


class PromptParts(NamedTuple):
    """Hold what a prompt says to a model."""

    question: str
    references: list[str]
    proposals: list[str]
    """What it is to choose from, or to compare."""
    tools: list[OfferedTool]
    results: list[tuple[str, str]]
    """Tools that were called for the question, and what is to be said of each call."""
    passages: list[Passage] | None
    """What to answer from; None where the prompt speaks of no evidence."""
    compares: bool = False
    """Whether it is to say what proposals differ on, as `analyse.md` asks for."""


class _Block(NamedTuple):
    kind: str
    label: str | None
    """None where the prompt says that there is nothing of the kind."""
    text: str
    start: int
    end: int


def read_prompt(messages: list[BaseMessage]) -> PromptParts:
    """Tell the user's question from what this package wrote around it."""
    last = max((n for n, m in enumerate(messages) if question_span(m) is not None), default=-1)
    question = question_in(messages[last]) or "" if last >= 0 else ""
    # What a tool returned may stand last, and may look like a block; so may what the user wrote.
    texts: list[str] = [m.text for m in messages if m.type == "system"]
    if messages and messages[-1].type == "human":
        start, end = (question_span(messages[-1]) if is_ours(messages[-1]) else None) or (0, 0)
        texts.append(messages[-1].text[:start] + messages[-1].text[end:])
    blocks = [block for text in texts for block in _blocks(text)]
    compares = any(_ASKED_TO_COMPARE in _bare(text) for text in texts)
    labelled = [(block.kind, block.label, block.text) for block in blocks if block.label]
    passages = [_passage(label, text) for kind, label, text in labelled if kind == "evidence"]
    return PromptParts(
        question=_bare(question) if last == len(messages) - 1 and not is_ours(messages[last]) else question,
        references=[text for kind, _, text in labelled if kind == "reference"],
        proposals=[text for kind, _, text in labelled if kind == "proposal"],
        tools=[OfferedTool(label, text) for kind, label, text in labelled if kind == "tool"],
        results=list(_results(messages[last + 1 :])),
        passages=passages if any(block.kind == "evidence" for block in blocks) else None,
        compares=compares,
    )


def _blocks(text: str) -> Iterator[_Block]:
    """Yield what is fenced, from each opening tag to the first closing tag of the same nonce."""
    closings: defaultdict[str, list[re.Match[str]]] = defaultdict(list)
    for match in _CLOSING.finditer(text):
        closings[match[1]].append(match)
    end = 0
    for opened in _OPENING.finditer(text):
        if opened.start() < end:
            continue
        closed = closings[opened[1]]
        first = bisect_left(closed, opened.end(), key=lambda match: match.start())
        if opened["label"] is None:
            end = opened.end()
            yield _Block(opened["kind"], None, "", opened.start(), end)
        elif first < len(closed):
            end = closed[first].end()
            inside = text[opened.end() : closed[first].start()]
            yield _Block(opened["kind"], opened["label"], inside, opened.start(), end)


def _bare(question: str) -> str:
    blocks = list(_blocks(question))
    starts, ends = [0, *(block.end for block in blocks)], [*(block.start for block in blocks), len(question)]
    return "".join(question[start:end] for start, end in zip(starts, ends, strict=True))


def _results(since: list[BaseMessage]) -> Iterator[tuple[str, str]]:
    made = [call for m in since if isinstance(m, AIMessage) for call in (*m.tool_calls, *m.invalid_tool_calls)]
    names = {call["id"]: call["name"] for call in made}
    for message in since:
        if isinstance(message, ToolMessage):
            name, quoted = message.name or names.get(message.tool_call_id) or "unknown", f"“{_line(message.text)}”"
            if _HANDOFF.match(name):
                continue
            yield name, f"The tool {name} failed: {quoted}" if message.status == "error" else f"{quoted} ({name})"
        elif is_ours(message):
            for block in _blocks(message.text):
                if block.kind == "result" and block.label and not _HANDOFF.match(block.label):
                    yield block.label, f"“{_line(block.text)}” ({block.label})"


def _line(text: str) -> str:
    return one_line(text, limit=MAX_QUOTE)


def _passage(label: str, block: str) -> Passage:
    source, _, text = block.removesuffix(CUT_TO_FIT).partition("\n\n")
    return Passage(label, source if text else "", " ".join((text or source).removeprefix(CUT_BEFORE).split()))
