"""What GitHub reads is what GitHub takes, and says what the project does."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
CI, RELEASE = (yaml.safe_load((GITHUB / "workflows" / f"{name}.yml").read_text("utf-8")) for name in ("ci", "release"))
SCHEMAS = {
    "vendor.github-workflows": [*(GITHUB / "workflows").glob("*.yml")],
    "vendor.dependabot": [GITHUB / "dependabot.yml"],
    "vendor.github-issue-forms": [p for p in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if p.name != "config.yml"],
    "vendor.github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "vendor.citation-file-format": [ROOT / "CITATION.cff"],
}


@pytest.mark.parametrize(("schema", "files"), SCHEMAS.items(), ids=SCHEMAS)
def test_files_have_the_form_that_is_published_for_them(schema: str, files: list[Path]) -> None:
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, "--force-filetype", "yaml"]
    done = subprocess.run([*command, *map(str, files)], capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


def steps(workflow: dict[str, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def test_targets_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    names = {name for step in steps(CI) for name in re.findall(r"^make (\w+)", step.get("run", ""))}
    names |= {*CI["jobs"]["tests"]["strategy"]["matrix"]["set"]}

    assert {name for name in names if not re.search(rf"^{name}:", makefile, re.MULTILINE)} == set()


def test_only_who_publishes_may_publish() -> None:
    rights = {name: job["permissions"] for name, job in RELEASE["jobs"].items()}

    assert (CI["permissions"], RELEASE["permissions"]) == ({"contents": "read"}, {})
    assert rights == {
        "build": {"contents": "read"},
        "publish": {"id-token": "write"},
        "announce": {"contents": "write"},
    }
    assert [step["uses"].partition("@")[0] for step in RELEASE["jobs"]["publish"]["steps"]] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]
    assert RELEASE["jobs"]["publish"]["environment"]


def test_no_shell_is_told_what_an_author_writes() -> None:
    """An expression in a script is pasted into it before the shell reads it; in `env` it is a value."""
    assert [step["run"] for step in [*steps(CI), *steps(RELEASE)] if "${{" in step.get("run", "")] == []


def test_the_citation_is_of_this_version() -> None:
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    dated = re.search(rf"^## {re.escape(project['version'])} - (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)

    assert dated
    assert (cited["title"], cited["version"], cited["license"]) == (
        project["name"],
        project["version"],
        project["license"],
    )
    assert str(cited["date-released"]) == dated[1]
    assert [author["name"] for author in cited["authors"]] == [author["name"] for author in project["authors"]]
