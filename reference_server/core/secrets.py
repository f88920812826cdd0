"""Secrets come from files of one directory, all of them before a port is opened.

Those are the server's own: who has one of them forges keys, tokens or the trail, and no caller is
served rightly without it. So a wrong one ends the start, whatever ``SecretMode`` says, and none is
taken from the environment, which child processes inherit and other users' tools may show. What
tools need beside them may come from there, and be missing (``core.providers``).
"""

from __future__ import annotations

import re
import stat
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reference_server.core.errors import ConfigurationError
from reference_server.core.vocabulary import SecretMode, SecretName

if TYPE_CHECKING:
    from collections.abc import Mapping

ADMIN_PASSWORD = "DB_ADMIN_PASSWORD"  # noqa: S105 -- the name of a secret
"""The owner's password: for `migrate` and `seed-tenant` only, so no part of what a server loads."""

AUDITOR_PASSWORD = "DB_AUDITOR_PASSWORD"  # noqa: S105 -- the name of a secret
"""The auditor's password: for `verify-audit` only."""

REDIS_PASSWORD = "REDIS_PASSWORD"  # noqa: S105 -- the name of a secret
"""What Redis asks for, if it does: the file may be absent."""

SESSION_SIGNING_PREVIOUS = "SESSION_SIGNING_SECRET_PREVIOUS"
"""The one before, while its tokens still live: the file may be absent."""

PROXY_SIGNING = "PROXY_SIGNING_SECRET"
"""What proxies sign their word for a caller with: without the file no proxy is believed."""

PROXY_SIGNING_PREVIOUS = "PROXY_SIGNING_SECRET_PREVIOUS"
"""The one before, while some proxy still has it: the file may be absent."""

MAIL_KEY, MAIL_WEBHOOK = "RESEND_API_KEY", "MAIL_WEBHOOK_SECRET"
"""What the mail provider knows the server by, and it the provider; needed where mail is sent."""

SIGNING_BYTES = 32
"""The least that a secret which signs may have: what HMAC-SHA256 puts out (RFC 7518, 3.2)."""

_SAMPLES = Path(__file__).with_name("samples.txt")
_FEW_LETTERS = 8
"""A secret of fewer different bytes was typed: among 32 random ones there are more, in any form."""

_MINIMUM_BYTES = {
    SecretName.CREDENTIAL_KEK: 32,
    SecretName.API_KEY_HMAC_SECRET: 32,
    SecretName.ADMIN_TOKEN: 32,
    SecretName.AUDIT_CHAIN_KEY: 32,
    SecretName.DB_PASSWORD: 1,
    SecretName.SESSION_SIGNING_SECRET: SIGNING_BYTES,
}


OWN = frozenset(
    {
        *map(str, SecretName),
        *(ADMIN_PASSWORD, AUDITOR_PASSWORD, REDIS_PASSWORD),
        *(SESSION_SIGNING_PREVIOUS, PROXY_SIGNING, PROXY_SIGNING_PREVIOUS),
        *(MAIL_KEY, MAIL_WEBHOOK),
        *("JWT_SECRET", "DATABASE_URL"),
    }
)
"""The names of the server's own secrets, and what others call two of them."""


class ProviderKeys(Protocol):
    """The keys of providers and the custom secrets, for the programs that tools run in."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all of them, in upper case, in order."""
        ...

    def get(self, name: str) -> str | None:
        """Return one by its name in any letter case; None where there is none."""
        ...

    def custom(self) -> Mapping[str, str]:
        """Return the custom ones by the names that they were given."""
        ...


def load_secrets(directory: Path) -> Mapping[SecretName, bytes]:
    """Return every secret the server needs, without the line end that editors add.

    ConfigurationError, naming the first secret that is missing, unreadable, empty, too short, or
    published somewhere as a sample or default.
    """
    if not directory.is_dir():
        raise ConfigurationError(
            f"The secrets directory {directory} does not exist: make it or point --secrets to it."
        )
    return {name: read_secret(directory, name, minimum=_MINIMUM_BYTES[name]) for name in SecretName}


