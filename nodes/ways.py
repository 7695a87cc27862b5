"""The way out of a gate: where it may lead, and where its verdict does."""

from collections.abc import Mapping, Sequence

from langchain_core.runnables import RunnableConfig

from ..core.bounds.budget import Budget
from ..core.bounds.early_stop import EarlyStop
from ..core.errors import InputError, nearest
from ..core.panel.declared import Moderator
from ..core.panel.stages import Stage
from ..core.run.state import MoAState
from ..core.run.turn import Turn
from .node import Node


def ways_from(
    stage: Stage,
    *,
    ahead: Sequence[Stage],
    stop: EarlyStop | None,
    budget: Budget | None,
    moderator: Moderator | None = None,
    weighs: bool = False,
) -> dict[str, str]:
    """Say where a gate may lead, and what sends the run there; no word where there is no choice.

    Args:
        stage: Who has been asked.
        ahead: Who would be asked after that.
        stop: When agreement ends the layers.
        budget: What else may end them.
        moderator: Who else may.
        weighs: Whether the only one who has been asked is asked how sure it is.
    """
    stops = stop and (stop.may_stop(stage.layer) if weighs else stop.can_stop(stage))
    agreed = stop.then if stop and stops else None
    so, not_so = ("sure", "unsure") if weighs else ("agreed", "no agreement")
    ways: dict[str, str] = {}
    if ahead:
        shortcuts = {
            so: agreed == "aggregate",
            "moderated": moderator is not None and moderator.stops and stage.is_last,
            "budget spent": budget is not None,
            "too few usable": stage.layer > 1 and stage.is_last,
        }
        reasons = [reason for reason, may_be in shortcuts.items() if may_be]
        ways[ahead[0].name] = not_so if agreed else "enough" if reasons else ""
        if reasons:
            ways["aggregate"] = " or ".join(reasons)
    else:
        ways["aggregate"] = not_so if agreed == "answer" else ""
    if agreed == "answer":
        ways["answer"] = so
    return ways


def make_exit(stage: Stage, entrances: Mapping[str, Sequence[str]]) -> Node[list[str]]:
    """Make the edge out of a gate, which goes where its own verdict says.

    Args:
        stage: Whom the gate follows.
        entrances: The nodes behind each place that a verdict can name.

    Raises:
        InputError: (when run) There is no such verdict, or it names another place: somebody changed the state.
    """

    async def leave(state: MoAState, config: RunnableConfig) -> list[str]:
        mine = [
            v for v in Turn.of(state).verdicts(before=stage.layer, wave=stage.wave + 1) if v["layer"] == stage.layer
        ]
        if not mine or mine[-1]["wave"] != stage.wave:
            raise InputError(
                f"found no verdict of {stage.gate} for the last message: the conversation changed, or that gate has "
                "not been passed; go on as one of its proposers, or start again with the conversation as it is now"
            )
        to = mine[-1]["next"]
        if to not in entrances:
            raise InputError(f"found next={to!r} in the verdict of {stage.gate}; {nearest(to, list(entrances))}")
        return list(entrances[to])

    return Node(leave, name="leave")
