"""Who takes batches at an address."""

from langgraph_moa.core.batches.openai_batches import OpenAIBatches
from langgraph_moa.core.batches.providers import batches_at
from langgraph_moa.core.wire.sending import Address


def test_a_server_of_ones_own_takes_openais_form() -> None:
    assert isinstance(batches_at(Address("http://127.0.0.1:1/v1", "key")), OpenAIBatches)
