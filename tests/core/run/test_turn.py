"""A turn is read out of the state: nothing of another one, and nothing that a gate left out."""

from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from langgraph_moa import InputError
from langgraph_moa.core.run.conversation import digest_of
from langgraph_moa.core.run.turn import Turn, check_thread
from records import a_proposal, a_verdict
from tables import each

MESSAGES = [HumanMessage("Which?", id="1")]
T = digest_of(MESSAGES)


def turn(**given: Any) -> Turn:
    state: Any = {"messages": MESSAGES, **given}
    return Turn.of(state)


A = a_proposal("x", "a", turn=T)
B, C = a_proposal("y", "b", turn=T, position=1), a_proposal("", "c", turn=T, status="error", position=2)
LATER = a_proposal("z", "a", turn=T, layer=2)
OLD = a_proposal("old", "a", turn="s")
WHOLE = [OLD, A, B, C, LATER]
RUNNING, DONE = {"turn": T, "stopped": "running", "mixture": "m"}, {"turn": T, "stopped": "completed"}


def concluded(layer: int, **given: Any) -> Any:
    return a_verdict(layer, **{"turn": T, **given})


def test_a_turn_is_the_conversation_that_it_answers() -> None:
    assert turn().id == T
    assert turn(messages=[HumanMessage("What?", id="1")]).id != T
    nothings: list[Any] = [{}, {"messages": []}]
    for nothing in nothings:
        with pytest.raises(InputError, match="found no messages, expected a conversation"):
            Turn.of(nothing)


def test_only_this_turns_proposals_are_read() -> None:
    assert turn(proposals=WHOLE).proposals() == [A, B, C, LATER]
    assert turn(proposals=WHOLE).proposals(1) == [A, B, C]
    assert turn(proposals=WHOLE).usable(1) == [A, B]
    assert turn().proposals() == []


@pytest.mark.parametrize(
    ("before", "wave", "expected"),
    [(1, 1, []), (1, 2, [(1, 1)]), (2, 1, [(1, 1), (1, 2)]), (3, 1, [(1, 1), (1, 2), (2, 1)])],
)
def test_verdicts_of_what_was_before(before: int, wave: int, expected: list[Any]) -> None:
    verdicts = [concluded(1), concluded(1, wave=2), concluded(2), concluded(1, turn="s")]

    read = turn(verdicts=verdicts).verdicts(before=before, wave=wave)

    assert [(v["layer"], v["wave"]) for v in read] == expected
    assert turn(verdicts=verdicts).verdicts() == verdicts[:3]
    assert turn().judged(verdicts[:1]).verdicts(before=2) == verdicts[:1]


@each(
    ("verdicts", "layer", "references"),
    [
        ([], 1, []),
        ([concluded(1)], 1, []),
        ([concluded(1)], 2, [A, B]),
        ([concluded(1), concluded(2, source=1)], 3, [A, B]),
        ([concluded(1), concluded(2)], 3, [LATER]),
        ([concluded(1, moderation={"kept": ["b"]})], 2, [B]),
        ([concluded(1, moderation={"kept": ["b"]}), concluded(2)], 3, [LATER]),
        ([concluded(1, moderation={"kept": ["b"]}), concluded(2, source=1)], 3, [B]),
        ([concluded(1, screening={"removed": ["a"]})], 2, [B]),
        ([concluded(1, screening={"removed": ["a"]}), concluded(2, source=1)], 3, [B]),
        ([concluded(1, screening={"removed": ["a"]}), concluded(1, wave=2, screening={"removed": ["b"]})], 2, [A]),
        ([concluded(1, screening={"removed": ["b"]}, moderation={"kept": ["a", "b"]})], 2, [A]),
    ],
)
def test_references_are_what_the_last_gate_passed_on(verdicts: Any, layer: int, references: Any) -> None:
    assert turn(proposals=WHOLE, verdicts=verdicts).references(layer) == references


@pytest.mark.parametrize(
    ("run", "is_unfinished"), [(None, False), (RUNNING, True), (DONE, False), ({**RUNNING, "turn": "s"}, False)]
)
def test_a_run_that_did_not_finish_leaves_what_was_paid_for(run: Any, *, is_unfinished: bool) -> None:
    given = turn(proposals=WHOLE, run=run)

    assert (given.unfinished is not None) == is_unfinished
    assert given.left_behind(1) == ({(0, 1): A, (1, 1): B, (2, 1): C} if is_unfinished else {})
    assert given.with_later([A]) == ([A, LATER] if is_unfinished else [A])


def test_another_mixtures_run_is_refused() -> None:
    turn(run=RUNNING).check_begun("m")
    with pytest.raises(InputError, match=r"found a run of another mixture \(m\), expected n; resume it"):
        turn(run=RUNNING).check_begun("n")
    with pytest.raises(InputError, match="found a conversation that is not the one that this run began with"):
        turn(run={**RUNNING, "turn": "s"}).check_begun("m")
    with pytest.raises(InputError, match="unknown: an older version wrote it"):
        turn().check_begun("n")


def test_who_waits_for_a_person_needs_a_thread() -> None:
    check_thread({}, needed=False)
    check_thread({"configurable": {"thread_id": "1"}}, needed=True)
    with pytest.raises(InputError, match="found review=True in a run without a thread"):
        check_thread({"configurable": {}}, needed=True)


@pytest.mark.parametrize(
    ("sees", "ids"), [(None, ["E1", "E2"]), (("a",), ["E1"]), (("a", "b"), ["E1", "E2"]), ((), [])]
)
def test_evidence_is_that_of_ones_retrievers(sees: Any, ids: list[str]) -> None:
    evidence = [{"id": "E1", "found_by": ["a"]}, {"id": "E2", "found_by": ["b", "c"]}]

    assert [passage["id"] for passage in turn(evidence=evidence).evidence(sees)] == ids
    assert turn().evidence(sees) == []
