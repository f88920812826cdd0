"""The tool `list_api_keys`: the API keys of the caller's tenant, for its administrators."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from reference_server.tools.contracts import no_arguments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reference_server.tools.contracts import Caller

# No WHERE: the policy of the table is the filter, and a query cannot forget it.
LISTED = text("""
    SELECT id, description, created_at, expires_at, revoked_at
      FROM api_keys ORDER BY created_at, id LIMIT 100
""")


@dataclass(frozen=True)
class ListApiKeys:
    """Reads what of ``api_keys`` the runtime role may: nothing by which a key could be found."""

    name: str = "list_api_keys"
    description: str = "List your organization's API keys: what each is for, and when it ends."
    input_schema: dict[str, Any] = field(default_factory=no_arguments)

    def run(self, arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        """Return ``{"apiKeys": [{keyId, description, createdAt, expiresAt, revokedAt}]}``.

        Times are in ISO 8601; ``revokedAt`` is null where a key was not revoked.
        """
        del arguments
        with caller.sessions.begin(caller.principal.tenant_id) as connection:
            rows = connection.execute(LISTED).all()
        return {
            "apiKeys": [
                {
                    "keyId": str(row.id),
                    "description": row.description,
                    "createdAt": row.created_at.isoformat(),
                    "expiresAt": row.expires_at.isoformat(),
                    "revokedAt": _moment(row.revoked_at),
                }
                for row in rows
            ]
        }


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()
