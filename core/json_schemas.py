"""JSON Schemas of users and strangers: none fetches anything, and no check with one takes long, whatever is checked."""

import pickle
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from itertools import count, islice
from typing import Any

from .errors import ConfigError
from .schema_steps import TooDeepCheck, TooManySteps, counted_steps, counting
from .text import one_line

NAMED_SCHEMAS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas", "dependencies")
"""Keys whose own keys are names that somebody chose."""
PLAIN_VALUES = ("const", "enum", "default", "examples")
"""Keys whose values are no schemas, whatever they look like."""
REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
"""Keys whose value is the place of another schema."""
_SAME_PLACE = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas", "dependencies")
"""Keys whose schemas are for the very value that theirs is for: these, and references, multiply without end."""
_ABOUT = {"title", "description"}
_DEEPEST = 60
_MOST_PARTS = 20_000
"""Values in a schema, which a second or two is enough to check: OpenAI takes 5,000 properties."""
_MOST_EXPANDED = 10_000
"""Schemas that one value may be held to."""
_MOST_ERRORS = 100


class SchemaCheck:
    """Check values against a JSON Schema, which is checked itself first: all that it refers to is inside of it."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        """Read a schema.

        Raises:
            ConfigError: It is none, is too large or deep, or refers to what it does not hold, or to itself without end.
        """
        check_size(schema)
        self._whole = dict(schema)
        dialect = _dialect_of(schema)
        # jsonschema leaves a validator of ours for one of its own wherever it meets the key.
        self._schema = {key: value for key, value in schema.items() if key != "$schema"}
        _check_grammar(dialect, self._schema)
        self._references = _References(self._schema, dialect)
        self._references.check()
        self._validator = counting(dialect)(self._schema, registry=_nothing_beside())

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as the schema: actors of Ray are told it with each question, and read it once."""
        return _check_of, (pickle.dumps(self._whole),)

    def problem(self, value: Any) -> str | None:
        """Say what is wrong with a value; None where nothing is."""
        from jsonschema.exceptions import best_match

        try:
            with counted_steps():
                error = best_match(islice(self._validator.iter_errors(value), _MOST_ERRORS))
        except TooManySteps as exc:
            return f"checking it took more than {exc.most} steps, expected a shorter object, or a simpler schema"
        except (TooDeepCheck, RecursionError):
            return "found an object that is nested too deeply to be checked, expected a flatter one"
        return f"{error.json_path}: {error.message}" if error else None

    @property
    def as_object(self) -> dict[str, Any]:
        """Return the schema with an object at its top, which tools have to have.

        A reference at its top is what it refers to: pydantic and zod-to-json-schema write one for what holds itself.

        Raises:
            ConfigError: No object fits.
        """
        if why := self._references.why_no_object(self._schema):
            raise ConfigError(
                f"found a schema of no object ({why}), expected an object at its top; put it into a property"
            )
        schema = self._schema
        while "$ref" in schema:
            target = self._references.target(schema["$ref"])
            beside = {key: value for key, value in schema.items() if key != "$ref"}
            if not isinstance(target, dict) or "$id" in target or target.keys() & (beside.keys() - _ABOUT):
                break
            schema = {**target, **beside}
        return {**schema, "type": "object"}


@lru_cache(maxsize=8)
def _check_of(schema: bytes) -> SchemaCheck:
    return SchemaCheck(pickle.loads(schema))  # noqa: S301 - it has just come out of a pickle itself


def check_size(schema: Mapping[str, Any]) -> None:
    """Refuse a schema that is too large or too deep to be worked with.

    Raises:
        ConfigError: It is.
    """
    pending: list[tuple[Any, int]] = [(schema, 0)]
    for number in count(1):
        if not pending:
            return
        value, depth = pending.pop()
        if depth > _DEEPEST:
            raise ConfigError(f"found a schema of more than {_DEEPEST} levels, expected a flatter one; use $defs")
        if number + len(pending) > _MOST_PARTS:
            raise ConfigError(f"found a schema of more than {_MOST_PARTS} values, expected a smaller one; split it")
        parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
        pending += [(part, depth + 1) for part in parts]


