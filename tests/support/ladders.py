"""Ladders over recorded answers of real models, through real graphs: what is asked first, and what it comes to."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from langgraph_moa import Confident, EarlyStop, Proposer, Vote, create_debate, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.statistics import Z, standard_error, wilson
from reading import question_in
from replay import CRUX, DATA, GSM8K, Panel, is_right, rows, written

ANSWER = EarlyStop(then="answer")
SAMPLED = "CodeLlama-7B"
"""Whose samples of CRUX were recorded."""
_TOGETHER = 50


class Climbed(NamedTuple):
    """Hold what a ladder made of each question."""

    right: list[bool]
    calls: list[int]
    strong: list[int]
    """Calls of models that are asked last, or of the strongest."""
    ended: list[bool]
    """Whether it ended with the first stage."""

    @property
    def right_first(self) -> list[bool]:
        """Return of those that ended with the first stage whether they are right."""
        return [right for right, ended in zip(self.right, self.ended, strict=True) if ended]


STRONGEST_FIRST = {
    GSM8K: "deepseek-chat Meta-Llama-3-70B-Instruct Qwen2-72B-Instruct gemma-2-27b-it@together command-r-plus "
    "Mixtral-8x7B-Instruct-v0.1",
    CRUX: "deepseek-v2-chat-0628 Qwen2-72B-Instruct Meta-Llama-3-70B-Instruct gemma-2-27b-it "
    "Mixtral-8x7B-Instruct-v0.1 Yi-1.5-34B-Chat",
}
"""The models of each panel, by how often they are right on all of these very questions; a long test holds it."""


def recorded(panel: Panel, most: int | None) -> dict[str, dict[str, str]]:
    """Return the answers to each question, by model."""
    return {row["id"]: row for row in rows(panel)[:most]}


def saying(answers: Mapping[str, Mapping[str, str]], model: str) -> ScriptedModel:
    """Return a model that says what it said."""

    def said(messages: Sequence[Any]) -> str:
        return written(answers[_question(messages)][model])

    return ScriptedModel(script=said, name_of_model=model)


def _question(messages: Sequence[Any]) -> str:
    """Return what is asked, the first time that it is: a debate puts more behind it."""
    return question_in(next(message.text for message in messages if message.type == "human"))


def sampling(seed: int = 1) -> ScriptedModel:
    """Return a model that says one of its samples after the other; the file has them by how often they were said."""
    dice, lines = random.Random(seed), {}
    with (DATA / "cruxeval_codellama7b_10samples.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            number = row["id"].removeprefix("sample_")
            lines[f"crux-test-#{number}"] = dice.sample(row["samples"], len(row["samples"]))
    times: dict[str, int] = defaultdict(int)

    def said(messages: Sequence[Any]) -> str:
        question = _question(messages)
        times[question] += 1
        return written(lines[question][times[question] - 1])

    return ScriptedModel(script=said, name_of_model=SAMPLED)


def climb(answers: Mapping[str, Mapping[str, str]], moa: Any, strong: Sequence[str]) -> Climbed:
    """Ask a mixture every question.

    Args:
        answers: What was recorded, by question.
        moa: The mixture.
        strong: Whose calls are counted for themselves.
    """

    async def ask_all() -> list[Any]:
        results: list[Any] = []
        ids = list(answers)
        for start in range(0, len(ids), _TOGETHER):
            asked = ids[start : start + _TOGETHER]
            results += await asyncio.gather(*(moa.ainvoke({"messages": [("user", question)]}) for question in asked))
        return results

    results = asyncio.run(ask_all())
    gold = {question: row["gold"] for question, row in answers.items()}
    return Climbed(
        [is_right(r["messages"][-1].text, gold[r["messages"][0].text]) for r in results],
        [r["run"]["calls"] for r in results],
        [sum(p["name"] in strong for p in r["proposals"]) for r in results],
        [r["verdicts"][0]["saved"] > 0 for r in results],
    )


def ladders(panel: Panel, most: int | None = None) -> Iterator[tuple[str, Callable[[], Climbed]]]:
    """Name each way to ask a panel, and how to find out what it comes to."""
    answers, names = recorded(panel, most), STRONGEST_FIRST[panel].split()

    def seat(model: str, samples: int = 1) -> Proposer:
        chat = sampling() if model == SAMPLED else saying(answers, model)
        return Proposer(chat, name=model.partition("@")[0], samples=samples)

    def way(first: Sequence[Proposer], then: Sequence[str] = (), **options: Any) -> Callable[[], Climbed]:
        others = [seat(model) for model in then]
        # Whoever is asked last is believed, whatever those before say.
        given: dict[str, Any] = {
            "early_stop": ANSWER,
            "aggregator": Vote(weights={str(other.name): 10 for other in others}),
            "escalate": others,
            **options,
        }
        strong = [name.partition("@")[0] for name in names[:2]]
        return lambda: climb(answers, create_moa(proposers=first, **given), strong)

    everyone = [seat(model) for model in names]
    best, weak = names[0], names[-2:]
    yield "the strongest alone", way([seat(best)], early_stop=None)
    yield "all six, then a vote", way(everyone, early_stop=None)
    yield "the two strongest, then the rest", way(everyone, waves=(2,))
    yield "the two weakest, then the strongest", way([seat(model) for model in weak], [best])
    if panel == CRUX:
        yield "3 samples of a 7B model, then the strongest", way([seat(SAMPLED, 3)], [best])
    for errs, told in ((0.0, "never errs"), (0.1, "errs once in ten"), (0.3, "errs thrice in ten")):
        sure = Confident(0.5, function=checking(answers, errs))
        yield (
            f"the weakest, if a check is sure that {told}; then the strongest",
            way([seat(names[-1])], [best], confidence=sure),
        )


def checking(answers: Mapping[str, Mapping[str, str]], errs: float) -> Callable[[str, Mapping[str, Any]], float]:
    """Return a check that knows what is right, and says the opposite now and then: no model was asked for this."""

    def check(question: str, proposal: Mapping[str, Any]) -> float:
        asked = question_in(question)
        is_wrong_now = random.Random(f"{asked} {errs}").random() < errs
        return float(is_right(proposal["text"], answers[asked]["gold"]) != is_wrong_now)

    return check


def debates(most: int | None = None) -> Iterator[tuple[str, str, Callable[[], Climbed]]]:
    """Name debates of three agents in two rounds that are held where they differ; each says the same again."""
    for title, panel in (("GSM8K", GSM8K), ("CRUX", CRUX)):
        answers, names = recorded(panel, most), STRONGEST_FIRST[panel].split()
        for who, models in (("the three strongest", names[:3]), ("the three weakest", names[3:])):
            yield title, who, _debate(answers, [saying(answers, model) for model in models])
    answers = recorded(CRUX, most)
    alone = EarlyStop(min_responses=1)
    yield (
        "CRUX",
        "3 samples of a 7B model, if agreeing were enough",
        _debate(answers, [sampling()], samples=3, early_stop=alone),
    )


def _debate(answers: Mapping[str, Mapping[str, str]], agents: Sequence[Any], **options: Any) -> Callable[[], Climbed]:
    return lambda: climb(answers, create_debate(proposers=agents, rounds=2, **options), ())


def as_share(right: Sequence[bool]) -> str:
    """Write a share with its interval."""
    if not right:
        return "-"
    low, high = wilson(sum(right), len(right))
    return f"{100 * fmean(right):.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def as_mean(calls: Sequence[int]) -> str:
    """Write a mean with its interval, where there is any doubt about it."""
    error = Z * standard_error(calls)
    return f"{fmean(calls):.2f}" + (f" ±{error:.2f}" if error else "")
