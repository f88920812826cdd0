"""What a tool is told beside its message, in the form that the tool itself says it takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from conformance.channels.http.lists import pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.channels.http.wire import Wire

_DEEPEST = 5


def as_taken(wire: Wire, tool: str, argument: str, value: dict[str, Any], *, key: str) -> Any:
    """Return an object as the tool's schema takes it: as it is, as text, or in a list.

    As it is where the schema says nothing of it, and where no such tool is listed.
    """
    kinds = _kinds_of(_schema_of(wire, tool, key), argument)
    if not kinds or "object" in kinds:
        return value
    if "string" in kinds:
        return json.dumps(value)
    return [value] if "array" in kinds else value


def _schema_of(wire: Wire, tool: str, key: str) -> dict[str, Any]:
    for listed in pages(wire, "tools/list", key):
        for entry in _dicts(listed.result.get("tools")):
            if entry.get("name") == tool:
                return _dict(entry.get("inputSchema"))
    return {}


def _kinds_of(schema: dict[str, Any], argument: str) -> set[str]:
    """Return the JSON types that a schema gives an argument; none where it gives none."""
    return set(_types(schema, _dict(_dict(schema.get("properties")).get(argument)), _DEEPEST))


def _types(schema: dict[str, Any], node: dict[str, Any], deep: int) -> Iterator[str]:
    told = node.get("type")
    names = cast("list[Any]", told) if isinstance(told, list) else [told]
    yield from (name for name in names if isinstance(name, str))
    if not deep:
        return
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        found: Any = schema
        for step in reference[2:].split("/"):
            found = _dict(found).get(step)
        yield from _types(schema, _dict(found), deep - 1)
    for words in ("anyOf", "oneOf", "allOf"):
        for one in _dicts(node.get(words)):
            yield from _types(schema, one, deep - 1)


def _dict(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    entries = cast("list[Any]", value) if isinstance(value, list) else []
    return [_dict(entry) for entry in entries if isinstance(entry, dict)]
