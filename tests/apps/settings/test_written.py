"""What stands in a settings file, before anybody has looked at it."""

from pathlib import Path

import pytest
from langgraph_moa import ConfigError
from langgraph_moa.apps.settings.written import keys_in, keys_of_project

READ = [
    ("moa.toml", b"layers = 3\nmax-tokens = 5", {"layers": 3, "max_tokens": 5}),
    ("moa.toml", b"\xef\xbb\xbflayers = 3", {"layers": 3}),
    ("moa.toml", b"", {}),
    ("c.yml", b"docs: handbook\nproposer: [a]", {"docs": ["handbook"], "proposers": ["a"]}),
    ("pyproject.toml", b"[tool.langgraph-moa]\nearly-stop = 'off'\n[tool.ruff]\nx = 1", {"early_stop": "off"}),
    ("pyproject.toml", b"[tool]\n'langgraph-moa' = {layers = 3}", {"layers": 3}),
]


@pytest.mark.parametrize(("name", "written", "keys"), READ)
def test_keys_are_read_by_their_names_in_python(tmp_path: Path, name: str, written: bytes, keys: object) -> None:
    (tmp_path / name).write_bytes(written)

    assert keys_in(tmp_path / name) == keys


REFUSED = [
    ("moa.toml", b"layers =", "cannot be read: Invalid value"),
    ("moa.toml", "layers = 3".encode("utf-16"), "cannot be read: it is no UTF-8, save it as such"),
    ("moa.toml", b"layers = " + b"[" * 50_000, "cannot be read: maximum recursion depth"),
    ("moa.toml", b"layers = " + b"9" * 5_000, "cannot be read: Exceeds the limit"),
    ("moa.toml", b"#" * 2**20 + b"\n", "it has more than 1,048,576 bytes"),
    ("moa.toml", b"[tool.langgraph-moa]\nlayers = 3", "found a table [tool...]"),
    ("moa.yaml", b"[a, b]", "found list"),
    ("moa.yaml", b"a: " + b"[" * 50_000, "cannot be read: maximum recursion depth"),
    ("moa.yaml", b"a: *nobody", "cannot be read: found undefined alias"),
    ("moa.ini", b"", "expected one ending in .toml, .yaml or .yml"),
    ("pyproject.toml", b"[project]\nname = 'x'", "found no table [tool.langgraph-moa]"),
    ("pyproject.toml", b"[tool.langgraph-moa\nlayers = 3", "cannot be read: Expected ']'"),
    ("pyproject.toml", b"[tool.langgraph_moa]\nlayers = 3", "found [tool.langgraph_moa]"),
    ("pyproject.toml", b"[tool]\nlanggraph-moa = 3", "found int in"),
    ("pyproject.toml", b"[[tool.langgraph-moa]]\nlayers = 3", "found list in"),
    ("pyproject.toml", b"tool = 3 # langgraph-moa", "found no table [tool.langgraph-moa]"),
]


@pytest.mark.parametrize(("name", "written", "expected"), REFUSED, ids=[f"{n}: {e}" for n, _, e in REFUSED])
def test_what_is_wrong_is_one_sentence_that_names_the_file(
    tmp_path: Path, name: str, written: bytes, expected: str
) -> None:
    (tmp_path / name).write_bytes(written)

    with pytest.raises(ConfigError) as caught:
        keys_in(tmp_path / name)

    assert expected in str(caught.value)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "written",
    [b"[project]\nname = 'x'", b"[project\n", "name = 'é'".encode("latin-1"), b"#" * 2**21, b"[tool.langgraph]\nx = 1"],
)
def test_a_projects_file_without_our_table_is_passed_over_whatever_is_wrong_with_it(
    tmp_path: Path, written: bytes
) -> None:
    (tmp_path / "pyproject.toml").write_bytes(written)

    assert keys_of_project(tmp_path / "pyproject.toml") is None
