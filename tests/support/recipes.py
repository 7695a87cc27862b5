"""What docs/extending.md tells to do in this project, done: each recipe's edits, by file."""

import shutil
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_SKIP = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info")
_BUILT = {"build", "dist", "site"}


class Change(NamedTuple):
    """Put a text where another stands; a file that is not there yet is made of it."""

    old: str
    new: str


def after(old: str, more: str) -> Change:
    return Change(old, old + more)


def before(old: str, more: str) -> Change:
    return Change(old, more + old)


_IMPORT = "    from .core.evidence.retrievers import Retriever\n"
RECIPES: dict[str, dict[str, list[Change]]] = {
    "A system": {
        "graphs/systems.py": [
            before(
                "def create_vote(",
                '''def create_relay(*, models: Sequence[ProposerLike], **options: Unpack[SystemOptions]) -> Mixture:
    """Build a relay: each model reads the answer of the one before it.

    Args:
        models: Who answers, in this order; the last one's answer is the answer.
        options: As in `create_moa`.

    Raises:
        ConfigError: An argument is wrong.
    """
    *first, last = models
    proposers = [[model] for model in first]
    return create_moa(**decided(create_relay, options, proposers=proposers, aggregator=last))


''',
            )
        ],
        "__init__.py": [
            after("        create_ranker,\n", "        create_relay,\n"),
            after('    "create_ranker",\n', '    "create_relay",\n'),
            after('    "create_ranker": ".graphs.systems",\n', '    "create_relay": ".graphs.systems",\n'),
        ],
        "apps/settings/systems.py": [
            after("    create_ranker,\n", "    create_relay,\n"),
            after('    "ranker",\n', '    "relay",\n'),
            before(
                '    if name == "debate":\n',
                '    if name == "relay":\n'
                "        return create_relay(models=[*proposers, *_models(chain)], **arguments)\n",
            ),
        ],
        "docs/site/hooks.py": [after("create_ranker Rank ", "create_relay ")],
        "docs/systems.md": [
            before("\n```sh\nlanggraph-moa ask", "| relay | `create_relay(models=...)` | `relay` | models |\n")
        ],
        "tests/support/mixtures/every_system.py": [
            after("    create_ranker,\n", "    create_relay,\n"),
            before('    "best-of-n": partial(', '    "relay": partial(create_relay, models=THREE),\n'),
        ],
        "tests/graphs/test_systems.py": [
            before('    "best-of-n": {', '    "relay": {"models": ["offline:words", "offline:stems"]},\n')
        ],
    },
    "A node": {
        "nodes/guard.py": [
            Change(
                "",
                '''"""A guard: looks at the question before anybody is asked."""

from collections.abc import Callable

from langchain_core.runnables import RunnableConfig

from ..core.errors import InputError
from ..core.run.state import MoAState
from ..core.run.turn import Turn
from .node import Node, Update


def make_guard(refuses: Callable[[str], str | None]) -> Node[Update]:
    """Make the node that lets a question pass, or ends the run before anything is paid for.

    Args:
        refuses: Says why a question is not answered; None where it is.

    Raises:
        InputError: (when run) The question is refused.
    """

    async def look(state: MoAState, config: RunnableConfig) -> Update:
        why = refuses(Turn.of(state).messages[-1].text)
        if why:
            raise InputError(f"found a question that is refused: {why}; ask another one; nobody was asked")
        return {}

    return Node(look)
''',
            )
        ],
        "pyproject.toml": [after(" : gather", " : guard")],
        "graphs/options.py": [after("    hide_texts: bool\n", "    guard: Callable[[str], str | None] | None\n")],
        "graphs/plan.py": [
            Change("from collections.abc import Mapping", "from collections.abc import Callable, Mapping"),
            after("    hide_texts: bool\n", "    guard: Callable[[str], str | None] | None\n"),
            after("watching.hide_texts", ", watching.guard"),
        ],
        "graphs/building.py": [
            after("from ..nodes.gate import make_gate\n", "from ..nodes.guard import make_guard\n"),
            before(
                "    for entrance in first:\n        graph.add_edge(START, entrance)\n",
                """    if plan.guard:
        graph.add_node("guard", make_guard(plan.guard), metadata=metadata_of("guard", 0))
        for entrance in first:
            graph.add_edge("guard", entrance)
        first = ["guard"]
""",
            ),
        ],
        "graphs/moa.py": [
            after("    hide_texts: bool = False,\n", "    guard: Callable[[str], str | None] | None = None,\n"),
            before(
                "        cache: Keeps proposals", "        guard: Why a question is not answered; None where it is.\n"
            ),
            after("Watching(review, feedback, draft, hide_texts", ", guard"),
        ],
        "tests/nodes/test_guard.py": [
            Change(
                "",
                '''"""A guard refuses before anybody is asked."""

import pytest
from langgraph_moa import InputError, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from reading import user


def test_a_refused_question_is_asked_of_nobody() -> None:
    model = ScriptedModel(script="An answer.")
    moa = create_moa(proposers=[model], aggregator=model, guard=lambda text: "too short" if len(text) < 9 else None)

    with pytest.raises(InputError, match="refused: too short"):
        moa.invoke(user("Which?"))

    assert model.asked == []
    assert moa.invoke(user("Which one of them?"))["run"]["calls"] == 2
''',
            )
        ],
    },
    "A measure of agreement": {
        "core/agreement/last_words.py": [
            Change(
                "",
                '''"""Compare the last words of texts."""

from collections.abc import Sequence

from .measures import Agreement, abstain, agree


def last_words(texts: Sequence[str]) -> Agreement:
    """Compare the last words of texts; a text without one agrees with nobody."""
    groups: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        if words := text.rstrip(".").split():
            groups.setdefault(words[-1], []).append(number)
    if not groups:
        return abstain("last words", "no text has a word")
    return agree("last words", texts, list(groups.values()), answers=[text.rstrip(".") for text in texts])
''',
            )
        ],
        "__init__.py": [
            after(
                "    from .core.agreement.closed import closed_answers\n",
                "    from .core.agreement.last_words import last_words\n",
            ),
            before('    "math_answers",\n', '    "last_words",\n'),
            before('    "math_answers": ', '    "last_words": ".core.agreement.last_words",\n'),
        ],
        "docs/site/hooks.py": [after('"EarlyStop Measure Agreement ', 'last_words "\n        "')],
        "docs/early-stop.md": [
            before("Whole-text similarity does not tell", "`last_words` compares the last word of each.\n\n")
        ],
        "tests/core/agreement/test_last_words.py": [
            Change(
                "",
                '''"""The last words of texts."""

from agreement import judge
from langgraph_moa import last_words


def test_only_the_last_word_counts() -> None:
    assert judge(last_words, ["It is 7.", "I say 7", "7 or 8"])["groups"] == [[0, 1], [2]]


def test_nothing_is_no_word() -> None:
    assert judge(last_words, ["", "."])["abstained"] == "no text has a word"
''',
            )
        ],
    },
    "A retriever": {
        "core/evidence/lines_retriever.py": [
            Change(
                "",
                '''"""Search lines for the words of a query."""

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever


class LinesRetriever(BaseRetriever):
    """Return the lines that share a word with a query."""

    lines: tuple[str, ...]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        words = set(query.rstrip("?").split())
        return [Document(line) for line in self.lines if words & set(line.rstrip(".").split())]
''',
            )
        ],
        "__init__.py": [
            before(_IMPORT, "    from .core.evidence.lines_retriever import LinesRetriever\n"),
            before('    "Measure",\n', '    "LinesRetriever",\n'),
            before('    "Measure": ', '    "LinesRetriever": ".core.evidence.lines_retriever",\n'),
        ],
        "docs/site/hooks.py": [after("Retriever DocsRetriever ", "LinesRetriever ")],
        "docs/evidence.md": [before("What several retrievers found", "`LinesRetriever` searches lines.\n\n")],
        "tests/core/evidence/test_lines_retriever.py": [
            Change(
                "",
                '''"""Lines are found by their words."""

from langgraph_moa import LinesRetriever


def test_a_line_is_found_by_a_word_of_it() -> None:
    retriever = LinesRetriever(lines=("A pump.", "A lid."))

    assert [line.page_content for line in retriever.invoke("Which pump?")] == ["A pump."]
''',
            )
        ],
    },
    "A provider": {
        "core/models/credentials.py": [
            before('"openai": "OPENAI_API_KEY"', '"acme": "ACME_API_KEY", '),
            after("_ADDRESSES = {\n", '    "acme": (("ACME_BASE_URL",), "http://127.0.0.1:9/v1"),\n'),
        ],
        "core/run/served.py": [after("KNOWN_PROVIDERS = (", '"acme", ')],
        "docs/models.md": [before("Without any key", "`acme:` needs a key in `ACME_API_KEY`.\n\n")],
        "tests/core/models/test_resolve.py": [
            before(
                "def test_options_bind_to_an_instance",
                """def test_acme_has_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "theirs")

    assert endpoint_of(resolve_model("acme:x")) == URL + "/"


""",
            )
        ],
    },
}
"""The edits of each section of the page."""
GENERATED = {
    "docs/settings.schema.json": "make schema",
    "tests/graphs/__snapshots__/test_systems.ambr": "pytest tests/graphs/test_systems.py --snapshot-update",
}
"""Files that a command writes, and which."""


