"""Who takes batches at an address, in whichever form it speaks."""

from ..wire.sending import Address
from .message_batches import MessageBatches
from .messages import VERSION_HEADER
from .openai_batches import OpenAIBatches
from .provider import BatchProvider


def batches_at(address: Address) -> BatchProvider:
    """Return what sends batches to an address.

    Args:
        address: Where models are asked.
    """
    if any(name.lower() == VERSION_HEADER for name, _ in address.headers):
        return MessageBatches(address)
    return OpenAIBatches(address)
