"""A judge of answers: one model call that says which of two is better, or how good one is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from langchain_core.messages import HumanMessage

from ...core.bounds.budget import call_at_most
from ...core.bounds.quorum import Race
from ...core.panel.seats import Seat
from ...core.run.costs import cost_of
from ...core.run.records import Cost
from ...core.text import plain
from ...nodes.calls.call import call_model
from ...nodes.prompting.prompt import Prompt
from ...prompts import bundled, fence
from ..batch.questions import Question
from .verdicts import read_better, read_score


class JudgePrompt(NamedTuple):
    """Be a prompt for a judge, and how its answer is read."""

    prompt: Prompt
    read: Callable[[str], float | None]

    def at_most(self, seat: Seat) -> Cost:
        """Bound what asking costs."""
        return call_at_most(seat, self.prompt.messages)


class Judged(NamedTuple):
    """Say what came of asking a judge."""

    score: float | None
    """From 0 to 1; of two answers, 1 where the first is better."""
    why: str | None
    """Why there is none."""
    cost: Cost


def which_is_better(question: Question, one: str, other: str) -> JudgePrompt:
    """Ask which of two answers is better; neither is named."""
    return _asked("prefer", question, {"A": one, "B": other}, read_better)


def how_good(question: Question, answer: str) -> JudgePrompt:
    """Ask for a mark from 1 to 10."""
    return _asked("score", question, {"answer": answer}, read_score)


async def judge(seat: Seat, prompt: JudgePrompt) -> Judged:
    """Ask a judge once; a failure of it is told, and is no verdict.

    Args:
        seat: The judge.
        prompt: What to ask.
    """
    call, message = await call_model(
        seat,
        prompt.prompt,
        {"tags": ["moa_judge"]},
        race=Race(),
        fits=lambda answer: prompt.read(plain(answer.text)) is not None,
    )
    cost = cost_of(call)
    if message is None or call["status"] != "ok":
        return Judged(None, f"the judge gave no answer: {call['status']} ({call['error']})", cost)
    score = prompt.read(plain(message.text))
    return Judged(score, None if score is not None else "the judge ended on no verdict as it was asked to", cost)


def _asked(
    prompt: str, question: Question, answers: Mapping[str, str], read: Callable[[str], float | None]
) -> JudgePrompt:
    parts = {"question": _told(question), **({"gold": question.gold} if question.gold else {}), **answers}
    fenced = fence(list(parts.values()), labels=list(parts))
    return JudgePrompt(Prompt([HumanMessage(bundled(prompt).render(references=fenced))]), read)


def _told(question: Question) -> str:
    """Write a conversation down; of a single message, only its text."""
    turns = [(message["role"], _text(message["content"])) for message in question.messages]
    turns += [("user", text) for text in question.later]
    return turns[0][1] if len(turns) == 1 else "\n\n".join(f"[{role}]\n{text}" for role, text in turns)


def _text(content: str | Sequence[Mapping[str, Any]]) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", f"[{block.get('type', 'something')} that is no text]")) for block in content)
