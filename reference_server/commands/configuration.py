"""Where settings come from: a TOML file, HALLMARK_* variables, options; the later one wins.

Whatever is wrong is named with its source, and so is a setting that there is not.
"""

from __future__ import annotations

import os
import re
import sys
from dataclasses import MISSING, dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.errors import ConfigurationError
from reference_server.core.providers import ProviderSecrets
from reference_server.core.secrets import examined
from reference_server.core.settings import (
    Limits,
    Settings,
    check_secrets,
    check_sessions,
    check_sharing,
)
from reference_server.core.toml import read_toml

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from dataclasses import Field
    from typing import Final

    from pydantic import ValidationError

FILE = "settings_file"
FILE_VARIABLE = "HALLMARK_SETTINGS"
_LIMIT = "limits"
_PASSWORD = re.compile(r"(://[^:/@]*):[^/]*@")
_LISTS = frozenset(
    {
        *("allowed_hosts", "allowed_origins", "fetch_origins", "token_chain", "trusted_proxies"),
        *("allowed_agents", "refused_agents", "refused_paths", "custom_secrets"),
        "client_documents",
        "mail_names",
    }
)
_NAMES: Final = {"secrets_dir": "secrets"}
"""Settings that go by a shorter name outside."""


@dataclass(frozen=True)
class Given:
    """A setting's value as somebody wrote it, and where."""

    value: Any
    source: str


