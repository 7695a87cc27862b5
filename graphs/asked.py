"""Which models a mixture may ask, all of its nodes together."""

from collections.abc import Iterator

from ..core.models.capabilities import Model
from ..core.run.state import Graph
from ..nodes.node import Node


def models_asked(moa: Graph) -> Iterator[Model]:
    """Go through the models that the nodes of a mixture may ask, those that take another's place included.

    Args:
        moa: What `create_moa` returned.
    """
    for spec in moa.builder.nodes.values():
        if isinstance(node := spec.runnable, Node):
            yield from node.asks
