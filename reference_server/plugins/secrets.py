"""Tenants' secrets for plugins: in the vault, or in files, TENANT/NAME."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_server.core.errors import ToolError
from reference_server.core.text import VARIABLE_NAME

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from reference_server.plugins.contracts import PluginSecrets
    from reference_server.vault.contracts import Credentials


@dataclass(frozen=True)
class FilePluginSecrets:
    """Reads ``FOLDER/TENANT/NAME`` anew at each call, so that a changed secret counts at once."""

    folder: Path

    def get(self, tenant: UUID, name: str) -> str | None:
        """Return the secret without the line end that editors add; None where there is no file.

        ToolError for one that others may read, or that cannot be read as UTF-8.
        """
        if not VARIABLE_NAME.fullmatch(name):
            return None
        path = self.folder / str(tenant) / name
        try:
            with path.open("rb") as file:
                mode = stat.S_IMODE(path.stat().st_mode)
                if mode & (stat.S_IRWXG | stat.S_IRWXO):
                    raise ToolError(f"The secret {path} can be read by others: chmod 600 it.")
                return file.read().decode().rstrip("\r\n") or None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ToolError(
                f"The secret {path} cannot be read: check its mode and text."
            ) from error


@dataclass(frozen=True)
class VaultPluginSecrets:
    """Asks the vault first: what a tenant has stored counts before what an operator has."""

    credentials: Credentials
    files: PluginSecrets

    def get(self, tenant: UUID, name: str) -> str | None:
        """Return a secret; None where neither has one. ToolError where the vault cannot open it."""
        found = self.credentials.find(tenant, name)
        return self.files.get(tenant, name) if found is None else found


@dataclass(frozen=True)
class NoPluginSecrets:
    """Knows no secret: nothing was configured."""

    def get(self, tenant: UUID, name: str) -> str | None:
        """Return None."""
        del tenant, name