def add_settings_options(parser: argparse.ArgumentParser) -> None:
    """Add an option for the settings file, and one for each setting."""
    parser.add_argument(
        "--settings",
        dest=FILE,
        type=Path,
        metavar="FILE",
        help=f"TOML with any of the settings below, and a table [limits] ({FILE_VARIABLE})",
    )
    for entry in _plain_fields():
        parser.add_argument(
            _option(entry.name), dest=entry.name, metavar="VALUE", help=_described(entry)
        )
    parser.add_argument(
        "--limit",
        dest=_LIMIT,
        action="append",
        default=[],
        metavar="NAME=NUMBER",
        help="one of the limits, as often as needed (HALLMARK_LIMITS_NAME); windows are in "
        f"seconds: {', '.join(f'{entry.name} {entry.default}' for entry in fields(Limits))}",
    )


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings of a command line; ConfigurationError names what is wrong with one."""
    return validated(gathered(arguments))


def gathered(arguments: argparse.Namespace) -> dict[str, Given]:
    """Return what is set anywhere, by its path (``port``, ``limits.block``)."""
    file = getattr(arguments, FILE) or os.environ.get(FILE_VARIABLE)
    found = _from_file(Path(file)) if file else {}
    return found | _from_environment() | _from_options(arguments)


def show_settings(arguments: argparse.Namespace) -> int:
    """Write what ``serve`` would use; return the exit code, 0."""
    given = gathered(arguments)
    settings = validated(given)
    check_sessions(settings)
    check_secrets(settings)
    sys.stdout.write(shown(settings, given) + shown_secrets(settings))
    return 0


def validated(given: Mapping[str, Given]) -> Settings:
    """Return the settings; ConfigurationError for the first that is unknown, wrong or missing."""
    from pydantic import ValidationError

    nested: dict[str, Any] = {_LIMIT: {}}
    for path, entry in given.items():
        group, _, name = path.rpartition(".")
        (nested[group] if group else nested)[name] = entry.value
    try:
        settings = Settings(**nested)
    except ValidationError as error:
        raise ConfigurationError(_complaint(error, given)) from None
    check_sharing(settings)
    return settings


def shown(settings: Settings, given: Mapping[str, Given]) -> str:
    """Return the settings as TOML that could be a settings file, each with its source."""
    lines = [_line(entry.name, getattr(settings, entry.name), given) for entry in _plain_fields()]
    lines += ["", f"[{_LIMIT}]"]
    for entry in fields(Limits):
        value = getattr(settings.limits, entry.name)
        lines.append(_line(f"{_LIMIT}.{entry.name}", value, given))
    return "\n".join(lines) + "\n"


def shown_secrets(settings: Settings) -> str:
    """Return as comments which secrets there are, by name alone, and what is wrong with any.

    ConfigurationError as from ``ProviderSecrets.load``.
    """
    tools = ProviderSecrets.load(settings, os.environ)
    lines = examined(settings.secrets_dir, settings.secret_mode)
    lines += [f"{name}: from {tools.source}" for name in tools.names]
    lines += [f"warning: {complaint}" for complaint in tools.complaints]
    return "\n# secrets\n" + "".join(f"# {line}\n" for line in lines)


def _plain_fields() -> list[Field[Any]]:
    return [entry for entry in fields(Settings) if entry.name != _LIMIT]


def _paths() -> list[str]:
    limits = [f"{_LIMIT}.{entry.name}" for entry in fields(Limits)]
    return [*(entry.name for entry in _plain_fields()), *limits]


def _outer(path: str) -> str:
    return _NAMES.get(path, path)


def _option(path: str) -> str:
    return "--" + _outer(path).replace("_", "-")


def _variable(path: str) -> str:
    return "HALLMARK_" + _outer(path).replace(".", "_").upper()


def _described(entry: Field[Any]) -> str:
    notes = [_variable(entry.name)]
    if entry.default not in (MISSING, None, ()):
        notes.append(f"default {_text(entry.default)}")
    return f"{entry.metadata['meaning']} ({'; '.join(notes)})"


def _text(value: Any) -> str:
    """Return a value as an option or a variable would have it."""
    return ",".join(map(str, cast("list[Any]", value))) if isinstance(value, tuple) else str(value)


def _from_file(path: Path) -> dict[str, Given]:
    read = read_toml(path, "settings", "--settings")
    limits = cast("object", read.pop(_LIMIT, {}))
    if not isinstance(limits, dict):
        raise ConfigurationError(f"{path}: limits is a table: write [limits] above its lines.")
    own = cast("dict[str, Any]", limits)
    flat = read | {f"{_LIMIT}.{name}": value for name, value in own.items()}
    inner = {outer: name for name, outer in _NAMES.items()}
    return {
        inner.get(name, name): Given(value, f"{path}: {name}")
        for name, value in flat.items()
        if _is_known(name, f"{path}: {name}")
    }


def _from_environment() -> dict[str, Given]:
    return {
        path: Given(_parsed(path, value), _variable(path))
        for path in _paths()
        if (value := os.environ.get(_variable(path)))
    }


def _from_options(arguments: argparse.Namespace) -> dict[str, Given]:
    found = {
        entry.name: Given(_parsed(entry.name, value), _option(entry.name))
        for entry in _plain_fields()
        if (value := getattr(arguments, entry.name)) is not None
    }
    for text in getattr(arguments, _LIMIT):
        name, _, value = text.partition("=")
        if _is_known(f"{_LIMIT}.{name}", f"--limit {text}"):
            found[f"{_LIMIT}.{name}"] = Given(value, f"--limit {name}")
    return found


def _parsed(path: str, text: str) -> Any:
    """Return what a text from outside TOML stands for: lists are separated by commas."""
    is_list = path in _LISTS
    return [part.strip() for part in text.split(",") if part.strip()] if is_list else text


def _is_known(name: str, source: str) -> bool:
    known = list(map(_outer, _paths()))
    if name in known:
        return True
    near = get_close_matches(name, known, n=1)
    remedy = f"do you mean {near[0]}?" if near else f"there are {', '.join(known)}."
    raise ConfigurationError(f"{source} is no setting: {remedy}")


def _complaint(error: ValidationError, given: Mapping[str, Given]) -> str:
    first = error.errors()[0]
    names = list(map(str, first["loc"]))
    path = ".".join(names[: 2 if names[0] == _LIMIT else 1])
    entry = given.get(path)
    if entry is None:
        remedy = f"give {_option(path)}, {_variable(path)}, or a line in the settings file."
        return f"{_outer(path)} is not set: {remedy}"
    reason = first["msg"].removeprefix("Value error, ")
    return f"{entry.source} is {entry.value!r}: {reason[:1].lower()}{reason[1:]}."


def _line(path: str, value: Any, given: Mapping[str, Given]) -> str:
    entry = given.get(path)
    name = _outer(path).removeprefix(f"{_LIMIT}.")
    source = entry.source if entry else "default"
    return f"# {name} is not set" if value is None else f"{name} = {_toml(value)}  # {source}"


def _toml(value: Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, cast('tuple[Any, ...]', value)))}]"
    if isinstance(value, int):
        return str(value).lower()  # a truth value is a number to Python, and small in TOML
    escaped = _PASSWORD.sub(r"\1:***@", str(value)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
