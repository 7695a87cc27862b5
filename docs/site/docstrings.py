"""Mend what mkdocstrings' reader of Python, griffe, would show wrongly; it loads this file as an extension."""

import re
from typing import Any

import griffe

_CALL = re.compile(r"(?:\w+ ?= ?\[?)?[\w.]+\(.*[)\]]\s*(?:#.*)?$")


class AsWritten(griffe.Extension):
    """Show example lines as code, and let arguments stand by position where a dataclass says so."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Indent paragraphs whose lines are all calls, such as `Budget(calls=20, seconds=60)`, before they are parsed.

        Markdown would run them together.
        """
        if obj.docstring:
            obj.docstring.value = "\n\n".join(map(_shown, obj.docstring.value.split("\n\n")))

    def on_class(self, *, cls: griffe.Class, **_: Any) -> None:
        """Heed `field(kw_only=False)` in a dataclass whose other fields are named; griffe reads only True."""
        init = cls.members.get("__init__")
        if isinstance(init, griffe.Function):
            for parameter in init.parameters:
                field = cls.all_members.get(parameter.name)
                if field is not None and "kw_only=False" in str(getattr(field, "value", "")):
                    parameter.kind = griffe.ParameterKind.positional_or_keyword
            named = griffe.ParameterKind.keyword_only
            init.parameters = griffe.Parameters(*sorted(init.parameters, key=lambda p: p.kind is named))


def _shown(paragraph: str) -> str:
    lines = paragraph.splitlines()
    is_example = all(map(_CALL.match, lines))
    return "\n".join(f"    {line}" for line in lines) if is_example else paragraph
