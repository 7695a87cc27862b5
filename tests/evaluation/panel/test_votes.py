"""Ballots: votes of any part of a panel, as plain counting has them."""

from statistics import fmean

from hypothesis import given
from hypothesis import strategies as st
from langgraph_moa.evaluation.panel.votes import Ballots
from langgraph_moa.evaluation.stop_rules import is_right, vote
from recorded_panels import recording

ANSWERS = st.sampled_from(["5", "5 km", "5 miles", "7", "A", "A) Jupiter", "", "x = 5", "5 km/h"])


@given(
    columns=st.lists(st.lists(ANSWERS, min_size=6, max_size=6), min_size=2, max_size=5),
    gold=st.lists(st.sampled_from(["5", "5 km", "A"]), min_size=6, max_size=6),
    order=st.randoms(use_true_random=False),
)
def test_a_vote_is_what_plain_counting_gives(columns: list[list[str]], gold: list[str], order: object) -> None:
    rows = recording({str(n): column for n, column in enumerate(columns)}, gold).rows
    members = list(range(len(columns)))
    order.shuffle(members)  # type: ignore[attr-defined]
    members = members[: 1 + len(members) // 2]

    def plainly(n: int) -> float:
        return float(is_right(vote([rows[n].answers[m].answer for m in members]), rows[n].gold, None))

    assert Ballots(rows).marks(members) == [plainly(n) for n in range(6)]
    assert Ballots(rows).part([4, 1]).marks(members) == [plainly(4), plainly(1)]


def test_a_count_knows_what_one_more_would_make_of_it_and_the_level_share_by_lot() -> None:
    ballots = Ballots(
        recording({"a": ["1", "1"], "b": ["2", "1"], "c": ["1", "2"], "d": [None, None]}, ["1", "1"]).rows
    )
    count = ballots.count()
    shares = []
    for member in range(4):
        foreseen = count.with_one_more(member)
        count.add(member)
        shares.append(foreseen)

    assert shares == [1.0, fmean([0.5, 1.0]), 1.0, 1.0]
