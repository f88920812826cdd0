"""Reads what plugins there are, from one TOML file: what is wrong there is told at the start."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.errors import ConfigurationError
from reference_server.core.text import VARIABLE_NAME, is_steering
from reference_server.core.toml import read_toml
from reference_server.core.vocabulary import Provider, Tier
from reference_server.plugins.contracts import (
    CUSTOM_LIST,
    PluginBounds,
    PluginDef,
    PluginToolDef,
    PluginVariableDef,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_MEGABYTE = 1024 * 1024
_TOOL_NAME = re.compile(r"[A-Za-z0-9_.-]{1,128}")
_RESERVED = frozenset({"PATH", CUSTOM_LIST, "IFS", "ENV", "BASH_ENV", "NODE_OPTIONS"})
_RESERVED_BEGINNINGS = ("LD_", "DYLD_", "PYTHON")
"""What decides which code a process runs: no value that a tenant has supplied may be called so."""
_LONGEST_SECONDS = 25.0
"""Below what the server gives any request to the MCP endpoint."""


def load_plugins(
    path: Path | None, shared: Callable[[str], str | None] | None = None
) -> tuple[PluginDef, ...]:
    """Return the plugins of a file, none without one; ``shared`` has the operator's own secrets.

    ConfigurationError names the file, the entry and what to change.
    """
    if path is None:
        return ()
    return _Reader(path, shared).plugins(read_toml(path, "plugins", "--plugins"))


class _Reader:
    """Reads one file; each complaint names it."""

    def __init__(self, path: Path, shared: Callable[[str], str | None] | None) -> None:
        self._path, self._shared = path, shared

    def plugins(self, document: dict[str, Any]) -> tuple[PluginDef, ...]:
        self._only(document, {"plugin"}, "the file")
        found = tuple(self._plugin(entry) for entry in self._tables(document, "plugin", "the file"))
        self._once((plugin.name for plugin in found), "plugins are called")
        names = (tool.name for plugin in found for tool in plugin.tools)
        self._once(names, "tools are called")
        return found

    def _plugin(self, entry: dict[str, Any]) -> PluginDef:
        name = self._text(entry, "name", "[[plugin]]")
        where = f"plugin {name}"
        known = {"name", "command", "path", "tool", "variable"}
        self._only(entry, known | {"seconds", "memory_mb", "output_kb"}, where)
        command = entry.get("command")
        if not _are_words(command) or not command:
            raise self._wrong(where, "command is a list of words: the program and its arguments")
        variables = tuple(
            self._variable(one, where) for one in self._tables(entry, "variable", where)
        )
        self._once((one.name.upper() for one in variables), f"variables of {where} are called")
        tools = tuple(self._tool(one, where) for one in self._tables(entry, "tool", where))
        if not tools:
            raise self._wrong(where, "has no [[plugin.tool]]: name at least one")
        path = entry.get("path", PluginDef.path)
        if not isinstance(path, str) or not path:
            raise self._wrong(where, "path is the PATH of its process, as a text")
        return PluginDef(name, tuple(command), tools, variables, path, self._bounds(entry, where))

    def _bounds(self, entry: dict[str, Any], where: str) -> PluginBounds:
        usual = PluginBounds()
        seconds = self._number(entry, "seconds", usual.seconds, _LONGEST_SECONDS, where)
        memory = self._number(entry, "memory_mb", usual.memory_bytes / _MEGABYTE, 65_536, where)
        output = self._number(entry, "output_kb", usual.output_bytes / 1024, 16_384, where)
        return PluginBounds(seconds, int(memory * _MEGABYTE), int(output * 1024))

    def _variable(self, entry: dict[str, Any], where: str) -> PluginVariableDef:
        name = self._text(entry, "name", f"[[plugin.variable]] of {where}")
        known = {"name", "secret", "shared", "required", "value"}
        self._only(entry, known, f"{where}, variable {name}")
        secret, required = entry.get("secret", True), entry.get("required", True)
        shared, value = entry.get("shared", False), entry.get("value")
        upper = name.upper()
        if not VARIABLE_NAME.fullmatch(name):
            raise self._wrong(where, f"{name!r} is no name of a variable: use letters, digits, _")
        is_reserved = upper in _RESERVED or upper.startswith(_RESERVED_BEGINNINGS)
        if is_reserved or (secret is True and is_steering(name)):
            raise self._wrong(where, f"the variable {name} decides what is run: name another")
        if upper in set(Provider) and name != upper:
            raise self._wrong(where, f"the variable {name} is a provider's key: write {upper}")
        if not all(isinstance(told, bool) for told in (secret, shared, required)):
            raise self._wrong(where, f"secret, shared and required of {name} are true or false")
        if secret and value is not None:
            raise self._wrong(where, f"{name} is secret: take its value out of this file")
        if not secret and not isinstance(value, str):
            raise self._wrong(where, f"{name} is no secret: give its value, as a text")
        if shared and not secret:
            raise self._wrong(where, f"{name} is no secret: leave shared out")
        found = self._shared(name) if shared and self._shared else value
        return PluginVariableDef(name, secret, required, found, shared)

    def _tool(self, entry: dict[str, Any], where: str) -> PluginToolDef:
        name = self._text(entry, "name", f"[[plugin.tool]] of {where}")
        at = f"{where}, tool {name}"
        self._only(entry, {"name", "description", "tiers", "input_schema"}, at)
        if not _TOOL_NAME.fullmatch(name):
            raise self._wrong(at, "a tool's name has letters, digits, _, - and . alone")
        schema = entry.get("input_schema", {"type": "object", "properties": {}})
        if not isinstance(schema, dict) or cast("Any", schema).get("type") != "object":
            raise self._wrong(at, 'input_schema is a JSON Schema of type "object"')
        # What is not declared does not reach the process.
        closed = {**cast("dict[str, Any]", schema), "additionalProperties": False}
        return PluginToolDef(
            name, self._text(entry, "description", at), closed, self._tiers(entry, at)
        )

    def _tiers(self, entry: dict[str, Any], where: str) -> frozenset[Tier]:
        named = entry.get("tiers", [Tier.ADMIN, Tier.USER, Tier.A2A, Tier.MCP, Tier.SERVICE])
        if not _are_words(named) or not set(named) <= set(Tier):
            raise self._wrong(where, f"tiers are some of {', '.join(Tier)}")
        return frozenset(map(Tier, named))

    def _tables(self, entry: dict[str, Any], name: str, where: str) -> list[dict[str, Any]]:
        found = entry.get(name, [])
        if not isinstance(found, list) or not all(
            isinstance(one, dict) for one in cast("Any", found)
        ):
            raise self._wrong(where, f"{name} is a table: write [[…{name}]]")
        return cast("list[dict[str, Any]]", found)

    def _text(self, entry: dict[str, Any], name: str, where: str) -> str:
        found = entry.get(name)
        if not isinstance(found, str) or not found.strip():
            raise self._wrong(where, f"has no {name}: give a text")
        return found

    def _number(
        self, entry: dict[str, Any], name: str, usual: float, most: float, where: str
    ) -> float:
        found = entry.get(name, usual)
        if isinstance(found, bool) or not isinstance(found, int | float) or not 0 < found <= most:
            raise self._wrong(where, f"{name} is a number above 0, {most:g} at most")
        return float(found)

    def _only(self, entry: dict[str, Any], known: set[str], where: str) -> None:
        if odd := sorted(set(entry) - known):
            raise self._wrong(where, f"{odd[0]} is unknown: there are {', '.join(sorted(known))}")

    def _once(self, names: Iterable[str], what: str) -> None:
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ConfigurationError(f"{self._path}: two {what} {twice[0]}: rename one.")

    def _wrong(self, where: str, reason: str) -> ConfigurationError:
        return ConfigurationError(f"{self._path}: {where}: {reason}.")


def _are_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in cast("Any", value))
