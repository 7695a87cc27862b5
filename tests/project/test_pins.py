"""The pinned versions: those that are tested, and the oldest that the ranges allow."""

import re
import tomllib
from collections import defaultdict
from itertools import product
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FILES = ("tested", "oldest")
PYTHONS = ("3.11.7", "3.12.0", "3.13.0", "3.14.0")
ELSEWHERE = {"ray"}
"""Extras that are tested in an environment of their own, whose requirements pin them."""
SYSTEMS = [("linux", "Linux", "posix"), ("darwin", "Darwin", "posix"), ("win32", "Windows", "nt")]


def declared() -> list[Requirement]:
    """List what the package and its extras need, but for the extras themselves."""
    extras = PROJECT["optional-dependencies"]
    groups = [PROJECT["dependencies"], *(lines for extra, lines in extras.items() if extra not in ELSEWHERE)]
    every = [Requirement(line) for group in groups for line in group]
    return [requirement for requirement in every if requirement.name != PROJECT["name"]]


def pinned(file: str, python: str, system: tuple[str, str, str]) -> dict[str, list[Version]]:
    """Read what a file pins on one Python and one operating system."""
    where = {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        **dict(zip(("sys_platform", "platform_system", "os_name"), system, strict=True)),
    }
    found: dict[str, list[Version]] = defaultdict(list)
    for line in (ROOT / "pins" / f"{file}.txt").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            requirement = Requirement(line)
            (version,) = requirement.specifier
            assert version.operator == "=="
            if requirement.marker is None or requirement.marker.evaluate(where):
                found[canonicalize_name(requirement.name)].append(Version(version.version))
    return found


@pytest.mark.parametrize(("file", "python", "system"), list(product(FILES, PYTHONS, SYSTEMS)), ids=str)
def test_every_requirement_is_pinned_once_and_within_its_range(
    file: str, python: str, system: tuple[str, str, str]
) -> None:
    versions = pinned(file, python, system)

    assert {name: places for name, places in versions.items() if len(places) != 1} == {}
    wrong = [str(r) for r in declared() if versions[canonicalize_name(r.name)][0] not in r.specifier]
    assert wrong == [], "run `make pins`"


def test_the_oldest_are_no_newer_than_the_tested() -> None:
    tested, oldest = (pinned(file, PYTHONS[0], SYSTEMS[0]) for file in FILES)
    direct = {canonicalize_name(requirement.name) for requirement in declared()}

    assert [name for name in direct if oldest[name] > tested[name]] == []
    assert [name for name in ("langgraph", "langchain-core", "langchain-openai") if oldest[name] == tested[name]] == []


@pytest.mark.parametrize("file", FILES)
def test_no_address_and_no_place_is_in_them(file: str) -> None:
    text = (ROOT / "pins" / f"{file}.txt").read_text("utf-8")

    assert re.findall(r"://|--|(?m:^[/.])| @ ", text) == []
