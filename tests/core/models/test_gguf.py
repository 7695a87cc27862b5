"""A GGUF file as a model, as far as it needs no weights; tests/real does the rest."""

import asyncio
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from langgraph_moa import ConfigError, MissingExtra, create_moa, resolve_model
from langgraph_moa.core.models import gguf, transport, weights
from langgraph_moa.core.models.labels import model_label, short_name
from langgraph_moa.core.models.prices import price_of

MARTIAN = "martian"


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def header(architecture: str) -> bytes:
    """Return a GGUF file of version 3 without tensors, that says of itself only what it is."""
    return (
        b"GGUF"
        + struct.pack("<IQQ", 3, 0, 1)
        + text("general.architecture")
        + struct.pack("<I", 8)
        + text(architecture)
    )


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_names", {})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in {
        "empty.gguf": b"",
        "pointer.gguf": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        "backwards.gguf": b"FUGG" + bytes(100),
        "martian.gguf": header(MARTIAN),
        "cut.gguf": header("llama")[:20],
        "a/m.gguf": header(MARTIAN),
        "b/m.gguf": header(MARTIAN),
        "x/b/m.gguf": header(MARTIAN),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


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

    monkeypatch.setattr(Path, "open", refuse)

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


def test_a_mixture_is_refused_when_it_is_built(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"no file for 'gguf:none.gguf'"):
        create_moa(proposers=["offline:words", "gguf:none.gguf"], aggregator="offline:words")


def test_without_the_package_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    with pytest.raises(MissingExtra, match=r"gguf:martian.gguf needs an optional package.+langgraph-moa\[local\]"):
        resolve_model("gguf:martian.gguf")


@pytest.mark.parametrize("given", ["0", "-1", "many", "4.5", "²", "9" * 30])
def test_a_variable_that_is_no_number_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    pytest.importorskip("xllamacpp")
    monkeypatch.setenv("LLAMA_ARG_CTX_SIZE", given)

    with pytest.raises(ConfigError, match=r"found LLAMA_ARG_CTX_SIZE=.+, expected a whole number from 1"):
        resolve_model("gguf:martian.gguf")


def test_a_label_has_no_folders(folder: Path) -> None:
    assert model_label(f"gguf:{folder}/a/m.gguf") == "gguf:m.gguf"
    assert short_name(f"gguf:{folder}/a/m.gguf") == "m.gguf"
    assert model_label("gguf:/none/such.gguf") == "gguf:such.gguf"


def test_two_files_of_one_name_stay_apart(folder: Path) -> None:
    labels = [model_label(f"gguf:{path}") for path in ("a/m.gguf", "b/m.gguf", "x/b/m.gguf")]

    assert labels == ["gguf:m.gguf", "gguf:b/m.gguf", "gguf:x/b/m.gguf"]
    assert [model_label(f"gguf:{folder}/{path}") for path in ("a/m.gguf", "b/m.gguf", "x/b/m.gguf")] == labels


def test_one_file_of_two_names_is_one_model(folder: Path) -> None:
    (folder / "other.gguf").symlink_to(folder / "a/m.gguf")

    assert model_label("gguf:a/m.gguf") == model_label("gguf:other.gguf") == "gguf:m.gguf"


def test_a_file_that_took_anothers_place_is_another_model(folder: Path) -> None:
    before = model_label("gguf:a/m.gguf")
    (folder / "new.gguf").write_bytes(header(MARTIAN))
    (folder / "new.gguf").replace(folder / "a/m.gguf")

    assert model_label("gguf:a/m.gguf") != before


def test_a_file_of_ones_own_costs_nothing() -> None:
    priced = price_of(None, models=["gpt-4o"], provider="gguf", endpoint="http://127.0.0.1:1/v1", own={})

    assert priced == 0.0


def test_nothing_is_loaded_before_a_model_is_named() -> None:
    code = "import sys, langgraph_moa, langgraph_moa.core.models.gguf; print('xllamacpp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_clients_of_loops_that_still_run_are_closed_from_outside(loopback: object) -> None:
    """A process ends while a thread's loop still waits for an answer: its connection is closed."""
    loop = asyncio.new_event_loop()
    held: list[Any] = []

    async def hold() -> None:
        held.append(await transport._client_of_running_loop())

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(hold(), loop).result(10)

    transport.close_clients(10)

    assert held[0].is_closed
    asyncio.run_coroutine_threadsafe(loop.shutdown_asyncgens(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_forked_process_does_not_end_what_it_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Never:
        @property
        def listening_address(self) -> str:
            raise AssertionError

    servers = [(os.getpid() + 1, Never())]
    monkeypatch.setattr(gguf, "_servers", servers)

    gguf._stop()

    assert len(servers) == 1
