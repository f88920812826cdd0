"""The demo's secrets: those of the server, and those of who operates it."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING

from reference_server.core.secrets import ADMIN_PASSWORD, AUDITOR_PASSWORD, PROXY_SIGNING
from reference_server.core.vocabulary import Role, SecretName
from reference_server.demo.world import write_secret

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from reference_server.demo.database import DemoDatabase


def server_secrets(database: DemoDatabase) -> dict[str, bytes]:
    """Return what the server is given, by the names of the files."""
    values = {str(name): base64.b64encode(secrets.token_bytes(32)) for name in SecretName}
    values[PROXY_SIGNING] = base64.b64encode(secrets.token_bytes(32))
    values[SecretName.DB_PASSWORD] = database.passwords[Role.APP].encode()
    values[SecretName.AUDIT_CHAIN_KEY] = database.chain_key
    return values


def operator_secrets(database: DemoDatabase) -> dict[str, bytes]:
    """Return what an operator's machine has."""
    return {
        ADMIN_PASSWORD: database.passwords[Role.ADMIN].encode(),
        AUDITOR_PASSWORD: database.passwords[Role.AUDITOR].encode(),
        SecretName.AUDIT_CHAIN_KEY: database.chain_key,
    }


def write_secrets(directory: Path, values: Mapping[str, bytes]) -> None:
    """Write the files into a folder that is made for them."""
    directory.mkdir(mode=0o700)
    for name, value in values.items():
        write_secret(directory / name, value)
