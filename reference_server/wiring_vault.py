"""The real vault, wired once: ``wiring`` has all else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reference_server.db.session import SqlTenantSessions
from reference_server.plugins.secrets import VaultPluginSecrets
from reference_server.tools.delete_credential import DeleteCredential
from reference_server.tools.store_credential import StoreCredential
from reference_server.vault.contracts import VaultParts
from reference_server.vault.credentials import SqlCredentials
from reference_server.vault.envelope import PostgresSecrets
from reference_server.vault.files import FileSecrets
from reference_server.vault.kms import KeyFolder, LocalKms

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from reference_server.core.settings import Settings
    from reference_server.parts import Parts
    from reference_server.vault.contracts import Credentials


def vault_parts(settings: Settings, engine: Engine) -> VaultParts:
    """Return where tenants' secrets lie: in the database, or in files where a folder is told."""
    keys, sessions = KeyFolder(settings.secrets_dir), SqlTenantSessions(engine)
    kms = LocalKms(keys)
    folder = settings.vault_folder
    backend = PostgresSecrets(sessions, kms) if folder is None else FileSecrets(folder, keys)
    return VaultParts(kms, backend, SqlCredentials(sessions, backend))


def with_credentials(parts: Parts, credentials: Credentials) -> Parts:
    """Return the parts with credentials for all that stores, deletes and uses them."""
    own = (StoreCredential(credentials), DeleteCredential(credentials))
    names = {tool.name for tool in own}
    others = [tool for tool in parts.mcp.tools if tool.name not in names]
    files = parts.plugins.secrets
    if isinstance(files, VaultPluginSecrets):
        files = files.files
    return replace(
        parts,
        vault=replace(parts.vault, credentials=credentials),
        mcp=replace(parts.mcp, tools=(*others, *own)),
        plugins=replace(parts.plugins, secrets=VaultPluginSecrets(credentials, files)),
    )
