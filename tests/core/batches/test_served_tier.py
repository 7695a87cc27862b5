"""The tier that whoever brought an answer knows."""

from langgraph_moa.core.batches.served_tier import note_tier, noted_tier, tier_noted


def test_it_is_known_within_the_call_and_nowhere_else() -> None:
    note_tier("batch")
    assert noted_tier() is None

    with tier_noted():
        assert noted_tier() is None
        note_tier("batch")
        assert noted_tier() == "batch"
        with tier_noted():
            assert noted_tier() is None

    assert noted_tier() is None
