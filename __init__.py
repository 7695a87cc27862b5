"""Mixture-of-Agents and its family as LangGraph state graphs."""

from .core.budget import Budget
from .core.errors import AllProposersFailed, BudgetExceeded, ConfigError, InputError, MissingExtra, MoAError
from .core.models import resolve_model
from .core.panel import Aggregator, Proposer
from .core.prices import Price
from .core.race import Quorum
from .core.state import Call, MoAState, Proposal, Report, Verdict
from .core.throttle import Limits
from .graphs.estimate import estimate
from .graphs.moa import create_moa

__all__ = [
    "Aggregator",
    "AllProposersFailed",
    "Budget",
    "BudgetExceeded",
    "Call",
    "ConfigError",
    "InputError",
    "Limits",
    "MissingExtra",
    "MoAError",
    "MoAState",
    "Price",
    "Proposal",
    "Proposer",
    "Quorum",
    "Report",
    "Verdict",
    "create_moa",
    "estimate",
    "resolve_model",
]
