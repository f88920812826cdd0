"""The secrets that tools need: keys of providers, and custom ones, from one file or environment.

A tool without its key fails by itself, which a caller is told; so these may be absent, and what is
wrong with one may be left out with a warning (``SecretMode``). The server's own secrets are not
among them: ``core.secrets`` has those.
"""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.errors import ConfigurationError
from reference_server.core.secrets import OWN, SIGNING_BYTES, exposure, is_sample, is_typed
from reference_server.core.text import VARIABLE_NAME, is_steering
from reference_server.core.vocabulary import Provider, SecretMode, SecretSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from typing import Self

    from reference_server.core.settings import Settings

LEAST_CHARACTERS, MOST_CHARACTERS = 8, 8_192
MOST_BYTES = 1 << 20
"""Of the file."""

_SHORT = {provider.name: provider for provider in Provider}
_SIGNS = re.compile(r"JWT_SECRET|SIGNING|HMAC")
"""Custom secrets that sign go by names like these: they have to be as long as our own."""


@dataclass(frozen=True)
class ProviderSecrets:
    """What was found, and the complaints about what was left out; a ``ProviderKeys``.

    ``keys`` are by upper-case names, ``own_names`` tell how each custom one was written.
    """

    source: str
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    own_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    complaints: tuple[str, ...] = ()

    @classmethod
    def load(cls, settings: Settings, environment: Mapping[str, str]) -> Self:
        """Return what the settings lead to.

        ConfigurationError for the first complaint where the mode is strict, and in any mode for
        one of the server's own secrets, and for a file that is neither JSON nor TOML by its name.
        """
        reading = _Reading(settings.secret_mode)
        if settings.secret_source is SecretSource.ENVIRONMENT:
            source, given = "the environment", _from_environment(settings, environment)
        elif settings.secret_file is not None:
            source, given = str(settings.secret_file), reading.read(settings.secret_file)
        else:
            return cls("nowhere")
        for name, value in given:
            reading.take(name, value, source)
        return cls(
            source,
            MappingProxyType(reading.keys),
            MappingProxyType(reading.own_names),
            tuple(reading.complaints),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them, in upper case, in order."""
        return tuple(sorted(self.keys))

    def get(self, name: str) -> str | None:
        """Return one by its name in any letter case, or by a provider's; None where there is none.

        A provider's name is the short one of ``Provider``, such as ``github``.
        """
        return self.keys.get(_plain(name))

    def custom(self) -> Mapping[str, str]:
        """Return the custom ones by the names that they were given."""
        return {own: self.keys[name] for name, own in self.own_names.items()}


class _Reading:
    """Takes one secret after the other, as the mode wants it."""

    def __init__(self, mode: SecretMode) -> None:
        self._mode = mode
        self.keys: dict[str, str] = {}
        self.own_names: dict[str, str] = {}
        self.complaints: list[str] = []

    def read(self, path: Path) -> Iterable[tuple[str, object]]:
        """Return what a file has; nothing of one that cannot be read."""
        parse = _PARSERS.get(path.suffix.lower())
        if parse is None:
            raise ConfigurationError(
                f"The secret file {path} is neither .json nor .toml: name it by what it is."
            )
        try:
            if (complaint := exposure(path, "The secret file")) is not None:
                self._complain(complaint)
            with path.open("rb") as file:
                text = file.read(MOST_BYTES + 1)
        except OSError as error:
            self._complain(f"The secret file {path} cannot be read ({error.strerror}).")
            return ()
        if len(text) > MOST_BYTES:
            self._complain(f"The secret file {path} is larger than {MOST_BYTES} bytes: shorten it.")
            return ()
        try:
            return parse(text.decode())
        except (ValueError, RecursionError):  # its words may show what stands in the file
            self._complain(f"The secret file {path} is no table of texts by their names: mend it.")
            return ()

    def take(self, name: str, value: object, source: str) -> None:
        """Take a secret, or leave it out with a complaint."""
        plain = _plain(name)
        if plain in OWN:
            raise ConfigurationError(
                f"{source} has {name}, which is one of the server's own secrets: those are files "
                "of --secrets, one each, in every mode. Take it out."
            )
        complaint = self._complaint(plain, value)
        if complaint is not None:
            # A name that is none may be a secret in the wrong place.
            shown = name if VARIABLE_NAME.fullmatch(name) else "of a wrong name"
            self._complain(f"The secret {shown} in {source} {complaint}, and is left out.")
            return
        self.keys[plain] = str(value)
        if plain not in set(Provider):
            self.own_names[plain] = name

    def _complaint(self, plain: str, value: object) -> str | None:
        if not VARIABLE_NAME.fullmatch(plain) or is_steering(plain):
            return "cannot be a variable of a tool: choose another name"
        if plain in self.keys:
            return "stands there twice, in other letters"
        if not isinstance(value, str) or not value.replace("\n", "").isprintable():
            return "is no text of printable characters and line ends"
        return None if self._mode is SecretMode.SKIP else _weakness(plain, value)

    def _complain(self, complaint: str) -> None:
        if self._mode is SecretMode.STRICT:
            raise ConfigurationError(f"{complaint} With --secret-mode warn the server starts.")
        if self._mode is SecretMode.WARN:
            self.complaints.append(complaint)


def _weakness(plain: str, value: str) -> str | None:
    least = SIGNING_BYTES if _SIGNS.search(plain) else LEAST_CHARACTERS
    if not least <= len(value) <= MOST_CHARACTERS:
        return f"has not {least} to {MOST_CHARACTERS} characters"
    if is_sample(value.encode()) or is_typed(value.encode()):
        return "is a sample that others know, or was never random"
    return None


def _plain(name: str) -> str:
    upper = name.upper()
    return _SHORT.get(upper, upper)


def _from_environment(
    settings: Settings, environment: Mapping[str, str]
) -> Iterable[tuple[str, object]]:
    """Yield what is set: of providers by their own variables, of custom ones in upper case."""
    for name in (*Provider, *settings.custom_secrets):
        if _plain(name) in OWN:
            yield name, None  # refused by its name, wherever its value is
        elif (value := environment.get(name) or environment.get(name.upper())) is not None:
            yield name, value


def _json(text: str) -> list[tuple[str, object]]:
    # As pairs, for of a name that stands twice a mapping would keep the last.
    found: object = json.loads(text, object_pairs_hook=list)
    if not text.lstrip().startswith("{"):
        raise ValueError(text)
    return cast("list[tuple[str, object]]", found)


def _toml(text: str) -> list[tuple[str, object]]:
    found: dict[str, Any] = tomllib.loads(text)
    return list(found.items())


_PARSERS = {".json": _json, ".toml": _toml}
