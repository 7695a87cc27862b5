"""Name a model for people and for the report."""

from ..run.served import KNOWN_PROVIDERS
from .capabilities import Model, unwrapped


def model_label(spec: "str | Model") -> str:
    """Name a model for people and for the report."""
    if isinstance(spec, str):
        if spec.startswith("gguf:"):
            from ..local.weights import label_of

            return label_of(spec.removeprefix("gguf:"))
        return spec
    inner = unwrapped(spec)
    for holder in (inner, spec):
        for field in ("model_name", "model", "name"):
            if isinstance(value := getattr(holder, field, None), str) and value:
                return value
    return type(inner).__name__


def short_name(spec: "str | Model") -> str:
    """Return a model's name without its owner, and without a provider of ours: `Kimi-K3`, `anthropic:claude-opus`."""
    label = model_label(spec)
    provider, _, name = label.partition(":")
    bare = name if name and provider in KNOWN_PROVIDERS else label
    return bare.rpartition("/")[2] or bare
