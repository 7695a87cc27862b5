"""Mixture-of-Agents and its family as LangGraph state graphs."""

from .core.errors import AllProposersFailed, ConfigError, InputError, MissingExtra, MoAError
from .core.models import resolve_model
from .core.panel import Aggregator, Proposer
from .core.state import Call, MoAState, Proposal, Report, Verdict
from .graphs.moa import create_moa

__all__ = [
    "Aggregator",
    "AllProposersFailed",
    "Call",
    "ConfigError",
    "InputError",
    "MissingExtra",
    "MoAError",
    "MoAState",
    "Proposal",
    "Proposer",
    "Report",
    "Verdict",
    "create_moa",
    "resolve_model",
]
