"""Make the pages of the site that are not written by hand, and keep links out of this folder alive; MkDocs runs it.

Made pages lie on no disk, so that the wheel does not hold them and the offline models, who quote `docs/`, do not read
them.
"""

import ast
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import langgraph_moa
from langgraph_moa.apps.program import app
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from typer.testing import CliRunner

ROOT = Path(__file__).parents[2]
REFERENCE = {
    "graphs": ("Graphs and who sits in them", "create_moa create_rag_moa Proposer Aggregator Vote Pick resolve_model"),
    "systems": (
        "Systems",
        "create_single create_self_moa create_self_moa_seq create_grouped_moa create_smoa Moderator create_fusion "
        "Analyst create_debate create_ranker Rank create_best_of_n create_vote create_sectioned_moa",
    ),
    "many": (
        "Many questions",
        "abatch ProviderBatch ray_batch acompare acompare_roles analyse_panel Question QuestionFile read_questions "
        "read_interchange write_interchange",
    ),
    "inside": ("Inside something larger", "ChatMoA as_node as_tool create_ask"),
    "early-stop": (
        "Early stop and agreement",
        "EarlyStop Measure Agreement closed_answers math_answers judge_agreement embedding_agreement near_duplicates "
        "Confident Screen",
    ),
    "bounds": ("Time and money", "Quorum Budget Limits Price estimate ResponseCache"),
    "evidence": ("Evidence and citations", "Retriever DocsRetriever Evidence Citation"),
    "results": ("What a run returns", "MoAState Report Proposal Verdict Disagreement Call report"),
    "errors": ("Errors", "MoAError AllProposersFailed BudgetExceeded ConfigError InputError MissingExtra"),
}
"""The pages of the reference: each public name stands on one of them."""
_OUTWARD = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\(\.\./(?P<path>[^)#\s]+)(?:#[^)]*)?\)")
_folders: list[Path] = []


def on_startup(**_: Any) -> None:
    """Lay out the package alone, by links: it is the repository's root, and mkdocstrings would read `.venv` too."""
    folder = Path(mkdtemp(prefix="langgraph-moa-docs-"))
    _folders.append(folder)
    (folder / "langgraph_moa").mkdir()
    for path in (ROOT / "__init__.py", *(inner.parent for inner in ROOT.glob("*/__init__.py"))):
        (folder / "langgraph_moa" / path.name).symlink_to(path)


def on_shutdown() -> None:
    """Remove it."""
    while _folders:
        shutil.rmtree(_folders.pop())


@event_priority(100)  # before mkdocstrings reads its settings
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Point mkdocstrings to the package."""
    config.plugins["mkdocstrings"].config.handlers["python"]["paths"] = [str(folder) for folder in _folders]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made."""
    made = {
        "command-line.md": "\n".join(command_line()),
        "examples.md": "\n".join(examples()),
        "reference/settings.md": "\n".join(settings()),
        **{f"reference/{page}.md": "\n".join(reference(*told)) for page, told in checked(REFERENCE).items()},
    }
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn links that leave this folder, which lead somewhere in the repository only, into what the site has."""
    return markdown if page.file.generated_by else _OUTWARD.sub(_inward, markdown)


def _inward(link: re.Match[str]) -> str:
    text, path = link["text"], Path(link["path"])
    if not (ROOT / path).exists():
        raise PluginError(f"found a link to ../{path}, expected a file of this repository; mend it")
    if path.parts[0] == "examples":
        return f"[{text}](examples.md{f'#{path.stem}' if path.suffix else ''})"
    return text if path.as_posix() in text else f"{text} (`{path.as_posix()}`)"


def checked(pages: Mapping[str, tuple[str, str]]) -> Mapping[str, tuple[str, str]]:
    """Return the pages of the reference.

    Raises:
        PluginError: A public name stands on none of them, or one that is not public does.
    """
    told = sorted(name for _, names in pages.values() for name in names.split())
    if odd := sorted({*told} ^ {*langgraph_moa.__all__} | {name for name in told if told.count(name) > 1}):
        raise PluginError(
            f"found {odd} in one of __all__ and the reference, or twice, expected each public name once; "
            "mend REFERENCE in docs/site/hooks.py"
        )
    return pages


def reference(title: str, names: str) -> Iterator[str]:
    """Write a page that mkdocstrings fills from docstrings."""
    yield f"# {title}\n"
    for name in names.split():
        yield f"::: langgraph_moa.{name}\n"


def command_line() -> Iterator[str]:
    """Write what `--help` says of each command."""
    yield "# Command line\n\nWhat `langgraph-moa COMMAND --help` says. The flags of a mixture are also the keys of a"
    yield "[settings file](options.md#settings-files).\n"
    names = [known.name or known.callback.__name__ for known in app.registered_commands if known.callback]
    for command in names:
        told = CliRunner().invoke(app, [command, "--help"], prog_name="langgraph-moa", terminal_width=100)
        yield f"## {command}\n\n```text\n{told.output.strip()}\n```\n"


def examples() -> Iterator[str]:
    """Show each file of `examples/`."""
    yield "# Examples\n\nThe files of `examples/`. Each runs as it is, on the offline models.\n"
    for path in sorted((ROOT / "examples").glob("*.py")):
        code = path.read_text(encoding="utf-8")
        shown = code.partition('"""\n')[2].strip()
        yield f"## {path.name} {{ #{path.stem} }}\n\n{ast.get_docstring(ast.parse(code))}\n\n```python\n{shown}\n```\n"


def settings() -> Iterator[str]:
    """Write the settings' JSON Schema as tables."""
    schema = json.loads((ROOT / "docs" / "settings.schema.json").read_text(encoding="utf-8"))
    yield "# Keys of a settings file\n\nThe keys of `--config FILE` and of the form in Studio, out of the JSON Schema"
    yield "[settings.schema.json](../settings.schema.json). How they work is told under"
    yield "[options](../options.md#settings-files).\n"
    yield from table(schema["properties"])
    for name, part in schema["$defs"].items():
        yield f"\n## {name}\n\n{part['description']}\n"
        yield from table(part["properties"], part.get("required", ()))


def table(properties: Mapping[str, Any], required: Iterable[str] = ()) -> Iterator[str]:
    """Write the keys of one table, a line each."""
    yield "| key | type | default | meaning |\n|---|---|---|---|"
    for key, told in properties.items():
        default = "required" if key in required else f"`{json.dumps(told.get('default'))}`"
        if told.get("default") is None and key not in required:
            default = ""
        elif len(default) > 40:
            default = "the bundled text"
        yield f"| `{key}` | {kind(told)} | {default} | {told.get('description', '')} |"


def kind(told: Mapping[str, Any]) -> str:
    """Say in words what values a key takes."""
    if "$ref" in told:
        name = told["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in told:
        return ", ".join(f"`{value}`" for value in told["enum"])
    if "anyOf" in told:
        return " or ".join(dict.fromkeys(kind(one) for one in told["anyOf"]))
    if told.get("type") == "array" and "items" in told:
        inner = kind(told["items"])
        return f"list of ({inner})" if " or " in inner else f"list of {inner}"
    if isinstance(told.get("additionalProperties"), dict):
        return f"table of {kind(told['additionalProperties'])}"
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    bounds = [f"{sign} {told[word]}" for word, sign in signs.items() if word in told]
    return " ".join([str(told.get("type", "any value")), *bounds])
