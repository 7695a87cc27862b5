"""Costs add up, and what is not known of one is not known of all."""

from typing import Any

from langgraph_moa.core.run.costs import added_up, after_refusal, cost_of, largest, spent_by_model, total
from records import a_proposal, usage
from tables import each


def cost(calls: int | None, tokens: int | None, usd: float | None) -> Any:
    return {"calls": calls, "tokens": tokens, "usd": usd}


@each(
    ("call", "expected"),
    [
        ({"usage": usage(3, 4), "usd": 0.5}, cost(1, 7, 0.5)),
        ({"usage": None, "usd": None, "at_most": cost(1, 99, 0.9)}, cost(1, 99, 0.9)),
        ({"usage": None, "usd": None}, cost(1, 0, None)),
        ({"usage": usage(3, 4), "usd": None, "at_most": cost(1, 99, 0.9)}, cost(1, 7, 0.9)),
        ({"usage": usage(3, 4), "usd": 0.5, "at_most": cost(2, 99, 0.9), "tried_s": 1.0}, cost(1, 99, 0.5)),
        ({"usage": None, "usd": 0.0, "calls": 0}, cost(0, 0, 0.0)),
    ],
)
def test_what_a_call_has_cost(call: Any, expected: Any) -> None:
    assert cost_of(a_proposal(**call)) == expected


def test_what_is_unknown_of_one_is_unknown_of_all() -> None:
    one, other = cost(1, 10, 0.5), cost(2, None, 0.25)

    assert total([one, other]) == cost(3, None, 0.75)
    assert total([one, other], known_only=True) == cost(3, 10, 0.75)
    assert largest([one, other]) == cost(2, None, 0.5)
    assert total([]) == cost(0, 0, 0)


def test_another_attempt_is_counted_with_a_call() -> None:
    first = a_proposal(usage=None, usd=None, at_most=cost(1, 99, None), seconds=2.0)
    second = a_proposal(usage=usage(3, 4), usd=0.5)

    more = added_up(second, first)

    assert more == {"calls": 2, "usd": None, "usage": usage(3, 4), "at_most": cost(2, 106, None), "tried_s": 2.0}
    assert added_up(second, second)["usage"] == {**usage(6, 8)}
    assert added_up(second, second)["at_most"] is None


def test_a_request_that_was_refused_for_its_length_is_no_call() -> None:
    call = after_refusal(a_proposal(seconds=1.0), a_proposal(seconds=0.25, status="error"))

    assert (call["status"], call["calls"], call["tried_s"]) == ("ok", 1, 0.25)


def test_what_each_model_cost_is_unknown_where_one_call_is() -> None:
    calls = [
        a_proposal(model="dear", usd=0.5, usage=usage(10, 1)),
        a_proposal(model="dear", usd=0.25, usage=usage(5, 2)),
        a_proposal(model="mixed", usd=0.125, usage=usage(3, 3)),
        a_proposal(model="mixed", usd=None, usage=None),
        a_proposal(model="free", usd=0.0, usage=usage(1, 1)),
        a_proposal(model="never", usd=None, status="skipped", calls=0),
    ]

    sums = {one.model: one for one in spent_by_model(calls)}

    assert list(sums) == ["mixed", "dear", "free"]
    assert [one.usd for one in sums.values()] == [None, 0.75, 0.0]
    assert sums["mixed"].at_least == 0.125
    assert sums["mixed"].uncounted == 1
    assert sums["dear"].usage == usage(15, 3)
    assert [one.calls for one in sums.values()] == [2, 2, 1]


def test_one_name_at_two_places_is_two_models() -> None:
    places = [a_proposal(model="m", endpoint=place) for place in ("here", "there", "here")]

    assert [(one.endpoint, one.calls) for one in spent_by_model(places)] == [("here", 2), ("there", 1)]
