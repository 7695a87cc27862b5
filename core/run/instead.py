"""Who failed in a seat that another took."""

from typing import TYPE_CHECKING

from typing_extensions import TypedDict

if TYPE_CHECKING:
    from .records import Call


class Missed(TypedDict):
    """Say who failed, and how."""

    model: str
    status: str
    error: str | None


def declared_model(call: "Call") -> str:
    """Return the model whose seat it is, whoever took its place."""
    missed = call.get("instead_of")
    return missed[0]["model"] if missed else call["model"]
