"""Tenants' secrets for plugins, in files: a folder a tenant, a file a secret."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_server.core.errors import ToolError
from reference_server.core.text import VARIABLE_NAME

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID


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
class NoPluginSecrets:
    """Knows no secret: nothing was configured."""

    def get(self, tenant: UUID, name: str) -> str | None:
        """Return None."""
        del tenant, name
