"""What may be asked of a mixture that is worn as a chat model."""

from collections.abc import Mapping
from typing import Any

from langchain_core.language_models import BaseChatModel
from langgraph.checkpoint.base import BaseCheckpointSaver

from ...core.checks import check_number
from ...core.errors import ConfigError, nearest
from ...core.models.capabilities import is_chat_model
from ...core.run.cadence import every_of
from ...core.text import one_line
from ...nodes.prompting.request import Request, equipped
from ..options import MoAOptions
from ..plan import plan_of


def can_write(moa: object) -> bool:
    """Tell a mixture whose answer somebody may write from one whose answer is always a proposal.

    Args:
        moa: The mixture.
    """
    rules = plan_of(moa).rules
    return bool(rules.chain) and not rules.ranks


def check_request(moa: object, request: Request) -> None:
    """Refuse tools or a form that the aggregators cannot do, before anything is paid for.

    Raises:
        ConfigError: One cannot.
    """
    plan = plan_of(moa)
    rules = plan.rules
    if not can_write(moa):
        how = "ranked" if rules.ranks else "picked by a function" if plan.seated.pick else "voted on"
        raise ConfigError(f"found a mixture whose answers are only {how}, expected an aggregator that can write")
    for seat in rules.chain:
        if not is_chat_model(seat.model):
            raise ConfigError(
                f"found tools or a form for {seat.label}, a chain or graph, expected a chat model as the aggregator"
            )
        try:
            equipped(seat, request)
        except NotImplementedError:
            raise ConfigError(
                f"found tools for {seat.label}, which cannot call any, expected an aggregator that can; for an "
                "object as the answer, method='json_mode' needs none"
            ) from None
        except (ValueError, TypeError) as exc:
            raise ConfigError(f"found tools that {seat.label} does not take: {one_line(str(exc))}") from exc


def check_wearing(model: type[BaseChatModel], options: Mapping[str, Any]) -> None:
    """Refuse what a mixture cannot be worn with.

    Args:
        model: The class that wears it; its fields are the options.
        options: What was given, the mixture as `moa`.

    Raises:
        ConfigError: An option is unknown, the mixture's own, or out of range; or the mixture keeps threads.
    """
    for name in options.keys() - list(model.model_fields):
        if name in MoAOptions.__annotations__ or name in ("proposers", "aggregator", "retrievers"):
            raise ConfigError(
                f"found {name!r} for ChatMoA, expected it in the mixture; write ChatMoA(create_moa({name}=...))"
            )
        ours = list(model.__annotations__)
        raise ConfigError(f"unknown option {name!r} of ChatMoA; {nearest(name, ours)}, and those of LangChain's models")
    moa = options.get("moa")
    plan_of(moa)
    if isinstance(getattr(moa, "checkpointer", None), BaseCheckpointSaver):
        raise ConfigError(
            "found a mixture with a checkpointer, expected one without: a chat model is given the whole "
            "conversation; keep threads in the graph around it"
        )
    if "panel" in options:
        every_of(options["panel"])
    for name, minimum in (("temperature", 0), ("max_tokens", 1)):
        if options.get(name) is not None:
            check_number(name, options[name], minimum=minimum, whole=name == "max_tokens")
