"""What a form cannot hold is counted, and told once for all of its kind."""

from langgraph_moa.evaluation.interchange.losses import Losses


def test_each_kind_is_told_once_and_how_often() -> None:
    losses = Losses()
    for sentence in ("a NaN became null", "bytes became text", "a NaN became null"):
        losses.add(sentence)
    losses.add("nothing happened", 0)

    assert losses.sentences() == ["a NaN became null (2 times)", "bytes became text (1 time)"]


def test_what_is_told_drives_no_terminal() -> None:
    losses = Losses()
    losses.add("a column \x1b[2J\nfrom a file")

    assert losses.sentences() == ["a column [2J from a file (1 time)"]
