"""Mixture-of-Agents and its family as LangGraph state graphs."""

from importlib import import_module as _import_module
from importlib.metadata import version as _version
from typing import TYPE_CHECKING
from typing import Any as _Any

from .core.agreement.closed import closed_answers
from .core.agreement.mathematics import math_answers
from .core.agreement.measures import Agreement, Measure
from .core.agreement.vote import Vote
from .core.agreement.whole_texts import embedding_agreement, near_duplicates
from .core.bounds.budget import Budget
from .core.bounds.early_stop import EarlyStop
from .core.bounds.quorum import Quorum
from .core.errors import AllProposersFailed, BudgetExceeded, ConfigError, InputError, MissingExtra, MoAError
from .core.evidence.retrievers import Retriever
from .core.models.limits import Limits
from .core.models.prices import Price
from .core.models.resolve import resolve_model
from .core.panel.declared import Aggregator, Moderator, Proposer, Rank
from .core.run.records import Call, Citation, Evidence, Proposal, Report, Verdict
from .core.run.state import MoAState
from .graphs.estimate import estimate
from .graphs.moa import create_moa
from .graphs.page import report
from .graphs.rag import create_rag_moa
from .nodes.judge import judge_agreement

if TYPE_CHECKING:
    __version__: str
    from .core.offline.docs_retriever import DocsRetriever
    from .evaluation.batch.batch import abatch
    from .evaluation.batch.questions import Question
    from .evaluation.batch.reading import read_questions
    from .evaluation.comparing.compare import acompare
    from .graphs.adapters.asking import create_ask
    from .graphs.adapters.chat_model import ChatMoA
    from .graphs.adapters.tool_and_node import as_node, as_tool
    from .graphs.self_moa import create_self_moa, create_self_moa_seq
    from .graphs.systems import (
        create_best_of_n,
        create_debate,
        create_grouped_moa,
        create_ranker,
        create_single,
        create_smoa,
        create_vote,
    )

__all__ = [
    "Aggregator",
    "Agreement",
    "AllProposersFailed",
    "Budget",
    "BudgetExceeded",
    "Call",
    "ChatMoA",
    "Citation",
    "ConfigError",
    "DocsRetriever",
    "EarlyStop",
    "Evidence",
    "InputError",
    "Limits",
    "Measure",
    "MissingExtra",
    "MoAError",
    "MoAState",
    "Moderator",
    "Price",
    "Proposal",
    "Proposer",
    "Question",
    "Quorum",
    "Rank",
    "Report",
    "Retriever",
    "Verdict",
    "Vote",
    "abatch",
    "acompare",
    "as_node",
    "as_tool",
    "closed_answers",
    "create_ask",
    "create_best_of_n",
    "create_debate",
    "create_grouped_moa",
    "create_moa",
    "create_rag_moa",
    "create_ranker",
    "create_self_moa",
    "create_self_moa_seq",
    "create_single",
    "create_smoa",
    "create_vote",
    "embedding_agreement",
    "estimate",
    "judge_agreement",
    "math_answers",
    "near_duplicates",
    "read_questions",
    "report",
    "resolve_model",
]

_WHEN_USED = {
    "ChatMoA": ".graphs.adapters.chat_model",
    "DocsRetriever": ".core.offline.docs_retriever",
    "Question": ".evaluation.batch.questions",
    "abatch": ".evaluation.batch.batch",
    "acompare": ".evaluation.comparing.compare",
    "as_node": ".graphs.adapters.tool_and_node",
    "as_tool": ".graphs.adapters.tool_and_node",
    "create_ask": ".graphs.adapters.asking",
    "create_best_of_n": ".graphs.systems",
    "create_debate": ".graphs.systems",
    "create_grouped_moa": ".graphs.systems",
    "create_ranker": ".graphs.systems",
    "create_self_moa": ".graphs.self_moa",
    "create_self_moa_seq": ".graphs.self_moa",
    "create_single": ".graphs.systems",
    "create_smoa": ".graphs.systems",
    "create_vote": ".graphs.systems",
    "read_questions": ".evaluation.batch.reading",
}
"""What needs parts of LangChain that a plain mixture does not: a third of the time that importing all would take."""


if not TYPE_CHECKING:  # or no type checker would find a name that is misspelt

    def __getattr__(name: str) -> _Any:
        if name == "__version__":
            return _version("langgraph-moa")
        if name not in _WHEN_USED:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(_import_module(_WHEN_USED[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"} - {"TYPE_CHECKING"})
