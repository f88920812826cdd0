"""The profile as a page for people, made from its schema: one table a section."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.profile.schema import profile_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """# Profile reference

Made from the schema by `python -m conformance refresh`; do not edit. How a profile comes about is
told in [the profile, step by step](profile.md). *From outside* means `{ env = "NAME" }`,
`{ file = "PATH" }` or `{ state = "a.b" }`: a secret stands nowhere else, and any other value may
come from there as well. *Or got* means that it may also be `{ command = ["…"] }` or
`{ oauth = { … } }`, which [the last section](#a-credential-that-is-got) tells.
"""
_SECRET = "#/definitions/Reference"  # noqa: S105 -- a place in the schema
_CREDENTIAL = "#/definitions/Credential"
_BY_NAME = ("known_failures", "not_applicable")


def text() -> str:
    """Return the page as the repository keeps it."""
    schema = profile_schema()
    grant = schema["definitions"]["OAuthGrant"]
    return "\n".join([_HEAD, *_section(schema, schema, ""), *_of_grants(schema, grant)])


def _of_grants(schema: dict[str, Any], grant: dict[str, Any]) -> Iterator[str]:
    """Describe the ways to get a credential."""
    words = schema["definitions"]["Credential"]
    yield "## A credential that is got\n"
    yield f"{words['description']} It is renewed before it ends, and stands in no report.\n"
    yield (
        '`{ command = ["…"] }` prints it, or JSON with `access_token` and `expires_in` (seconds), '
        "within 30 seconds.\n"
    )
    yield f"`{{ oauth = {{ … }} }}`: {grant['description']}\n"
    yield "| entry | value | default |\n|---|---|---|"
    needed = grant.get("required", ())
    for name, entry in grant["properties"].items():
        yield _row(name, entry, is_needed=name in needed)
    yield ""


def _section(
    schema: dict[str, Any], section: dict[str, Any], path: str, head: str = ""
) -> Iterator[str]:
    """Describe a table's own entries, and then the tables in it."""
    inner = {name: _table_of(schema, entry) for name, entry in section["properties"].items()}
    plain = [name for name, table in inner.items() if table is None]
    if path:
        yield f"## `{head}`\n"
        yield f"{section['description']}\n"
    if plain:
        yield "| entry | value | default |\n|---|---|---|"
        needed = section.get("required", ())
        yield from (
            _row(name, section["properties"][name], is_needed=name in needed) for name in plain
        )
        yield ""
    for name, table in inner.items():
        place, entry = f"{path}.{name}" if path else name, section["properties"][name]
        if name in _BY_NAME:
            yield from _by_name(schema, name, entry)
        elif table is not None:
            place += ".NAME" if _is_named(entry) else ""
            yield from _section(schema, table, place, _head(place, entry))


def _by_name(schema: dict[str, Any], name: str, table: dict[str, Any]) -> Iterator[str]:
    yield f"## `[{name}]`\n"
    yield f"{table['description']}\n"
    first = next(iter(table["properties"].values()))
    if (entries := _table_of(schema, first)) is not None:
        yield f"Each is a table `[{name}.ID]`. {entries['description']}\n"
        yield "| entry | value | default |\n|---|---|---|"
        yield from (
            _row(entry, value, is_needed=True) for entry, value in entries["properties"].items()
        )
        yield ""


def _head(path: str, entry: dict[str, Any]) -> str:
    """Return how a section begins in a profile: in two brackets where there may be several."""
    return f"[[{path}]]" if len(_choices(entry)) > 1 else f"[{path}]"


def _is_named(entry: dict[str, Any]) -> bool:
    """Tell whether an entry has tables under names of the profile's own choice."""
    choices = _choices(entry)
    inner = choices[0].get("additionalProperties") if len(choices) == 1 else None
    return isinstance(inner, dict) and "$ref" in inner and inner != {"$ref": _SECRET}


def _choices(entry: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what may stand for an entry, but for a reference to a value that is elsewhere."""
    found: list[dict[str, Any]] = entry.get("anyOf", [entry])
    return [one for one in found if one.get("$ref") != _SECRET]


def _table_of(schema: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any] | None:
    """Return the section that an entry is, or of which it has one or several; None for a value."""
    choices = _choices(entry)
    if len(choices) > 1:
        one, other = choices[:2]
        is_several = other.get("items") == one and "$ref" in one
        return _table_of(schema, one) if is_several else None
    if not choices:
        return None
    named = choices[0]["additionalProperties"] if _is_named(entry) else choices[0]
    if (place := named.get("$ref", "")) and place != _CREDENTIAL:
        return schema["definitions"][place.rsplit("/", 1)[-1]]
    return entry if "properties" in entry else None


def _row(name: str, entry: dict[str, Any], *, is_needed: bool) -> str:
    if is_needed:
        default = "**needed**"
    elif "default" in entry:
        default = f"`{json.dumps(entry['default'], ensure_ascii=False)}`"
    else:
        default = ""
    return f"| `{name}` | {_kind(entry)} | {default} |"


def _kind(entry: dict[str, Any]) -> str:
    if entry.get("$ref") == _SECRET:
        return "from outside"
    if entry.get("$ref") == _CREDENTIAL:
        return "from outside, or got"
    value = entry["anyOf"][0] if "anyOf" in entry else entry
    kind = value.get("type", "any")
    words = {"array": "list", "object": "table", "string": "text", "integer": "whole number"}
    said = words.get(kind) or str(kind)
    names = (("exclusiveMinimum", "above"), ("minimum", "at least"), ("exclusiveMaximum", "below"))
    bounds = [f"{word} {value[name]}" for name, word in names if name in value]
    return ", ".join([said, *bounds])
