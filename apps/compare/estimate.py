"""Say what a comparison may cost at most, before anybody is asked."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from ...core.bounds.budget import call_at_most
from ...core.panel.seats import Seat
from ...core.run.costs import total
from ...core.run.records import Cost
from ...core.run.state import Graph
from ...core.text import escaped
from ...evaluation.batch.one_question import bound_of, usual_cost_of
from ...evaluation.batch.questions import Question
from ...evaluation.ceiling import Ceiling
from ...evaluation.comparing.preparing import Prepared
from ...evaluation.grading.judge import JudgePrompt, how_good, which_is_better
from ...evaluation.panel.analysis import ceiling_in_recording
from ...evaluation.panel.reading import read_panel
from ...graphs.estimate import USUAL_ANSWER, usual_call
from ...graphs.plan import plan_of
from ..ask.lines import AT_MOST, USUAL, cost_line
from ..screens import padded, show_text

JUDGING = "judging"


def prospect(graphs: Mapping[str, Graph], prepared: Prepared) -> dict[str, Cost]:
    """Bound what each system costs for all questions, and the judge.

    Args:
        graphs: The systems.
        prepared: What they are asked, and who grades it.
    """
    questions = prepared.questions
    bounds = {
        label: total(_bare(bound_of(graph, question)) for question in questions) for label, graph in graphs.items()
    }
    if prepared.judge:
        bounds[JUDGING] = _judging(graphs, questions, prepared.judge, pairs=prepared.graders.name == "judge")
    return bounds


def usual_prospect(graphs: Mapping[str, Graph], prepared: Prepared) -> dict[str, Cost]:
    """Reckon the same with answers of a usual length.

    Args:
        graphs: The systems.
        prepared: What they are asked, and who grades it.
    """
    questions, judge = prepared.questions, prepared.judge
    costs = {label: total(usual_cost_of(graph, question) for question in questions) for label, graph in graphs.items()}
    if judge:
        pairs = prepared.graders.name == "judge"
        rounds, shown = _rounds(graphs, pairs=pairs), [judge] * (2 if pairs else 1)
        prompts = [_request(question, pairs=pairs).prompt.messages for question in questions]
        costs[JUDGING] = total(
            usual_call(judge, messages, shown, answer=USUAL_ANSWER) for messages in prompts for _ in range(rounds)
        )
    return costs


def recorded_ceiling(questions: Sequence[Question], file: Path, folder: Path | None) -> Ceiling | None:
    """Return what a mixture can win by answers that are there already; None where there are none of two models.

    Args:
        questions: What there is to ask.
        file: Where they were read; lines may hold `responses`, as records have them.
        folder: Where rows may be kept.
    """
    if any(isinstance(question.given.get("responses"), dict) for question in questions):
        recording = read_panel([file], passes_over=True)
    elif folder and len([each for each in folder.glob("*.jsonl") if not each.name.startswith("_")]) > 1:
        recording = read_panel([folder])
    else:
        return None
    return ceiling_in_recording(recording)


def show_prospect(
    bounds: Mapping[str, Cost],
    usual: Mapping[str, Cost],
    *,
    as_json: bool,
    more: str = "",
    ceiling: Ceiling | None = None,
) -> None:
    """Print both, a line a system, and the sums.

    Args:
        bounds: What each costs at most.
        usual: What each costs with usual answers.
        as_json: Whether to print it as JSON.
        more: What else is to be said of them.
        ceiling: What a mixture can win by recorded answers, where there are some.
    """
    most, usually = ({**costs, "all": total(costs.values())} for costs in (bounds, usual))
    if as_json:
        winnable = {"ceiling": asdict(ceiling)} if ceiling else {}
        written = {**most, "usual": {"answer_tokens": USUAL_ANSWER, **usually}, **winnable}
        sys.stdout.write(json.dumps(written, ensure_ascii=False, indent=2) + "\n")
        return
    names = {label: escaped(label) for label in most}
    width = max(map(cell_len, names.values()))
    for label, cost in most.items():
        show_text(f"{padded(names[label], width)}  at most {cost_line(cost)}")
        show_text(f"{padded('', width)}  usually {cost_line(usually[label])}")
    show_text("\n".join(filter(None, [AT_MOST, USUAL, more])))
    if ceiling:
        show_text(f"by the answers that are recorded: {ceiling.sentence()}")
    if advice := ceiling and ceiling.advice():
        show_text(advice)


def _judging(graphs: Mapping[str, Graph], questions: Sequence[Question], judge: Seat, *, pairs: bool) -> Cost:
    limits = [max((s.max_tokens or 0 for s in plan_of(graph).rules.chain), default=0) for graph in graphs.values()]
    answer = max(limits) if all(limits) else None
    rounds = _rounds(graphs, pairs=pairs)
    calls: list[Cost] = []
    for question in questions:
        request = _request(question, pairs=pairs)
        more = None if answer is None else 2 * answer * (2 if pairs else 1)
        calls += [call_at_most(judge, request.prompt.messages, more=more)] * rounds
    return total(calls)


def _bare(bound: Mapping[str, Any]) -> Cost:
    return Cost(calls=bound["calls"], tokens=bound["tokens"], usd=bound["usd"])


def _rounds(graphs: Mapping[str, Graph], *, pairs: bool) -> int:
    # Single models are first held against one of them, and then, with all others, against the best.
    singles = sum(plan_of(graph).is_single for graph in graphs.values())
    return 2 * (len(graphs) - 1 + max(singles - 2, 0)) if pairs else len(graphs)


def _request(question: Question, *, pairs: bool) -> JudgePrompt:
    return which_is_better(question, "", "") if pairs else how_good(question, "")