def read_secret(directory: Path, name: str, *, minimum: int = 1) -> bytes:
    """Return one secret of at least ``minimum`` bytes; ConfigurationError otherwise."""
    path = directory / name
    try:
        value = path.read_bytes().rstrip(b"\r\n")
    except FileNotFoundError as error:
        raise ConfigurationError(f"The secret {name} is missing: write it to {path}.") from error
    except OSError as error:
        raise ConfigurationError(
            f"The secret {name} cannot be read ({error.strerror}): check {path} and its mode."
        ) from error
    if not value.strip():
        raise ConfigurationError(f"The secret {name} is empty: write it to {path}.")
    if len(value) < minimum:
        raise ConfigurationError(
            f"The secret {name} is too short: write at least {minimum} bytes to {path}."
        )
    if is_sample(value) or (minimum >= SIGNING_BYTES and is_typed(value)):
        raise ConfigurationError(
            f"The secret {name} is a sample that others know, or was never random: write the "
            f"output of `openssl rand -base64 32` to {path}."
        )
    return value


def find_secret(directory: Path, name: str, *, minimum: int = 1) -> bytes | None:
    """Return a secret that may be absent, then None; errors as those of ``read_secret``."""
    present = (directory / name).exists()
    return read_secret(directory, name, minimum=minimum) if present else None


def find_signing(directory: Path, *names: str) -> tuple[bytes, ...]:
    """Return those of some signing secrets that are there; errors as those of ``read_secret``."""
    found = (find_secret(directory, name, minimum=SIGNING_BYTES) for name in names)
    return tuple(value for value in found if value is not None)


def is_sample(value: bytes) -> bool:
    """Tell whether a secret stands in somebody's documentation, or says itself that it does."""
    whole, words = _samples()
    text = value.decode("utf-8", "replace").strip().lower()
    plain = re.sub(r"[^a-z0-9]", "", text)
    return text in whole or any(word in plain for word in words)


def is_typed(value: bytes) -> bool:
    """Tell whether a long secret is of few letters, or repeats one beginning to its end."""
    if len(set(value)) < _FEW_LETTERS:
        return True
    # A text that stands in its own double elsewhere than at its ends is a shorter one, repeated.
    return (value + value).find(value, 1) < len(value)


@cache
def _samples() -> tuple[frozenset[str], frozenset[str]]:
    """Return the samples that are refused as a whole, and the words that no secret may hold."""
    lines = (line.strip().lower() for line in _SAMPLES.read_text("utf-8").splitlines())
    known = [line for line in lines if line and not line.startswith("#")]
    words = frozenset(line[1:] for line in known if line.startswith("*"))
    return frozenset(known) - words, words


def find_exposed(directory: Path, mode: SecretMode) -> list[str]:
    """Return the complaints about files of secrets that others can reach; none if nobody looks.

    ConfigurationError, with the first of them, when the mode is strict. A group may read: systemd
    hands credentials over with such a mode. Anybody else, or a group that writes, may not.
    """
    if mode is SecretMode.SKIP:
        return []
    complaints: list[str] = []
    for path in sorted(directory.iterdir()):
        complaint = exposure(path, f"The secret {path.name}") if path.is_file() else None
        if complaint is not None:
            complaints.append(complaint)
    if complaints and mode is SecretMode.STRICT:
        raise ConfigurationError(complaints[0])
    return complaints


def examined(directory: Path, mode: SecretMode) -> list[str]:
    """Return a line for each secret that the server needs, and for each file that others reach.

    Nothing is raised: a line that begins with ``refused`` tells why the server would not start.
    """
    lines: list[str] = []
    for name in SecretName:
        try:
            read_secret(directory, name, minimum=_MINIMUM_BYTES[name])
        except ConfigurationError as error:
            lines.append(f"refused: {error}")
        else:
            lines.append(f"{name}: from {directory / name}")
    try:
        lines += [f"warning: {complaint}" for complaint in find_exposed(directory, mode)]
    except (ConfigurationError, OSError) as error:
        lines.append(f"refused: {error}")
    return lines


def exposure(path: Path, what: str) -> str | None:
    """Return the complaint about a file that others can reach; None about one that is private.

    OSError for a file that is not there.
    """
    bits = stat.S_IMODE(path.stat().st_mode)
    if not bits & (stat.S_IRWXO | stat.S_IWGRP):
        return None
    return f"{what} can be reached by others (mode {bits:04o}): run chmod 600 {path}."
