"""A file is named, and refused where it holds no weights."""

from pathlib import Path

import pytest
from langgraph_moa import ConfigError, resolve_model
from langgraph_moa.core.local import weights
from langgraph_moa.core.models.labels import model_label, short_name


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("none.gguf", r"no file for 'gguf:none.gguf' in the working directory .+, expected one in the format GGUF"),
        ("/none/such.gguf", r"no file for 'gguf:/none/such.gguf', expected"),
        ("~/none.gguf", r"no file for 'gguf:~/none.gguf'"),
        ("~nobody-of-that-name/m.gguf", r"'gguf:~nobody-of-that-name/m.gguf', whose home directory is not known"),
        ("a", "a folder for 'gguf:a', expected a file in it"),
        ("martian.gguf/m.gguf", "cannot be read: Not a directory"),
        ("nul\0byte.gguf", "cannot be read: embedded null byte"),
        ("n" * 300 + ".gguf", "cannot be read: File name too long"),
        ("empty.gguf", "an empty file for 'gguf:empty.gguf'"),
        ("pointer.gguf", "a file of another format .+ downloaded whole, or only its Git LFS pointer"),
        ("backwards.gguf", "a file of another format"),
    ],
)
def test_what_is_no_weights_is_refused_in_one_sentence(folder: Path, path: str, found: str) -> None:
    with pytest.raises(ConfigError, match=found) as refused:
        resolve_model(f"gguf:{path}")

    assert "\n" not in str(refused.value)


def test_a_file_that_may_not_be_read_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(weights, "opened_file", refuse)

    with pytest.raises(ConfigError, match="cannot be read: Permission denied; mend its path or its permissions"):
        resolve_model("gguf:martian.gguf")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (
            "martian.gguf",
            "unknown model architecture: 'martian'; is it a chat model, and does a newer xllamacpp know it",
        ),
        ("cut.gguf", "failed to load model from .*cut.gguf; download it again"),
    ],
)
def test_weights_that_llama_cpp_cannot_load_say_why(
    folder: Path, path: str, why: str, capfd: pytest.CaptureFixture[str], socket_enabled: None
) -> None:
    pytest.importorskip("xllamacpp")

    with pytest.raises(ConfigError, match=f"^gguf:{path} cannot be loaded: .*{why}"):
        resolve_model(f"gguf:{path}")

    assert capfd.readouterr() == ("", "")


def test_two_files_of_one_name_stay_apart(folder: Path) -> None:
    labels = [model_label(f"gguf:{path}") for path in ("a/m.gguf", "b/m.gguf", "x/b/m.gguf")]

    assert labels == ["gguf:m.gguf", "gguf:b/m.gguf", "gguf:x/b/m.gguf"]
    assert [model_label(f"gguf:{folder}/{path}") for path in ("a/m.gguf", "b/m.gguf", "x/b/m.gguf")] == labels


def test_one_file_of_two_names_is_one_model(folder: Path) -> None:
    (folder / "other.gguf").symlink_to(folder / "a/m.gguf")

    assert model_label("gguf:a/m.gguf") == model_label("gguf:other.gguf") == "gguf:m.gguf"


def test_a_file_that_took_anothers_place_is_another_model(folder: Path) -> None:
    before = model_label("gguf:a/m.gguf")
    (folder / "new.gguf").write_bytes((folder / "martian.gguf").read_bytes())
    (folder / "new.gguf").replace(folder / "a/m.gguf")

    assert model_label("gguf:a/m.gguf") != before


def test_a_label_has_no_folders(folder: Path) -> None:
    assert model_label(f"gguf:{folder}/a/m.gguf") == "gguf:m.gguf"
    assert short_name(f"gguf:{folder}/a/m.gguf") == "m.gguf"
    assert model_label("gguf:/none/such.gguf") == "gguf:such.gguf"
