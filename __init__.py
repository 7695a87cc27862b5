"""Mixture-of-Agents and its family as LangGraph state graphs."""

from .core.agreement import Agreement, Measure, closed_answers, embedding_agreement, near_duplicates
from .core.budget import Budget
from .core.errors import AllProposersFailed, BudgetExceeded, ConfigError, InputError, MissingExtra, MoAError
from .core.mathematics import math_answers
from .core.models import resolve_model
from .core.panel import Aggregator, Proposer
from .core.prices import Price
from .core.race import Quorum
from .core.state import Call, MoAState, Proposal, Report, Verdict
from .core.stop import EarlyStop
from .core.throttle import Limits
from .core.vote import Vote
from .graphs.estimate import estimate
from .graphs.moa import create_moa
from .graphs.report import report
from .nodes.judge import judge_agreement

__all__ = [
    "Aggregator",
    "Agreement",
    "AllProposersFailed",
    "Budget",
    "BudgetExceeded",
    "Call",
    "ConfigError",
    "EarlyStop",
    "InputError",
    "Limits",
    "Measure",
    "MissingExtra",
    "MoAError",
    "MoAState",
    "Price",
    "Proposal",
    "Proposer",
    "Quorum",
    "Report",
    "Verdict",
    "Vote",
    "closed_answers",
    "create_moa",
    "embedding_agreement",
    "estimate",
    "judge_agreement",
    "math_answers",
    "near_duplicates",
    "report",
    "resolve_model",
]
