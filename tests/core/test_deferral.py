"""Requests of a context are answered by whoever holds their answers."""

from collections.abc import Awaitable, Callable

from langgraph_moa.core.deferral import deferral_for, deferred_by, keeping


class Held:
    asks_now = False

    def __init__(self) -> None:
        self.at_the_end: list[Callable[[], Awaitable[None]]] = []

    def answer_to(self, address: object, body: bytes) -> bytes:
        return b"an answer"


def test_a_deferral_holds_for_chats_of_its_context_only() -> None:
    held = Held()
    assert deferral_for() is None
    with deferred_by(held):
        assert deferral_for() is deferral_for("/chat/completions") is held
        assert deferral_for("/models") is None
        with deferred_by(None):
            assert deferral_for() is None
    assert deferral_for() is None


def test_what_could_be_read_is_written_down() -> None:
    written: list[bytes] = []
    assert keeping(int, written.append)(b"42") == 42
    assert written == [b"42"]
