"""Secrets come from files of one directory, all of them before a port is opened."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from reference_server.core.errors import ConfigurationError
from reference_server.core.vocabulary import SecretMode, SecretName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ADMIN_PASSWORD = "DB_ADMIN_PASSWORD"  # noqa: S105 -- the name of a secret
"""The owner's password: for `migrate` and `seed-tenant` only, so no part of what a server loads."""

AUDITOR_PASSWORD = "DB_AUDITOR_PASSWORD"  # noqa: S105 -- the name of a secret
"""The auditor's password: for `verify-audit` only."""

REDIS_PASSWORD = "REDIS_PASSWORD"  # noqa: S105 -- the name of a secret
"""What Redis asks for, if it does: the file may be absent."""

_MINIMUM_BYTES = {
    SecretName.CREDENTIAL_KEK: 32,
    SecretName.API_KEY_HMAC_SECRET: 32,
    SecretName.ADMIN_TOKEN: 32,
    SecretName.AUDIT_CHAIN_KEY: 32,
    SecretName.DB_PASSWORD: 1,
}


def load_secrets(directory: Path) -> Mapping[SecretName, bytes]:
    """Return every secret the server needs, without the line end that editors add.

    ConfigurationError, naming the first secret that is missing, unreadable, empty or too short.
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
    return value


def find_secret(directory: Path, name: str) -> bytes | None:
    """Return a secret that may be absent, then None; ConfigurationError when it is unreadable."""
    return read_secret(directory, name) if (directory / name).exists() else None


def find_exposed(directory: Path, mode: SecretMode) -> list[str]:
    """Return the complaints about files of secrets that others can reach; none if nobody looks.

    ConfigurationError, with the first of them, when the mode is strict. A group may read: systemd
    hands credentials over with such a mode. Anybody else, or a group that writes, may not.
    """
    if mode is SecretMode.SKIP:
        return []
    complaints: list[str] = []
    for path in sorted(directory.iterdir()):
        bits = stat.S_IMODE(path.stat().st_mode)
        if path.is_file() and bits & (stat.S_IRWXO | stat.S_IWGRP):
            complaints.append(
                f"The secret {path.name} can be reached by others (mode {bits:04o}): "
                f"run chmod 600 {path}."
            )
    if complaints and mode is SecretMode.STRICT:
        raise ConfigurationError(complaints[0])
    return complaints
