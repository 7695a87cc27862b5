"""The tree keeps its shape: what is where can be told from names alone, and tests stand where their sources do."""

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROOMS = ("apps", "core", "evaluation", "graphs", "nodes", "prompts")
AROUND = ("benchmarks", "examples", "studio")
LONGEST_SOURCE, LONGEST_TEST, FULLEST_FOLDER = 300, 400, 20
SAY_NOTHING = {"told", "found", "asked", "said", "known", "left", "kept"}
"""Names of variables that say how somebody came by a thing, and not what it is."""

MIRRORED_ELSEWHERE: dict[str, tuple[str, str]] = {
    "core/run/picking.py": ("tests/nodes/picker/test_scores.py", "shapes that the picker fills"),
    "apps/batch/files.py": ("tests/apps/batch/test_command.py", "files are what the command reads and writes"),
    "apps/batch/job.py": ("tests/apps/batch/test_command.py", "it is what the command does"),
    "apps/serve/bodies.py": (
        "tests/apps/serve/endpoint/test_refusals_by_http.py",
        "reading tells what is wrong of them",
    ),
    "apps/serve/answering.py": ("tests/apps/serve/test_endpoint.py", "it is what the endpoint answers with"),
    "apps/serve/log_lines.py": ("tests/apps/serve/test_endpoint.py", "a line is what the endpoint has done"),
    "apps/serve/replies.py": ("tests/apps/serve/test_endpoint.py", "OpenAI's own client reads them"),
    "apps/serve/streams.py": ("tests/apps/serve/test_endpoint.py", "OpenAI's own client reads them"),
    "evaluation/cluster/joining.py": ("tests/raylets/test_at_home.py", "there has to be Ray"),
    "evaluation/cluster/metrics.py": ("tests/raylets/test_ray_batch.py", "Ray shows them"),
    "evaluation/cluster/pool.py": ("tests/raylets/test_kills.py", "actors have to die"),
    "evaluation/cluster/ray_batch.py": ("tests/raylets/test_ray_batch.py", "there has to be a cluster"),
    "apps/panel/shown.py": ("tests/apps/panel/test_command.py", "the screens are snapshots of the command"),
    "apps/panel/settings_file.py": ("tests/apps/panel/test_command.py", "what the command writes is built and asked"),
    "evaluation/panel/gathering.py": ("tests/evaluation/panel/test_reading.py", "lines are read as files are"),
    "evaluation/panel/recording.py": ("tests/evaluation/panel/test_reading.py", "it is what reading returns"),
    "evaluation/panel/recommendation.py": (
        "tests/evaluation/panel/test_analysis.py",
        "it is what an analysis comes to",
    ),
}
"""Sources without a test file of their own: where they are tested, and why there."""
OF_SEVERAL: dict[str, str] = {
    "tests/test_against_the_papers.py": "each system, against the definition of its paper",
    "tests/test_budgets_hold.py": "whole mixtures of random options, against their budgets",
    "tests/test_examples.py": "runs the scripts of examples/",
    "tests/test_hostile_texts.py": "every reader of foreign text, and whole runs, on texts that are made to stop them",
    "tests/test_named_files.py": "every file that somebody names, and what else a path may lead to",
    "tests/test_on_recorded_answers.py": "whole mixtures, on what real models answered",
    "tests/test_on_recorded_outputs.py": "reading and grading, on what real models wrote",
    "tests/test_resume.py": "whole runs that are killed, in processes of their own",
    "tests/test_under_fault.py": "whole runs in which anything may break",
}
"""Test files that belong to no one source, and why."""
NAMED_OTHERWISE: dict[tuple[str, str], str] = {
    ("core/errors.py", "asked"): "part of a public error",
    ("core/run/records.py", "asked"): "a field of a verdict, in reports and checkpoints",
    ("core/run/records.py", "found"): "a field of what a retriever brought, in reports and checkpoints",
    ("core/run/records.py", "kept"): "a field of a moderation, in reports and checkpoints",
    ("evaluation/batch/tally.py", "left"): "a field of the sums that `batch --json` prints",
    ("core/run/state.py", "left"): "LangGraph calls the two sides of a reducer left and right",
}
"""Names in sources that say nothing and stay, and why."""


