"""Ids that are remembered on disk."""

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.evaluation.batch.ids import Ids


def test_an_id_is_new_once_and_keeps_its_value() -> None:
    with Ids() as ids:
        assert ids["a"] is None
        assert ids.add("a", 1)
        assert not ids.add("a", 2)
        assert ids["a"] == 1
        ids["a"] = "three"
        assert ids["a"] == "three"


def test_the_next_of_the_same_is_numbered_and_passes_over_what_is_taken() -> None:
    with Ids() as ids:
        assert [ids.add_next("a") for _ in range(3)] == ["a", "a-2", "a-3"]
        ids.add("a-4", 1)
        assert ids.add_next("a") == "a-5"
        assert ids.add_next("a-4") == "a-4-2"


@given(st.lists(st.text(alphabet="ab-2", max_size=4)))
def test_whatever_comes_no_two_are_alike(wished: list[str]) -> None:
    with Ids() as ids:
        given_out = [ids.add_next(id_) for id_ in wished]

    assert len(set(given_out)) == len(wished)
    assert all(one.startswith(id_) for one, id_ in zip(given_out, wished, strict=True))


def test_one_that_is_forgotten_is_new() -> None:
    with Ids() as ids:
        ids["a"] = "value"
        assert "a" in ids
        assert (ids.pop("a"), ids.pop("a"), "a" in ids, ids.add("a", 1)) == ("value", None, False, True)
