"""Say what a comparison may cost at most, before anybody is asked."""

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ...core.bounds.budget import call_at_most
from ...core.panel.seats import Seat
from ...core.run.costs import total
from ...core.run.records import Cost
from ...core.run.state import Graph
from ...evaluation.batch.one_question import bound_of
from ...evaluation.batch.questions import Question
from ...evaluation.comparing.preparing import Prepared
from ...evaluation.grading.judge import how_good, which_is_better
from ...graphs.plan import plan_of

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


def show_prospect(bounds: Mapping[str, Cost], *, as_json: bool) -> None:
    """Print it, a line a system, and the sum."""
    everything = {**bounds, "all": total(bounds.values())}
    if as_json:
        sys.stdout.write(json.dumps(everything, ensure_ascii=False, indent=2) + "\n")
        return
    width = max(map(len, everything))
    sys.stdout.writelines(f"{label:<{width}}  at most {_bounds(cost)}\n" for label, cost in everything.items())


def _judging(graphs: Mapping[str, Graph], questions: Sequence[Question], judge: Seat, *, pairs: bool) -> Cost:
    limits = [max((s.max_tokens or 0 for s in plan_of(graph).rules.chain), default=0) for graph in graphs.values()]
    answer = max(limits) if all(limits) else None
    singles = sum(plan_of(graph).is_single for graph in graphs.values())
    # Single models are first held against one of them, and then, with all others, against the best.
    rounds = 2 * (len(graphs) - 1 + max(singles - 2, 0)) if pairs else len(graphs)
    calls: list[Cost] = []
    for question in questions:
        request = which_is_better(question, "", "") if pairs else how_good(question, "")
        more = None if answer is None else 2 * answer * (2 if pairs else 1)
        calls += [call_at_most(judge, request.prompt.messages, more=more)] * rounds
    return total(calls)


def _bare(bound: Mapping[str, Any]) -> Cost:
    return Cost(calls=bound["calls"], tokens=bound["tokens"], usd=bound["usd"])


def _bounds(cost: Cost) -> str:
    calls = "calls unknown" if cost["calls"] is None else f"{cost['calls']:,} calls"
    tokens = "tokens unknown" if cost["tokens"] is None else f"{cost['tokens']:,} tokens"
    return f"{calls}, {tokens}, " + ("cost unknown" if cost["usd"] is None else f"${cost['usd']:.4f}")
