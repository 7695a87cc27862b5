"""How a file is served, as the environment says."""

from pathlib import Path

import pytest
from langgraph_moa import ConfigError, resolve_model


@pytest.mark.parametrize("given", ["0", "-1", "many", "4.5", "²", "9" * 30])
def test_a_variable_that_is_no_number_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    pytest.importorskip("xllamacpp")
    monkeypatch.setenv("LLAMA_ARG_CTX_SIZE", given)

    with pytest.raises(ConfigError, match=r"found LLAMA_ARG_CTX_SIZE=.+, expected a whole number from 1"):
        resolve_model("gguf:martian.gguf")
