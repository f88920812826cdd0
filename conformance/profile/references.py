"""What stands in a profile for a value kept elsewhere: ``{ env | file | state = "…" }``."""

from __future__ import annotations

import os
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Protocol, Union, cast, get_args, get_origin

from conformance.profile.credentials import OAuthGrant, Recipe, is_recipe, recipe_of, to_be_got
from conformance.profile.sections import Resolved, Section, is_credential

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = ("env", "file", "state")
_URLS = {"target.url", "authorization.origins"}
"""Entries that a server's state has, and that are looked at before there is a server."""
_FREE = (Any, str)
"""What the entries of a table may be whose names are the profile's own choice."""


class UnresolvedError(Exception):
    """A value is not where the profile says it is. ``entry`` names the place in the profile."""

    def __init__(self, entry: str, sentence: str) -> None:
        super().__init__(sentence)
        self.entry = entry


class Source(Protocol):
    """Where values come from. ``recipes`` are the ways to get those that are to be got."""

    recipes: dict[str, Recipe]

    @property
    def folder(self) -> Path:
        """The folder at which relative paths start."""
        ...

    def value(self, entry: str, kind: str, name: str, wanted: Any) -> Any:
        """Return what an entry stands for, ``wanted`` being its type. UnresolvedError if absent."""
        ...


class Outside:
    """The environment, files beside the profile, and the state file, as far as there is one."""

    def __init__(self, profile: Path, state: dict[str, Any] | None) -> None:
        self._profile, self._state = profile, state
        self.recipes: dict[str, Recipe] = {}

    @property
    def folder(self) -> Path:
        """That of the profile."""
        return self._profile.parent

    def value(self, entry: str, kind: str, name: str, wanted: Any) -> Any:
        """Return the value; texts are marked as coming from outside."""
        del wanted
        look_up: dict[str, Callable[[str], Any]] = {
            "env": lambda name: os.environ.get(name) or None,
            "file": self._in_file,
            "state": self._in_state,
        }
        found = look_up[kind](name)
        if found is None:
            remedy = {
                "env": f"set the environment variable {name}",
                "file": f"create the file {name}, readable and not empty",
                "state": "give --state=FILE, the file the server wrote, holding that entry",
            }[kind]
            raise UnresolvedError(entry, f"{entry} is taken from {kind} {name!r}; {remedy}")
        return _marked(found)

    def _in_file(self, name: str) -> str | None:
        try:
            path = self.folder / Path(name).expanduser()
            return path.read_text(encoding="utf-8").strip() or None
        except (OSError, ValueError, RuntimeError):  # no such user's home is a RuntimeError
            return None

    def _in_state(self, name: str) -> Any:
        found: Any = self._state
        for step in name.split("."):
            found = cast("dict[str, Any]", found).get(step) if isinstance(found, dict) else None
        return found


def _marked(found: Any) -> Any:
    """Return what comes from outside with each text in it marked so."""
    if isinstance(found, dict):
        return {key: _marked(value) for key, value in cast("dict[str, Any]", found).items()}
    if isinstance(found, list):
        return [_marked(one) for one in cast("list[Any]", found)]
    return Resolved(found) if isinstance(found, str) else found


class OpenState(Outside):
    """For a profile whose server writes the state only once it is started: stands in for that."""

    def value(self, entry: str, kind: str, name: str, wanted: Any) -> Any:
        """Return something of the wanted type for what the state will hold."""
        if kind == "state":
            return _stand_in(entry, wanted)
        return super().value(entry, kind, name, wanted)


def resolve(document: dict[str, Any], model: type[Section], source: Source) -> dict[str, Any]:
    """Return a profile's document with every reference replaced. UnresolvedError if one fails."""
    return cast("dict[str, Any]", _resolved(document, model, (), source))


