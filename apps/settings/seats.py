"""Who sits in a mixture, as it is written: names, tables, and lists of them by layer."""

from collections.abc import Sequence
from typing import Any, TypeVar

from ...core.models.credentials import HEADER_VARIABLE
from ...core.panel.checks import OF_A_SERVER
from ...core.panel.declared import ModelSettings
from ...core.wire.connections import bare_url
from .fields import ProposerSpec
from .tables import ModelTable

M = TypeVar("M", bound=ModelSettings)


def declared_seat(kind: type[M], spec: str | ModelTable) -> str | M:
    """Return a model as a mixture's own functions take it: as text, or as a declaration."""
    return spec if isinstance(spec, str) else kind(**spec.model_dump(exclude_unset=True))


def seats_in(groups: "Sequence[str | ModelTable | list[ProposerSpec]]") -> list[str | ModelTable]:
    """Return all seats, whatever their layer."""
    return [spec for group in groups for spec in (group if isinstance(group, list) else [group])]


def models_in(groups: "Sequence[str | ModelTable | list[ProposerSpec]]") -> list[str]:
    """Return the models of all seats."""
    return [spec if isinstance(spec, str) else spec.model for spec in seats_in(groups)]


def aggregator_like(seat: str | ModelTable) -> str | ModelTable:
    """Return a proposer's model as an aggregator: where it is asked, and nothing else that was said of the proposer."""
    if isinstance(seat, str):
        return seat
    where = {option: value for option in OF_A_SERVER if (value := getattr(seat, option)) is not None}
    return ModelTable(model=seat.model, **where) if where else seat.model


def counted_proposers(proposers: list[Any]) -> str:
    """Say how many proposers there are, or layers of them."""
    if any(isinstance(group, list) for group in proposers):
        return f"{len(proposers)} layers of proposers"
    return "1 proposer" if len(proposers) == 1 else f"{len(proposers)} proposers"


def without_secrets(written: Any) -> Any:
    """Return what was written of models without what may be a secret: of a header that is not taken from the
    environment, its name is left.
    """
    if isinstance(written, list):
        return [without_secrets(part) for part in written]
    if not isinstance(written, dict):
        return written
    cleaned = dict(written)
    if url := cleaned.get("base_url"):
        cleaned["base_url"] = bare_url(url)
    if headers := cleaned.get("headers"):
        cleaned["headers"] = {name: v if HEADER_VARIABLE.fullmatch(v) else "" for name, v in headers.items()}
    return cleaned
