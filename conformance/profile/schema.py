"""The profile as a JSON Schema, so that editors complete it: made from the model that reads it.

Draft 7, which is what editors of TOML know best. TOML has no null, so an entry that may be absent
is just that; a value may be a reference wherever the loader follows one.
"""

from __future__ import annotations

import json
from typing import Any, cast

from conformance.catalogue import areas, requirements
from conformance.profile.credentials import OAuthGrant
from conformance.profile.events import EVENT_MARK, MATCHED, WORD_MARK
from conformance.profile.fields import FIELD_MARK, PLACE_MARK
from conformance.profile.references import KINDS
from conformance.profile.sections import CREDENTIAL_MARK, EITHER_MARK, SECRET_MARK
from conformance.profile.target import Target

_REFERENCE = {"$ref": "#/definitions/Reference"}
_CREDENTIAL = {"$ref": "#/definitions/Credential"}
_DEFINITIONS = {
    EVENT_MARK: "EventName",
    WORD_MARK: "Words",
    PLACE_MARK: "Place",
    FIELD_MARK: "Field",
}
_SECRETS = {SECRET_MARK: _REFERENCE, CREDENTIAL_MARK: _CREDENTIAL}
_REMEDIES = {
    "env": "the environment variable that holds the value",
    "file": "the file that holds the value; a relative path starts at the profile",
    "state": "the entry of the state file that holds the value, as tenants.a.key",
}


def profile_schema() -> dict[str, Any]:
    """Return the schema of a profile."""
    made = Target.model_json_schema(ref_template="#/definitions/{model}")
    definitions = cast("dict[str, dict[str, Any]]", made.pop("$defs"))
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Profile of a target of Hallmark",
        **_section(made),
        "definitions": {
            "Reference": _reference(),
            "Credential": _credential(),
            **_of_grants(),
            **_names(),
            **{name: _section(one) for name, one in sorted(definitions.items())},
        },
    }


def text() -> str:
    """Return the schema as the repository keeps it."""
    return json.dumps(profile_schema(), indent=2, ensure_ascii=False) + "\n"


def _reference() -> dict[str, Any]:
    return {
        "description": "A value kept outside the profile, as every secret must be.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": {
            kind: {"description": _REMEDIES[kind], "type": "string", "minLength": 1}
            for kind in KINDS
        },
    }


def _credential() -> dict[str, Any]:
    """Return what may stand for a credential: a reference, or a way to get it."""
    words = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
    ways = {
        "command": {
            "description": "Prints it, or JSON with access_token and expires_in (seconds).",
            **words,
        },
        "oauth": {"$ref": "#/definitions/OAuthGrant"},
    }
    tables = [
        {
            "type": "object",
            "properties": {name: way},
            "required": [name],
            "additionalProperties": False,
        }
        for name, way in ways.items()
    ]
    what = "A credential kept outside the profile, or a way to get one while the run goes on."
    return {"description": what, "anyOf": [_REFERENCE, *tables]}


def _of_grants() -> dict[str, Any]:
    """Return the tables of a grant by which a credential is got."""
    made = OAuthGrant.model_json_schema(ref_template="#/definitions/{model}")
    inner = cast("dict[str, dict[str, Any]]", made.pop("$defs"))
    return {name: _section(one) for name, one in {"OAuthGrant": made, **inner}.items()}


def _names() -> dict[str, dict[str, Any]]:
    """Return what may stand for a name that a target has chosen."""
    text = {"type": "string", "minLength": 1}
    place = {"type": "string", "pattern": r"^[^.]+(\.[^.]+)*$"}
    words = {"anyOf": [text, {"type": "array", "items": text, "minItems": 1}]}
    table: dict[str, Any] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": dict.fromkeys(MATCHED, words),
    }
    several = {"type": "array", "items": {"anyOf": [text, table]}, "minItems": 1}
    none = {"enum": [False]}
    told = {
        EVENT_MARK: "What rows of an event have; false where there is no such event.",
        WORD_MARK: "A word, or several.",
        PLACE_MARK: "A field, or a path such as a.b; false where there is none.",
        FIELD_MARK: "A field, or a path such as a.b.",
    }
    kinds = {
        EVENT_MARK: [text, table, several, none, _REFERENCE],
        WORD_MARK: [*words["anyOf"], _REFERENCE],
        PLACE_MARK: [place, none, _REFERENCE],
        FIELD_MARK: [place, _REFERENCE],
    }
    return {
        _DEFINITIONS[mark]: {"description": told[mark], "anyOf": choices}
        for mark, choices in kinds.items()
    }


