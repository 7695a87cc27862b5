"""What is known of a batch, whichever provider has it."""

from typing import get_args

from langgraph_moa.core.batches.provider import ENDED, BatchState, BatchStatus


def test_a_batch_has_ended_in_the_states_after_which_nothing_comes() -> None:
    states = {state for state in get_args(BatchState) if BatchStatus("batch_1", state).has_ended}
    assert states == ENDED == {"completed", "failed", "expired", "cancelled"}
