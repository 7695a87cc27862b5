"""The settings file of where a command is run."""

import os
from pathlib import Path

import pytest
from langgraph_moa.apps.settings.discovery import find_settings, searched_folders

TABLE = "[tool.langgraph-moa]\nlayers = 4\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be somebody's home, with a repository in it, and a folder in that."""
    home = tmp_path / "home"
    (home / "repository" / "package").mkdir(parents=True)
    (home / "repository" / ".git").mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    monkeypatch.chdir(home / "repository" / "package")
    return home


PLACES = [
    ({}, None),
    ({"repository/package/moa.toml": "layers = 3"}, "moa.toml"),
    ({"repository/moa.toml": "layers = 3"}, "../moa.toml"),
    ({"repository/moa.toml": "", "repository/package/moa.toml": ""}, "moa.toml"),
    ({"repository/package/pyproject.toml": TABLE}, "pyproject.toml"),
    ({"repository/package/pyproject.toml": TABLE, "repository/package/moa.toml": ""}, "moa.toml"),
    ({"repository/package/pyproject.toml": TABLE, "repository/moa.toml": ""}, "pyproject.toml"),
    ({"repository/package/pyproject.toml": "[project]\n", "repository/pyproject.toml": TABLE}, "../pyproject.toml"),
    ({"repository/package/pyproject.toml": "[project\n", "repository/moa.toml": ""}, "../moa.toml"),
    ({"moa.toml": "layers = 3"}, None),
    ({"repository/package/moa.toml/folder": "", "repository/moa.toml": ""}, "../moa.toml"),
]


@pytest.mark.parametrize(("files", "nearest"), PLACES, ids=[" ".join(files) or "none" for files, _ in PLACES])
def test_the_nearest_is_taken_up_to_the_root_of_the_repository(
    home: Path, files: dict[str, str], nearest: str | None
) -> None:
    for name, text in files.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")

    file = find_settings()

    assert (file and file.path.as_posix()) == nearest
    assert not (file and file.is_trusted)


def test_without_a_repository_home_is_the_last_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "notes" / "today").mkdir(parents=True)
    (home.parent / "moa.toml").write_text("layers = 5")
    monkeypatch.chdir(home / "notes" / "today")
    assert find_settings() is None

    (home / "moa.toml").write_text("layers = 3")

    file = find_settings()
    assert file
    assert (file.path.as_posix(), file.keys) == ("../../moa.toml", {"layers": 3})


def test_elsewhere_only_the_working_directory_is_looked_into(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = home.parent / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    (elsewhere.parent / "moa.toml").write_text("layers = 3")
    monkeypatch.chdir(elsewhere)

    assert (searched_folders(), find_settings()) == ([Path()], None)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners here")
@pytest.mark.parametrize("name", ["moa.toml", "pyproject.toml"])
def test_what_another_user_left_there_is_told_and_not_followed(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    Path(name).write_text(TABLE if name == "pyproject.toml" else "layers = 3")
    Path("../moa.toml").write_text("layers = 3")
    real = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        about = real(path, **options)
        fields = list(about)
        fields[4] = 4_321 if path.parent == Path() else 0
        return os.stat_result(fields)

    monkeypatch.setattr(Path, "stat", stat)
    monkeypatch.setattr(os, "geteuid", lambda: 1_234)

    file = find_settings()

    assert file
    assert file.path == Path("../moa.toml")
    assert f"settings: passed over {name}, which belongs to another user; to use it: --config {name}" in " ".join(
        capsys.readouterr().err.split()
    )


def test_a_folder_that_nobody_may_look_into_is_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("../moa.toml").write_text("layers = 3")
    real = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        if path == Path("moa.toml"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, **options)

    monkeypatch.setattr(Path, "stat", stat)

    file = find_settings()
    assert file
    assert file.path == Path("../moa.toml")


@pytest.mark.parametrize("problem", [FileNotFoundError(2, "No such file or directory"), PermissionError(13, "no")])
def test_where_the_working_directory_is_gone_there_are_none(monkeypatch: pytest.MonkeyPatch, problem: OSError) -> None:
    def gone() -> Path:
        raise problem

    monkeypatch.setattr(Path, "cwd", gone)

    assert (searched_folders(), find_settings()) == ([], None)


def test_a_user_without_a_home_has_settings_all_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    Path("../moa.toml").write_text("layers = 3")

    file = find_settings()
    assert file
    assert file.path == Path("../moa.toml")


def test_paths_are_as_seen_from_their_file(home: Path) -> None:
    text = 'docs = ["handbook", "/srv/docs"]\nproposers = ["gguf:w.gguf", {model = "gguf:~/w.gguf"}, "offline:words"]\n'
    Path("../moa.toml").write_text(text + 'aggregator = [{model = "gguf:w.gguf", name = "last"}]')

    file = find_settings()

    assert file
    assert file.keys == {
        "docs": ["../handbook", "/srv/docs"],
        "proposers": ["gguf:../w.gguf", {"model": "gguf:~/w.gguf"}, "offline:words"],
        "aggregator": [{"model": "gguf:../w.gguf", "name": "last"}],
    }


def test_the_environment_names_one_for_all_commands(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("moa.toml").write_text("layers = 3")
    (home / "mine.yaml").write_text("layers: 5\ndocs: notes")
    monkeypatch.setenv("LANGGRAPH_MOA_CONFIG", "~/mine.yaml")

    file = find_settings()

    assert file
    assert (file.path, file.is_trusted) == (home / "mine.yaml", True)
    assert file.keys == {"layers": 5, "docs": [str(home / "notes")]}