def files(folders: Collection[str], pattern: str = "*.py") -> list[str]:
    """Return paths from the root, with `/` on every system."""
    return sorted(path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob(pattern))


SOURCES = [path for path in files(ROOMS) if not path.endswith("__init__.py")]
TESTS = files([f"tests/{room}" for room in ROOMS], "test_*.py")
WHOLE_RUNS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").glob("test_*.py"))


def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def lines(path: str) -> int:
    return len((ROOT / path).read_text(encoding="utf-8").splitlines())


def mirror_of(source: str) -> str:
    folder, _, name = source.rpartition("/")
    return f"tests/{folder}/test_{name}"


def belongs(test: str) -> bool:
    """Tell whether a test file is named for a source, as test_gate.py for gate.py, or in a folder that is, as gate/."""
    folder, _, name = test.removeprefix("tests/").rpartition("/")
    return f"{folder}/{name.removeprefix('test_')}" in SOURCES or f"{folder}.py" in SOURCES


def public_names(path: str) -> Iterator[str]:
    for node in parsed(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = [node.name]
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n.id for target in targets for n in ast.walk(target) if isinstance(n, ast.Name)]
        else:
            continue
        yield from (name for name in names if not name.startswith("_"))


def bound_names(path: str) -> Iterator[str]:
    """Yield what a file names: variables, parameters and attributes."""
    for node in ast.walk(parsed(path)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name


def test_each_source_has_its_tests_beside_it() -> None:
    assert [path for path in SOURCES if mirror_of(path) not in TESTS and path not in MIRRORED_ELSEWHERE] == []


def test_each_test_file_is_of_a_source() -> None:
    assert [path for path in [*TESTS, *WHOLE_RUNS] if not belongs(path) and path not in OF_SEVERAL] == []


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    assert [path for path in SOURCES if lines(path) > LONGEST_SOURCE] == []
    assert [path for path in files(["tests"]) if lines(path) > LONGEST_TEST] == []


def test_no_folder_is_too_full() -> None:
    folders = Counter(path.rpartition("/")[0] for path in [*SOURCES, *files(["tests"])])
    assert [folder for folder, size in folders.items() if size > FULLEST_FOLDER] == []


def test_no_public_name_stands_twice() -> None:
    names = Counter(name for path in SOURCES for name in {*public_names(path)})
    assert [name for name, times in names.items() if times > 1] == []


def test_each_folder_says_in_one_sentence_what_lives_there() -> None:
    packages = [path for path in files(ROOMS) if path.endswith("__init__.py")]

    def says(path: str) -> bool:
        """Tell a folder that is described in a sentence, and does no more than pass names on."""
        module = parsed(path)
        passes_on = all(isinstance(node, ast.ImportFrom | ast.Assign) for node in module.body[1:])
        return passes_on and bool(re.fullmatch(r"[A-Z]([^.]|\.(?!\s))*\.", ast.get_docstring(module) or ""))

    assert {f"{path.rpartition('/')[0]}/__init__.py" for path in SOURCES} == {*packages}
    assert [path for path in packages if not says(path)] == []


def test_names_are_nouns_that_say_what_they_hold() -> None:
    pairs = {(path, name) for path in files([*ROOMS, *AROUND]) for name in bound_names(path)}
    say_nothing = {(path, name) for path, name in pairs if name.strip("_") in SAY_NOTHING} - {*NAMED_OTHERWISE}
    assert {f"{path} {' '.join(sorted(n for p, n in say_nothing if p == path))}" for path, _ in say_nothing} == set()


def test_an_exception_is_one_and_has_its_reason() -> None:
    assert [source for source in MIRRORED_ELSEWHERE if source not in SOURCES or mirror_of(source) in TESTS] == []
    assert [test for test, _ in MIRRORED_ELSEWHERE.values() if not (ROOT / test).exists()] == []
    assert [test for test in OF_SEVERAL if test not in [*TESTS, *WHOLE_RUNS] or belongs(test)] == []
    assert [(path, name) for path, name in NAMED_OTHERWISE if name not in bound_names(path)] == []
    assert all([*(why for _, why in MIRRORED_ELSEWHERE.values()), *OF_SEVERAL.values(), *NAMED_OTHERWISE.values()])
