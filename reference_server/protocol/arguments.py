"""Checks a tool's arguments against its schema: the SDK's low-level server does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from jsonschema import ValidationError

LONGEST_NAME = 64
"""Characters repeated of an argument's name, which is the caller's own text."""


def find_bad_argument(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> str | None:
    """Return a sentence that names the first bad argument and its rule; None when all are good.

    The value itself is never repeated: it may be a secret in the wrong place.
    """
    validator = cast("Any", Draft202012Validator(dict(schema)))  # its types are incomplete
    errors: Iterable[ValidationError] = validator.iter_errors(dict(arguments))
    first = next(iter(errors), None)
    return None if first is None else _describe(first, schema, arguments)


def _describe(error: ValidationError, schema: Mapping[str, Any], given: Mapping[str, Any]) -> str:
    if error.validator == "required" and not error.path:
        missing = next(name for name in schema["required"] if name not in given)
        return f"Invalid arguments: {_quoted(missing)} is required."
    if error.validator == "additionalProperties" and not error.path:
        unknown = next(name for name in given if name not in schema["properties"])
        return f"Invalid arguments: {_quoted(unknown)} is not an argument of this tool."
    where = _quoted(".".join(str(step) for step in cast("Iterable[object]", error.path)))
    rule = json.dumps(cast("object", error.validator_value))
    if error.validator == "enum":
        return f"Invalid arguments: {where} must be one of {rule}."
    if error.validator == "type":
        return f"Invalid arguments: {where} must be of type {rule}."
    return f"Invalid arguments: {where} breaks the rule {error.validator} {rule}."


def _quoted(name: str) -> str:
    return json.dumps(name[:LONGEST_NAME])
