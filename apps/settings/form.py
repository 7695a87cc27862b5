"""The settings as a form, which Studio shows."""

from functools import lru_cache
from typing import Any

from pydantic import Field, create_model, model_validator

from ...core.run.state import Graph
from .fields import edited_at
from .settings import Settings
from .tables import Nothing


def form_of(moa: Graph) -> type[Settings]:
    """Return the settings as the form of one mixture, whose proposer prompt is edited at the nodes that are told it."""
    marks = {name: node.metadata or {} for name, node in moa.builder.nodes.items()}
    is_later = {name: mark.get("moa_role") == "proposer" and mark["moa_layer"] > 1 for name, mark in marks.items()}
    return _form_for(tuple(name for name, later in is_later.items() if later))


# A server builds a graph for every request, and this would be half of it.
@lru_cache(maxsize=128)
def _form_for(later_layers: tuple[str, ...]) -> type[Settings]:
    field = Settings.model_fields["proposer_prompt"]
    marked = Field(default=None, description=field.description, json_schema_extra=edited_at([*later_layers]))
    prompt: Any = (str | Nothing, marked)
    checks: Any = {"left_empty": model_validator(mode="before")(without_empty)}
    doc = Settings.__doc__
    return create_model("Settings", __base__=Settings, __doc__=doc, __validators__=checks, proposer_prompt=prompt)


def without_empty(filled: Any) -> Any:
    """Return what was filled into a form; what was left or made empty is not given."""
    return {k: v for k, v in filled.items() if v not in (None, "", [], {})} if isinstance(filled, dict) else filled