def _section(made: dict[str, Any]) -> dict[str, Any]:
    """Return a table's schema from what pydantic made of it."""
    entries = {name: _named(name) or _entry(one) for name, one in made["properties"].items()}
    found: dict[str, Any] = {
        "description": " ".join(str(made["description"]).replace("``", "").split()),
        "type": "object",
        "additionalProperties": False,
        "properties": entries,
    }
    if required := made.get("required"):
        found["required"] = required
    return found


def _named(name: str) -> dict[str, Any] | None:
    """Return the schema of the tables whose entries are requirements; None for all others."""
    titles = {one.id: one.title for one in requirements().values()}
    if name == "known_failures":
        known = {"$ref": "#/definitions/KnownFailure"}
        what = "Failures known of, each with a reason and the last day on which it is excused."
        return _by_name(what, dict.fromkeys(titles, known))
    if name == "not_applicable":
        reasons = {
            name: {"description": title, "type": "string", "minLength": 1}
            for name, title in {**areas(), **titles}.items()
        }
        what = "Areas, requirements and checks (ID:CHECK) that do not apply, each with the reason."
        check = {"^[A-Z][A-Z0-9]*-[0-9]{2}(-[a-z])?:.": {"type": "string", "minLength": 1}}
        return _by_name(what, reasons) | {"patternProperties": check}
    return None


def _by_name(description: str, entries: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": entries,
    }


def _entry(made: dict[str, Any]) -> dict[str, Any]:
    """Return an entry's schema: its value or, where the loader follows one, a reference."""
    choices = [one for one in made.get("anyOf", [made]) if one.get("type") != "null"]
    if len(choices) > 1:  # one table, or several
        return {"anyOf": [*(_value(one) for one in choices), *_references(made)]}
    value = _value(choices[0])
    if "$ref" in value:
        references = _references(made)
        return {"anyOf": [value, *references]} if references else value
    if (mark := str(value.get("format"))) in _DEFINITIONS:
        named: dict[str, Any] = {"allOf": [{"$ref": f"#/definitions/{_DEFINITIONS[mark]}"}]}
        return named | ({"default": made["default"]} if "default" in made else {})
    if (secret := _SECRETS.get(str(value.get("format")))) is not None:
        return secret
    if _is_free(value):
        return value
    entry: dict[str, Any] = {"anyOf": [value, _REFERENCE]}
    if made.get("default") not in (None, "", [], {}):
        entry["default"] = made["default"]
    return entry


def _references(made: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what may stand for tables that may be left out: an entry that a state file holds."""
    return [_REFERENCE] if "default" in made else []


def _is_free(value: dict[str, Any]) -> bool:
    """Tell a table of free names, which the loader never takes for a reference."""
    entries = value.get("additionalProperties")
    return value.get("type") == "object" and entries in (True, {"type": "string"}, _REFERENCE)


def _value(made: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a value, in the words of draft 7."""
    dropped = {"title", "default", "prefixItems"}
    kept = {name: one for name, one in made.items() if name not in dropped}
    if "prefixItems" in made:
        kept["items"] = made["prefixItems"]
    for place in ("items", "additionalProperties"):
        if isinstance(inner := kept.get(place), dict):
            kept[place] = _free(cast("dict[str, Any]", inner))
    return kept


def _free(made: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in a list, or under a free name, with the references it may be."""
    mark = made.get("format")
    if mark == SECRET_MARK:
        return _REFERENCE
    if mark == EITHER_MARK:
        return {"anyOf": [{"type": "string"}, _REFERENCE]}
    if isinstance(inner := made.get("additionalProperties"), dict):
        return made | {"additionalProperties": _free(cast("dict[str, Any]", inner))}
    return made
