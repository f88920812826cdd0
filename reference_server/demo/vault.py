"""What the demo has in its vault, and how its operator rotates the keys of it."""

from __future__ import annotations

from secrets import token_hex
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reference_server.core.vocabulary import Role
from reference_server.demo.commands import operator_command

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reference_server.demo.database import DemoDatabase
    from reference_server.demo.run import Demo
    from reference_server.demo.seed import SeededTenant
    from reference_server.parts import Parts


def fill_vault(parts: Parts, tenants: Iterable[SeededTenant]) -> None:
    """Store a credential of each tenant's that no tool asks for: a row of its own in each table."""
    for tenant in tenants:
        parts.vault.credentials.store(UUID(tenant.id), "SPARE_TOKEN", token_hex(20))


def told_of_vault(demo: Demo, database: DemoDatabase) -> dict[str, Any]:
    """Return what the state file has of it."""
    command = operator_command("rotate-vault-key", database.url(Role.ADMIN), demo.operator_dir)
    plugins = str(demo.delivery.definitions)
    return {
        "rotate": [*command, "--server-secrets", str(demo.secrets_dir)],
        "files": ["--vault-folder", "{folder}", "--plugins", plugins],
    }
