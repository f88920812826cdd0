"""What was sent where, what of it has failed, and who wants no more: each tenant's own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import text

from reference_server.db.session import storage_guarded

if TYPE_CHECKING:
    from reference_server.core.contracts import Clock
    from reference_server.db.contracts import TenantSessions

# No tenant in any of them: the tables' policies let nobody see, or write, another tenant's row.
RECORD = text(
    "INSERT INTO mail_messages (id, tenant_id, recipient, created_at)"
    " VALUES (:message, :tenant, :recipient, :now)"
)
SUPPRESSED = text(
    "SELECT count(failed_at) >= :most OR EXISTS"
    " (SELECT FROM mail_endings WHERE recipient = :recipient)"
    " FROM mail_messages WHERE recipient = :recipient AND failed_at IS NOT NULL"
)
# All to the address are locked, in one order: failures at the same time are counted one by one.
LOCKED = text(
    "SELECT id, failed_at FROM mail_messages WHERE recipient ="
    " (SELECT recipient FROM mail_messages WHERE id = :message) ORDER BY id FOR UPDATE"
)
FAIL = text("UPDATE mail_messages SET failed_at = :now WHERE id = :message")
END = text(
    "INSERT INTO mail_endings (tenant_id, recipient, created_at)"
    " SELECT tenant_id, recipient, :now FROM mail_messages WHERE id = :message"
    " ON CONFLICT (tenant_id, recipient) DO NOTHING RETURNING recipient"
)


class SqlLedger:
    """Keeps it in the tables ``mail_messages`` and ``mail_endings``."""

    def __init__(self, sessions: TenantSessions, clock: Clock, suppressed_after: int) -> None:
        self._sessions, self._clock, self._most = sessions, clock, suppressed_after

    def is_suppressed(self, tenant: UUID, recipient: str) -> bool:
        """Tell whether an address gets no more of a tenant's mail."""
        told = {"recipient": recipient, "most": self._most}
        with self._sessions.begin(tenant) as connection, storage_guarded():
            return bool(connection.execute(SUPPRESSED, told).scalar_one())

    def record(self, tenant: UUID, recipient: str) -> UUID:
        """Note a message that is about to be sent; return its id."""
        message, now = uuid4(), self._clock.now()
        told = {"message": message, "tenant": tenant, "recipient": recipient, "now": now}
        with self._sessions.begin(tenant) as connection, storage_guarded():
            connection.execute(RECORD, told)
        return message

    def fail(self, tenant: UUID, message: UUID) -> int | None:
        """Note that a message has failed for good; return how many to its address have."""
        with self._sessions.begin(tenant) as connection, storage_guarded():
            rows = connection.execute(LOCKED, {"message": message}).all()
            known = {row.id for row in rows if row.failed_at is not None}
            if not rows or message in known:
                return None
            connection.execute(FAIL, {"message": message, "now": self._clock.now()})
            return len(known) + 1

    def end(self, tenant: UUID, message: UUID) -> bool:
        """Note that who got a message wants no more of them; tell whether that is new."""
        told = {"message": message, "now": self._clock.now()}
        with self._sessions.begin(tenant) as connection, storage_guarded():
            return connection.execute(END, told).first() is not None
