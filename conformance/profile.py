"""Reads a profile: TOML in, a frozen Target out, and for each mistake a sentence with its line."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from pydantic import ValidationError

from conformance.sections import Resolved
from conformance.target import Target

_REFERENCES = ("env", "file", "state")


class ProfileError(Exception):
    """A profile cannot be used. The message names file, line, entry and remedy."""


def from_url(url: str) -> Target:
    """Return the target that a URL alone describes: the wire channel and nothing else."""
    return _checked_url(Target.model_validate({"target": {"url": url}}), "--target")


def start_section(path: Path) -> Target:
    """Return the profile with state references left open: enough to start the target.

    Raises ProfileError for a file that is not a profile.
    """
    document = _parse(path)
    return _validate(path, {"start": document.get("start"), "target": {"url": "http://127.0.0.1/"}})


def load(path: Path, *, url: str | None = None, state: Path | None = None) -> Target:
    """Read, resolve and validate a profile; ``url`` overrides the one it holds.

    Raises ProfileError for anything that is wrong with it.
    """
    document = _parse(path)
    if url is not None:
        document.setdefault("target", {})["url"] = url
    values = _read_state(state) if state else None
    resolved = _resolve(document, (), _References(path, values))
    return _checked_url(_validate(path, resolved), str(path))


def digest(path: Path | None) -> str | None:
    """Return a short digest of the profile's text, which holds no secret."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path else None


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProfileError(f"{path}: no such profile; --profile takes a TOML file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: cannot be read ({error})") from None
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: is not TOML: {error}") from None


def _read_state(path: Path) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ProfileError(f"{path}: the state file cannot be read ({error})") from None


class _References:
    """Looks up what ``{ env = … }``, ``{ file = … }`` and ``{ state = … }`` stand for."""

    def __init__(self, profile: Path, state: dict[str, Any] | None) -> None:
        self.profile, self.state = profile, state

    def value(self, entry: str, kind: str, name: str) -> Any:
        found = getattr(self, f"_{kind}")(name)
        if found is None:
            where = _locate(self.profile, entry)
            remedy = {
                "env": f"set the environment variable {name}",
                "file": f"create the file {name}, readable and not empty",
                "state": "give --state=FILE, the file the server wrote, holding that entry",
            }[kind]
            raise ProfileError(f"{where}: {entry} is taken from {kind} {name!r}; {remedy}")
        return Resolved(found) if isinstance(found, str) else found

    @staticmethod
    def _env(name: str) -> str | None:
        return os.environ.get(name) or None

    def _file(self, name: str) -> str | None:
        try:
            path = self.profile.parent / Path(name).expanduser()
            return path.read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            return None

    def _state(self, name: str) -> Any:
        found: Any = self.state
        for step in name.split("."):
            found = cast("dict[str, Any]", found).get(step) if isinstance(found, dict) else None
        return found


def _resolve(node: Any, trail: tuple[str, ...], references: _References) -> Any:
    if isinstance(node, dict):
        table = cast("dict[str, Any]", node)
        if len(table) == 1 and (kind := next(iter(table))) in _REFERENCES:
            name = table[kind]
            if isinstance(name, str):
                return references.value(".".join(trail), kind, name)
        return {key: _resolve(value, (*trail, key), references) for key, value in table.items()}
    return node


def _validate(path: Path, document: dict[str, Any]) -> Target:
    try:
        return Target.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        entry = ".".join(str(step) for step in first["loc"])
        where = _locate(path, entry)
        raise ProfileError(f"{where}: {entry}: {_explain(first, entry)}") from None


def _explain(error: Any, entry: str) -> str:
    if error["type"] == "extra_forbidden":
        *parents, name = entry.split(".")
        known = _known_keys(parents)
        remedy = f"; known here: {', '.join(known)}" if known else ""
        return f"unknown key {name!r}{remedy}"
    if error["type"] == "missing":
        return "is missing; a profile needs it"
    return str(error["msg"]).removeprefix("Value error, ")


def _known_keys(parents: list[str]) -> list[str]:
    model: Any = Target
    for step in parents:
        field = model.model_fields.get(step) if hasattr(model, "model_fields") else None
        if field is None:
            return []
        candidates = getattr(field.annotation, "__args__", (field.annotation,))
        model = next((item for item in candidates if hasattr(item, "model_fields")), None)
    return sorted(model.model_fields) if model is not None else []


def _locate(path: Path, entry: str) -> str:
    """Return ``file:line`` of an entry, or of the nearest table around it."""
    *table, key = entry.split(".")
    current: list[str] = []
    nearest = 1
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            current = [part.strip().strip('"') for part in header[1].split(".")]
            if [*table, key][: len(current)] == current:
                nearest = number
            if current == [*table, key]:
                return f"{path}:{number}"
        elif (found := re.match(r"\s*\"?([\w.-]+)\"?\s*=", line)) and current == table[
            : len(current)
        ]:
            rest = [*table[len(current) :], key]
            if found[1].split(".") == rest[: len(found[1].split("."))]:
                return f"{path}:{number}"
    return f"{path}:{nearest}"


def _checked_url(target: Target, origin: str) -> Target:
    parts = urlsplit(target.url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ProfileError(f"{origin}: {target.url!r} is not an http or https URL")
    return target
