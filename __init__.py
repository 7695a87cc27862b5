"""Mixture-of-Agents and its family as LangGraph state graphs."""

TYPE_CHECKING = False  # as type checkers know it, without the time that typing's import takes

if TYPE_CHECKING:
    __version__: str
    from .core.agreement.closed import closed_answers
    from .core.agreement.mathematics import math_answers
    from .core.agreement.measures import Agreement, Measure
    from .core.agreement.vote import Vote
    from .core.agreement.whole_texts import embedding_agreement, near_duplicates
    from .core.batches.declared import ProviderBatch
    from .core.bounds.budget import Budget
    from .core.bounds.confident import Confident
    from .core.bounds.early_stop import EarlyStop
    from .core.bounds.quorum import Quorum
    from .core.bounds.screen import Screen
    from .core.errors import AllProposersFailed, BudgetExceeded, ConfigError, InputError, MissingExtra, MoAError
    from .core.evidence.retrievers import Retriever
    from .core.models.limits import Limits
    from .core.models.prices import Price
    from .core.models.resolve import resolve_model
    from .core.offline.docs_retriever import DocsRetriever
    from .core.panel.declared import Aggregator, Analyst, Moderator, Proposer, Rank
    from .core.panel.pick import Pick
    from .core.run.cited import Citation, Evidence
    from .core.run.disagreement import Disagreement
    from .core.run.records import Call, Proposal, Report, Verdict
    from .core.run.state import MoAState
    from .evaluation.batch.batch import abatch
    from .evaluation.batch.questions import Question
    from .evaluation.batch.reading import read_questions
    from .evaluation.cluster.ray_batch import ray_batch
    from .evaluation.comparing.compare import acompare
    from .evaluation.comparing.role_systems import acompare_roles
    from .evaluation.interchange.forms import read_interchange, write_interchange
    from .evaluation.interchange.question_file import QuestionFile
    from .evaluation.panel.analysis import analyse_panel
    from .graphs.adapters.asking import create_ask
    from .graphs.adapters.chat_model import ChatMoA
    from .graphs.adapters.tool_and_node import as_node, as_tool
    from .graphs.estimate import estimate
    from .graphs.fusion import create_fusion
    from .graphs.moa import create_moa
    from .graphs.page import report
    from .graphs.rag import create_rag_moa
    from .graphs.sections import create_sectioned_moa
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
    from .nodes.calls.response_cache import ResponseCache
    from .nodes.judge import judge_agreement

__all__ = [
    "Aggregator",
    "Agreement",
    "AllProposersFailed",
    "Analyst",
    "Budget",
    "BudgetExceeded",
    "Call",
    "ChatMoA",
    "Citation",
    "Confident",
    "ConfigError",
    "Disagreement",
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
    "Pick",
    "Price",
    "Proposal",
    "Proposer",
    "ProviderBatch",
    "Question",
    "QuestionFile",
    "Quorum",
    "Rank",
    "Report",
    "ResponseCache",
    "Retriever",
    "Screen",
    "Verdict",
    "Vote",
    "abatch",
    "acompare",
    "acompare_roles",
    "analyse_panel",
    "as_node",
    "as_tool",
    "closed_answers",
    "create_ask",
    "create_best_of_n",
    "create_debate",
    "create_fusion",
    "create_grouped_moa",
    "create_moa",
    "create_rag_moa",
    "create_ranker",
    "create_sectioned_moa",
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
    "ray_batch",
    "read_interchange",
    "read_questions",
    "report",
    "resolve_model",
    "write_interchange",
]

_HOMES = {
    "Aggregator": ".core.panel.declared",
    "Agreement": ".core.agreement.measures",
    "AllProposersFailed": ".core.errors",
    "Analyst": ".core.panel.declared",
    "Budget": ".core.bounds.budget",
    "BudgetExceeded": ".core.errors",
    "Call": ".core.run.records",
    "ChatMoA": ".graphs.adapters.chat_model",
    "Citation": ".core.run.cited",
    "Confident": ".core.bounds.confident",
    "ConfigError": ".core.errors",
    "Disagreement": ".core.run.disagreement",
    "DocsRetriever": ".core.offline.docs_retriever",
    "EarlyStop": ".core.bounds.early_stop",
    "Evidence": ".core.run.cited",
    "InputError": ".core.errors",
    "Limits": ".core.models.limits",
    "Measure": ".core.agreement.measures",
    "MissingExtra": ".core.errors",
    "MoAError": ".core.errors",
    "MoAState": ".core.run.state",
    "Moderator": ".core.panel.declared",
    "Pick": ".core.panel.pick",
    "Price": ".core.models.prices",
    "Proposal": ".core.run.records",
    "Proposer": ".core.panel.declared",
    "ProviderBatch": ".core.batches.declared",
    "Question": ".evaluation.batch.questions",
    "QuestionFile": ".evaluation.interchange.question_file",
    "Quorum": ".core.bounds.quorum",
    "Rank": ".core.panel.declared",
    "Report": ".core.run.records",
    "ResponseCache": ".nodes.calls.response_cache",
    "Retriever": ".core.evidence.retrievers",
    "Screen": ".core.bounds.screen",
    "Verdict": ".core.run.records",
    "Vote": ".core.agreement.vote",
    "abatch": ".evaluation.batch.batch",
    "acompare": ".evaluation.comparing.compare",
    "acompare_roles": ".evaluation.comparing.role_systems",
    "analyse_panel": ".evaluation.panel.analysis",
    "as_node": ".graphs.adapters.tool_and_node",
    "as_tool": ".graphs.adapters.tool_and_node",
    "closed_answers": ".core.agreement.closed",
    "create_ask": ".graphs.adapters.asking",
    "create_best_of_n": ".graphs.systems",
    "create_debate": ".graphs.systems",
    "create_fusion": ".graphs.fusion",
    "create_grouped_moa": ".graphs.systems",
    "create_moa": ".graphs.moa",
    "create_rag_moa": ".graphs.rag",
    "create_ranker": ".graphs.systems",
    "create_sectioned_moa": ".graphs.sections",
    "create_self_moa": ".graphs.self_moa",
    "create_self_moa_seq": ".graphs.self_moa",
    "create_single": ".graphs.systems",
    "create_smoa": ".graphs.systems",
    "create_vote": ".graphs.systems",
    "embedding_agreement": ".core.agreement.whole_texts",
    "estimate": ".graphs.estimate",
    "judge_agreement": ".nodes.judge",
    "math_answers": ".core.agreement.mathematics",
    "near_duplicates": ".core.agreement.whole_texts",
    "ray_batch": ".evaluation.cluster.ray_batch",
    "read_interchange": ".evaluation.interchange.forms",
    "read_questions": ".evaluation.batch.reading",
    "report": ".graphs.page",
    "resolve_model": ".core.models.resolve",
    "write_interchange": ".evaluation.interchange.forms",
}
"""Where each name is. Nothing is imported before it is used: LangGraph takes most of a second, which who only asks the
command line for help should not wait for, and in which Ctrl-C could not be answered for."""


if not TYPE_CHECKING:  # or no type checker would find a name that is misspelt

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version

            return version("langgraph-moa")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_HOMES[name], __name__), name)
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"} - {"TYPE_CHECKING"})
