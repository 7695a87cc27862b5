"""A GGUF file as a model, as far as it needs no weights; tests/real does the rest."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from langgraph_moa import ConfigError, MissingExtra, create_moa, resolve_model
from langgraph_moa.core.local import gguf


def test_a_mixture_is_refused_when_it_is_built(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"no file for 'gguf:none.gguf'"):
        create_moa(proposers=["offline:words", "gguf:none.gguf"], aggregator="offline:words")


def test_without_the_package_the_extra_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    with pytest.raises(MissingExtra, match=r"gguf:martian.gguf needs an optional package.+langgraph-moa\[local\]"):
        resolve_model("gguf:martian.gguf")


def test_nothing_is_loaded_before_a_model_is_named() -> None:
    code = "import sys, langgraph_moa, langgraph_moa.core.local.gguf; print('xllamacpp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_a_forked_process_does_not_end_what_it_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class Never:
        @property
        def listening_address(self) -> str:
            raise AssertionError

    servers = [(os.getpid() + 1, Never())]
    monkeypatch.setattr(gguf, "_servers", servers)

    gguf._stop()

    assert len(servers) == 1


def test_a_file_reads_what_its_server_says() -> None:
    assert gguf._profile_of({}) == {}
    assert gguf._profile_of({"vision": False, "audio": False}) == {
        "image_inputs": False,
        "pdf_inputs": False,
        "audio_inputs": False,
    }
    assert gguf._profile_of({"vision": True})["image_inputs"] is True
