"""What runs ask of a journal."""

from pathlib import Path

from batched import journal_with


def test_a_request_is_known_by_its_key_until_its_question_is_done(tmp_path: Path) -> None:
    journal, _ = journal_with(tmp_path / "j", 2)
    recorded = journal.look_up("key 0")
    assert recorded
    assert (recorded.state, recorded.answer, journal.look_up("another")) == ("waiting", None, None)
    assert journal.is_open("q0")

    journal.answer(recorded.number, b"{}")

    answered = journal.look_up("key 0")
    assert answered
    assert (answered.state, answered.answer, answered.status) == ("answered", b"{}", 200)
    assert (journal.is_open("q0"), journal.is_open("q1"), sorted(journal.questions())) == (False, True, ["q0", "q1"])
    journal.forget("q0")
    assert journal.look_up("key 0") is None
    assert journal.has_open()
    journal.forget("q1")
    assert not journal.has_open()
    journal.close()


def test_what_is_asked_now_is_no_reason_to_wait(tmp_path: Path) -> None:
    journal, _ = journal_with(tmp_path / "j")
    journal.add("k", question="q", server="s", model="a", body=b"{}", state="live")
    assert (journal.has_live("q"), journal.has_live("r"), journal.is_open("q"), journal.has_open()) == (
        True, False, False, True,
    )  # fmt: skip
    journal.close()


def test_questions_are_gone_through_as_they_are_forgotten(tmp_path: Path) -> None:
    journal, _ = journal_with(tmp_path / "j", 1200)
    seen = []
    for question in journal.questions():
        seen.append(question)
        journal.forget(question)
    assert sorted(seen) == sorted(f"q{n}" for n in range(1200))
    assert not journal.knows("q1")
    journal.close()