def _resolved(node: Any, wanted: Any, trail: tuple[str, ...], source: Source) -> Any:
    if isinstance(node, list):
        tables = cast("list[Any]", node)
        item = wanted if section_of(wanted) is not None else _table_in(wanted)
        return [_resolved(table, item, trail, source) for table in tables] if item else tables
    if not isinstance(node, dict):
        return node
    table = cast("dict[str, Any]", node)
    if _is_reference(table, wanted):
        kind, name = next(iter(table.items()))
        return source.value(".".join(trail), kind, name, wanted)
    return {
        key: _got(value, (*trail, key), source)
        if _may_be_got(wanted, key) and is_recipe(value)
        else _resolved(value, entry_type(wanted, key), (*trail, key), source)
        for key, value in table.items()
    }


def _may_be_got(wanted: Any, key: str) -> bool:
    """Tell whether an entry of a table of this type is a credential."""
    section = section_of(wanted)
    field = section.model_fields.get(key) if section is not None else None
    return field is not None and is_credential(field)


def _got(table: dict[str, Any], trail: tuple[str, ...], source: Source) -> Resolved:
    """Remember how a credential is got, and return what stands for it until then."""
    entry = ".".join(trail)
    told = {
        kind: _resolved(value, OAuthGrant, (*trail, kind), source) for kind, value in table.items()
    }
    try:
        source.recipes[entry] = recipe_of(told, source.folder)
    except ValueError as error:
        raise UnresolvedError(entry, f"{entry}.{error}") from None
    return Resolved(to_be_got(entry))


def _is_reference(table: dict[str, Any], wanted: Any) -> bool:
    """Tell a reference from a table that has an entry of that name by rights, as a log's file."""
    if len(table) != 1:
        return False
    kind, name = next(iter(table.items()))
    if kind not in KINDS or not isinstance(name, str):
        return False
    section = section_of(wanted)
    if section is not None:
        return kind not in section.model_fields
    return _of_free_names(wanted) not in _FREE


def section_of(wanted: Any) -> type[Section] | None:
    """Return the section that a field's type names, alone, beside None or several times."""
    for member in _members(wanted):
        one = get_args(member)[0] if get_origin(member) is tuple else member
        if isinstance(one, type) and get_origin(one) is None and issubclass(one, Section):
            return one
    return None


def _members(wanted: Any) -> tuple[Any, ...]:
    """Return the types a value may have, without what Annotated adds to them."""
    is_union = get_origin(wanted) in (Union, UnionType)
    return tuple(_bare(one) for one in (get_args(wanted) if is_union else (wanted,)))


def _bare(wanted: Any) -> Any:
    return get_args(wanted)[0] if hasattr(wanted, "__metadata__") else wanted


def _table_in(wanted: Any) -> Any:
    """Return the table with free names that a field's type has several of; None for any other."""
    items = [get_args(one)[0] for one in _members(wanted) if get_origin(one) is tuple]
    return next((one for one in items if _of_free_names(one) is not None), None)


def _of_free_names(wanted: Any) -> Any:
    """Return what the entries of a table with free names are; None for what is no such table."""
    return _bare(get_args(wanted)[1]) if get_origin(wanted) is dict else None


def entry_type(wanted: Any, key: str) -> Any:
    """Return the type of an entry of a table of this type; None for one that nobody knows."""
    if (section := section_of(wanted)) is not None:
        field = section.model_fields.get(key)
        return field.annotation if field else None
    return _of_free_names(wanted)


def _stand_in(entry: str, wanted: Any) -> Any:
    member = _members(wanted)[0]
    if section_of(wanted) is not None:  # of a whole table, what it will hold is not known
        return () if get_origin(member) is tuple else None
    if get_origin(member) is tuple:
        return tuple(_text(entry) for word in get_args(member) if word is not Ellipsis)
    if get_origin(member) is dict:
        return {}
    if member in {int, float}:
        return 1 if member is int else 0.1
    return _text(entry)


def _text(entry: str) -> Resolved:
    return Resolved("http://127.0.0.1/" if entry in _URLS else entry)
