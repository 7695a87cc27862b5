"""Errors can be caught by kind, carried to another process, and say what to do."""

import pickle
from typing import Any

import pytest
from langgraph_moa import AllProposersFailed, BudgetExceeded, ConfigError, InputError, MissingExtra, MoAError
from langgraph_moa.core.errors import nearest
from records import a_proposal
from tables import each


def failed(status: str = "error", why: str | None = None, window: int | None = None, **more: Any) -> Any:
    obstacle = {"why": why, "window": window, "tokens": None} if why else None
    return a_proposal("", "a", status=status, obstacle=obstacle, error="it broke", **more)


ERRORS: list[tuple[MoAError, type[Exception], str]] = [
    (ConfigError("found x"), ValueError, "found x"),
    (InputError("found x"), ValueError, "found x"),
    (MissingExtra("it", "math"), ImportError, "pip install 'langgraph-moa[math]'"),
    (BudgetExceeded("too much"), RuntimeError, "too much; nothing was asked"),
    (BudgetExceeded("too much", asked=True), RuntimeError, "too much; nobody was asked for an answer"),
    (
        AllProposersFailed([failed()], usable=1, needed=2),
        RuntimeError,
        "1 of 2 proposals were usable, expected at least 2: a: error (it broke); replace these models, or lower",
    ),
    (
        AllProposersFailed([failed()], what="answers of aggregators"),
        RuntimeError,
        "0 of 1 answers of aggregators were usable, expected at least 1: a: error (it broke); replace these models",
    ),
]


@each(("error", "kind", "text"), ERRORS)
def test_an_error_is_of_two_kinds_and_survives_its_way_between_processes(
    error: MoAError, kind: type[Exception], text: str
) -> None:
    again = pickle.loads(pickle.dumps(error))

    assert isinstance(error, MoAError)
    assert isinstance(error, kind)
    assert text in str(error)
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


@each(
    ("failure", "advice"),
    [
        (failed(why="unreachable"), "start the server that is named, or correct its address"),
        (failed(why="address"), "correct the base URL, which mostly ends in /v1"),
        (failed(why="loading"), "wait until the server has loaded its model, or raise the timeout"),
        (failed(why="key"), "set the key that the server expects"),
        (failed(why="unknown_model"), "name a model that the server has"),
        (failed(why="too_long", window=4096), "start the server with a larger window (n_ctx 4,096)"),
        (failed(why="too_long"), "start the server with a larger window (n_ctx)"),
        (failed("timeout"), "raise the timeout, or the budget's seconds"),
        (failed("skipped"), "shorten the conversation, or raise the bound that is named"),
        (failed("refused"), "replace these models"),
        ({**failed("empty"), "no_room": True}, "raise max_tokens, set more_room, or lower the reasoning_effort"),
    ],
)
def test_what_to_do_is_right_for_the_cause(failure: Any, advice: str) -> None:
    assert str(AllProposersFailed([failure])).partition("); ")[2].startswith(advice) or advice in str(
        AllProposersFailed([failure])
    )


def test_each_cause_has_its_advice_once() -> None:
    text = str(AllProposersFailed([failed("timeout"), failed("timeout"), failed(why="key"), failed("empty")]))

    assert text.count("raise the timeout") == text.count("set the key") == text.count("replace these models") == 1
    assert "lower min_proposals" not in text


@pytest.mark.parametrize(
    ("name", "names", "text"),
    [
        ("togther", ["openai", "together"], "did you mean 'together'? known: openai, together"),
        ("x", ["openai", "together"], "known: openai, together"),
        ("x", [], "known: "),
    ],
)
def test_the_nearest_name_comes_first(name: str, names: list[str], text: str) -> None:
    assert nearest(name, names) == text