def copy_project(folder: Path) -> Path:
    """Copy it to a folder, under the package's name; whatever has that on its path gets the copy."""

    def skipped(of: str, names: list[str]) -> set[str]:
        return {*_SKIP(of, names)} | (_BUILT if Path(of) == ROOT else set())

    return Path(shutil.copytree(ROOT, folder / "langgraph_moa", ignore=skipped))


def follow(copy: Path, recipe: str) -> None:
    """Make a recipe's edits."""
    for name, changes in RECIPES[recipe].items():
        path = copy / name
        for old, new in changes:
            assert path.exists() == bool(old), f"{recipe}: {name}"
            text = path.read_text(encoding="utf-8") if old else ""
            assert old in text, f"{recipe}: found no {old!r} in {name}; mend docs/extending.md too, if it changed"
            path.write_text(text.replace(old, new) if old else new, encoding="utf-8")


def changed(copy: Path) -> set[str]:
    """Return the files that are not as they are here."""
    files = {path.relative_to(copy) for path in copy.rglob("*") if path.is_file()}
    files = {path for path in files if not {"__pycache__"} & {*path.parts} and path.parts[0][0] != "."}
    return {
        path.as_posix()
        for path in files
        if not (ROOT / path).exists() or (ROOT / path).read_bytes() != (copy / path).read_bytes()
    }
