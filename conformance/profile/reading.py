"""Reads a profile: TOML in, a frozen Target out, and for each mistake a sentence with its line."""

from __future__ import annotations

import hashlib
import json
import re
import ssl
import tomllib
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx
from pydantic import ValidationError

from conformance.profile import expectations
from conformance.profile.older import TwofoldError, as_written, renewed
from conformance.profile.references import (
    OpenState,
    Outside,
    Source,
    UnresolvedError,
    entry_type,
    resolve,
    section_of,
)
from conformance.profile.target import Target

if TYPE_CHECKING:
    from pathlib import Path

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")


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
    return _load(path, url, Outside(path, _read_state(state) if state else None))


def load_unstarted(path: Path, *, url: str | None = None) -> Target:
    """Do as ``load`` for a profile whose server, not started yet, is to write the state file.

    What is taken from the state stands open, with its own name for a value. Raises ProfileError.
    """
    return _load(path, url, OpenState(path, None))


def _load(path: Path, url: str | None, source: Source) -> Target:
    document = _parse(path)
    try:
        moved = renewed(document)
    except TwofoldError as error:
        raise ProfileError(f"{_locate(path, error.entry)}: {error}") from None
    if url is not None and isinstance(endpoint := document.setdefault("target", {}), dict):
        endpoint["url"] = url
    target = _validate(path, _resolve(path, document, source, moved), moved)
    target = target.with_recipes(source.recipes)
    if trouble := expectations.trouble(target):
        raise ProfileError(f"{_locate(path, trouble.entry)}: {trouble.entry}: {trouble.sentence}")
    if not isinstance(source, OpenState):
        _require_certificates(path, target.target.ca_bundle)
    return _checked_url(target, _locate(path, "target.url") if url is None else "--target")


def _require_certificates(path: Path, bundle: str | None) -> None:
    if bundle is None:
        return
    try:
        ssl.create_default_context(cafile=bundle)
    except OSError as error:  # an SSLError is one
        raise ProfileError(
            f"{_locate(path, 'target.ca_bundle')}: target.ca_bundle: {bundle!r} cannot be read as "
            f"certificates ({error.strerror or error}); give a PEM file"
        ) from None


def require_current(path: Path, target: Target) -> None:
    """Raise ProfileError for a known failure whose last day has passed: it fails every run."""
    today = expectations.today()
    for name, entry in target.known_failures.items():
        if entry.until < today:
            where = _locate(path, f"known_failures.{name}.until")
            raise ProfileError(
                f"{where}: known_failures.{name}: its last day, {entry.until}, has passed; "
                "mend the failure, or give a later day"
            )


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
        told = _PLACE.search(str(error))
        line = told[1] if told and told[1] else len(path.read_bytes().splitlines())
        raise ProfileError(f"{path}:{line}: is not TOML: {_PLACE.sub('', str(error))}") from None
    except RecursionError:
        raise ProfileError(f"{path}: is nested too deeply for a profile") from None


def _read_state(path: Path) -> dict[str, Any]:
    try:
        return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ProfileError(f"{path}: the state file cannot be read ({error})") from None


def _resolve(
    path: Path, document: dict[str, Any], source: Source, moved: dict[str, str]
) -> dict[str, Any]:
    try:
        return resolve(document, Target, source)
    except UnresolvedError as error:
        where = _locate(path, as_written(error.entry, moved))
        raise ProfileError(f"{where}: {error}") from None


def _validate(path: Path, document: dict[str, Any], moved: dict[str, str] | None = None) -> Target:
    try:
        return Target.model_validate(document)
    except ValidationError as error:
        found = error.errors()
        # A misspelt entry is missing as well, and its line is where that can be mended.
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
        *above, last = first["loc"]
        # Which of several tables it is, no entry of TOML says.
        entry = ".".join([*(step for step in above if isinstance(step, str)), str(last)])
        written = as_written(entry, moved or {})
        sentence = _explain(first, entry)
        raise ProfileError(f"{_locate(path, written)}: {written}: {sentence}") from None


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
    wanted: Any = Target
    for step in parents:
        wanted = entry_type(wanted, step)
    section = section_of(wanted)
    return sorted(section.model_fields) if section else []


def _locate(path: Path, entry: str) -> str:
    """Return ``file:line`` of an entry, or of the nearest table around it."""
    *table, key = entry.split(".")
    current: list[str] = []
    nearest = 1
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if header := re.match(r"\s*\[\[?([^\[\]]+)\]", line):
            current = [part.strip().strip("\"'") for part in header[1].split(".")]
            if [*table, key][: len(current)] == current:
                nearest = number
            if current == [*table, key]:
                return f"{path}:{number}"
        elif (found := re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*=", line)) and current == table[
            : len(current)
        ]:
            rest = [*table[len(current) :], key]
            if found[1].split(".") == rest[: len(found[1].split("."))]:
                return f"{path}:{number}"
    return f"{path}:{nearest}"


def _checked_url(target: Target, origin: str) -> Target:
    try:
        parts = urlsplit(target.url)
        is_fit = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_fit = is_fit and parts.port != 0 and bool(httpx.URL(target.url).host)
    except (ValueError, httpx.InvalidURL):
        is_fit = False
    if not is_fit:
        raise ProfileError(f"{origin}: {target.url!r} is not an http or https URL")
    return target
