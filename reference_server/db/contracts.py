"""What the server asks of the database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from uuid import UUID

    from sqlalchemy import Connection


class TenantSessions(Protocol):
    """Opens transactions, each bound to one tenant from its first statement."""

    def begin(self, tenant_id: UUID) -> AbstractContextManager[Connection]:
        """Return a transaction in the tenant's context; it commits on leaving without an error."""
        ...
