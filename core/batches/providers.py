"""Who takes batches at an address, in whichever form it speaks."""

from ..wire.sending import Address
from .openai_batches import OpenAIBatches
from .provider import BatchProvider


def batches_at(address: Address) -> BatchProvider:
    """Return what sends batches to an address.

    Args:
        address: Where /chat/completions is asked.
    """
    return OpenAIBatches(address)
