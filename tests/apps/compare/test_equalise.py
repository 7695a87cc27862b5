"""Samples that make systems cost the same."""

import json

import pytest
from commands import Run
from sums import TWO


@pytest.mark.parametrize(
    ("what", "samples", "told"),
    [
        (
            "calls",
            8,
            "self-moa takes 8 samples, 9 calls a question, for equal calls",
        ),
        pytest.param("tokens", None, "the pilot took ", marks=pytest.mark.soak),
    ],
)
def test_samples_are_made_equal_to_the_most_costly(
    run: Run, few: str, what: str, samples: int | None, told: str
) -> None:
    deep = ["--system", "moa,layers=3,early_stop=off,label=deep"]

    done = run("compare", few, *TWO, *deep, "--equal", what, "--keep", "kept", "--json", "--baseline", "self-moa")
    found = json.loads(done.out)
    scaled, dearest = (
        next(s for s in found["systems"] if s["label"].startswith(name)) for name in ("self-moa", "deep")
    )

    assert any(note.startswith(told) for note in found["notes"])
    assert "words cannot be scaled: it takes no samples of one model" in found["notes"]
    assert found["baseline"] == scaled["label"]
    if samples:
        assert scaled["label"] == f"self-moa x{samples}"
        assert scaled["calls"] == dearest["calls"] == 9
    else:
        assert 0.9 * dearest["tokens"] < scaled["tokens"] <= 1.1 * dearest["tokens"]
    again = run("compare", few, *TWO, *deep, "--equal", what, "--keep", "kept", "--json", "--baseline", "self-moa")
    assert again.err.count("8 done before") == 3