class _References:
    """Follow what a schema refers to, before anything is checked with it."""

    def __init__(self, schema: dict[str, Any], dialect: Any) -> None:
        from referencing.jsonschema import specification_with

        self._schema, self._dialect = schema, dialect
        self._specification = specification_with(dialect.META_SCHEMA["$schema"])
        resource = self._specification.create_resource(schema)
        address = resource.id() or ""
        self._root = _nothing_beside().with_resource(address, resource).crawl().resolver(address)
        rules = dialect.VALIDATORS.keys()
        self._keys = {*rules, "definitions", "then", "else", *(["$defs"] if rules & {*REFERENCES[1:]} else [])}
        """Those whose schemas were checked with the whole."""
        self._checked: dict[int, bool] = {}
        """Each schema in the schema, and whether it was checked with the whole."""
        self._reached: dict[int, tuple[dict[str, Any], list[Any]]] = {}
        """Each that a value can be led to, and what it refers to."""
        self._weights: dict[int, tuple[int, int] | None] = {}

    def check(self) -> None:
        self._find()
        self._follow()
        for node, _ in self._reached.values():
            self._weigh(node, 0)

    def target(self, reference: str) -> Any:
        return self._root.lookup(reference).contents

    def why_no_object(self, node: Any) -> str | None:
        """Say why no object fits a schema; None where one may."""
        if isinstance(node, bool):
            return None if node else "false fits nothing"
        kind = node.get("type", "object")
        if kind != "object" and "object" not in kind:
            return f"its type is {kind!r}"
        values = {"enum": node.get("enum", [{}]), "const": [node.get("const", {})]}
        if key := next((key for key, listed in values.items() if not any(isinstance(v, dict) for v in listed)), None):
            return f"its {key!r} has none"
        every = [*self._reached[id(node)][1][: "$ref" in node], *node.get("allOf", ())]
        for key in ("anyOf", "oneOf"):
            if (whys := [self.why_no_object(part) for part in node.get(key, ())]) and all(whys):
                return f"nothing in its {key!r} is one"
        return next(filter(None, map(self.why_no_object, every)), None)

    def _find(self) -> None:
        pending: list[tuple[Any, bool]] = [(self._schema, True)]
        while pending:
            node, checked = pending.pop()
            if isinstance(node, dict):
                self._checked[id(node)] = checked
                for key, value in node.items():
                    if key not in PLAIN_VALUES:
                        pending += [(part, checked and key in self._keys) for part in _under(key, value)]

    def _follow(self) -> None:
        pending: list[tuple[Any, Any]] = [(self._schema, self._root)]
        while pending:
            node, resolver = pending.pop()
            if not isinstance(node, dict) or id(node) in self._reached:
                continue
            inner = resolver.in_subresource(self._specification.create_resource(node))
            keys = [key for key in REFERENCES if key in node and key in self._dialect.VALIDATORS]
            resolved = [self._resolved(key, node[key], inner) for key in keys]
            self._reached[id(node)] = node, [target for target, _ in resolved]
            pending += resolved
            for key, value in node.items():
                if key in self._keys and key not in (*PLAIN_VALUES, "$defs", "definitions"):
                    pending += [(part, inner) for part in _under(key, value)]

    def _resolved(self, key: str, reference: str, resolver: Any) -> tuple[Any, Any]:
        from referencing.exceptions import Unresolvable

        what = f"found {key} to {one_line(reference, limit=80)!r} in a schema"
        try:
            resolved = resolver.lookup(reference)
        except (Unresolvable, ValueError, TypeError, LookupError, AttributeError):
            raise ConfigError(
                f"{what}, which it does not hold, expected one of its own schemas, such as #/$defs/x; put it in there"
            ) from None
        target = resolved.contents
        if not isinstance(target, bool) and id(target) not in self._checked:
            raise ConfigError(f"{what}, where no schema is, expected one, such as #/$defs/x; correct it")
        if not self._checked.get(id(target), True):
            _check_grammar(self._dialect, target)
            self._checked[id(target)] = True
        return target, resolved.resolver

    def _weigh(self, node: Any, depth: int) -> tuple[int, int]:
        """Return to how many schemas a value is held by one, and how deep they refer to each other."""
        if not isinstance(node, dict):
            return 1, 1
        weight = self._weights.get(id(node), (0, 0))
        if weight is None or depth + weight[1] > _DEEPEST:
            raise ConfigError(
                f"found schemas that refer to each other without end, or more than {_DEEPEST} in a row, expected "
                "fewer; let a property stand between them"
            )
        if not weight[0]:
            self._weights[id(node)] = None
            parts = [part for key in _SAME_PLACE if key in node for part in _under(key, node[key])]
            weights = [self._weigh(part, depth + 1) for part in (*self._reached[id(node)][1], *parts)]
            weight = 1 + sum(number for number, _ in weights), 1 + max((height for _, height in weights), default=0)
            self._weights[id(node)] = weight
        if weight[0] > _MOST_EXPANDED:
            raise ConfigError(
                f"found a schema that holds one value to more than {_MOST_EXPANDED} schemas, with those that it refers "
                "to, expected fewer; refer to each of them once"
            )
        return weight


def _under(key: str, value: Any) -> Iterable[Any]:
    """Return what may be schemas in the value of a key."""
    if key in NAMED_SCHEMAS and isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else [value]


def _dialect_of(schema: Mapping[str, Any]) -> Any:
    from jsonschema.validators import Draft3Validator, Draft202012Validator, validator_for

    if not isinstance(schema.get("$schema"), str):
        return Draft202012Validator
    dialect = validator_for(schema, default=Draft202012Validator)
    return Draft202012Validator if dialect is Draft3Validator else dialect  # its schemas hold schemas elsewhere


def _check_grammar(dialect: Any, schema: Mapping[str, Any]) -> None:
    from jsonschema.exceptions import SchemaError

    try:
        dialect.check_schema(schema)
    except SchemaError as exc:
        why = f"{one_line(exc.message)} at {exc.json_path}"
        raise ConfigError(f"found a schema that is none: {why}, expected a JSON Schema; correct it") from exc


@cache
def _nothing_beside() -> Any:
    """Return the only documents that a schema may refer to beside itself: none, where jsonschema would fetch them."""
    from referencing import Registry

    registry: Registry[Any] = Registry()  # one of its own retrieves nothing
    return registry
