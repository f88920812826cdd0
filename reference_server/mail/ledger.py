"""What was sent where, what of it has failed, and who wants no more: each tenant's own."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import text

from reference_server.db.session import SqlTenantSessions, storage_guarded

if TYPE_CHECKING:
    from sqlalchemy import Engine

# The tenant is named beside the tables' policies: where one is lost, each tenant's mail is still
# counted by itself.
RECORD = text(
    "INSERT INTO mail_messages (id, tenant_id, recipient) VALUES (:message, :tenant, :recipient)"
)
SUPPRESSED = text(
    "SELECT count(failed_at) >= :most OR EXISTS"
    " (SELECT FROM mail_endings WHERE tenant_id = current_tenant() AND recipient = :recipient)"
    " FROM mail_messages WHERE tenant_id = current_tenant() AND recipient = :recipient"
    " AND failed_at IS NOT NULL"
)
# All to the address are locked, in one order: failures at the same time are counted one by one.
LOCKED = text(
    "SELECT id, failed_at FROM mail_messages WHERE tenant_id = current_tenant() AND recipient ="
    " (SELECT recipient FROM mail_messages WHERE tenant_id = current_tenant() AND id = :message)"
    " ORDER BY id FOR UPDATE"
)
FAIL = text("UPDATE mail_messages SET failed_at = now() WHERE id = :message")
RECIPIENT = text(
    "SELECT recipient FROM mail_messages WHERE tenant_id = current_tenant() AND id = :message"
)
END = text(
    "INSERT INTO mail_endings (tenant_id, recipient) VALUES (:tenant, :recipient)"
    " ON CONFLICT (tenant_id, recipient) DO NOTHING RETURNING recipient"
)
FORGET = text("SELECT forget_mail_messages()")


class SqlLedger:
    """Keeps it in the tables ``mail_messages`` and ``mail_endings``."""

    def __init__(self, engine: Engine, suppressed_after: int) -> None:
        self._engine, self._most = engine, suppressed_after
        self._sessions = SqlTenantSessions(engine)

    def is_suppressed(self, tenant: UUID, recipient: str) -> bool:
        """Tell whether an address gets no more of a tenant's mail."""
        told = {"recipient": recipient, "most": self._most}
        with self._sessions.begin(tenant) as connection, storage_guarded():
            return bool(connection.execute(SUPPRESSED, told).scalar_one())

    def record(self, tenant: UUID, recipient: str) -> UUID:
        """Note a message that is about to be sent; return its id."""
        message = uuid4()
        told = {"message": message, "tenant": tenant, "recipient": recipient}
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
            connection.execute(FAIL, {"message": message})
            return len(known) + 1

    def end(self, tenant: UUID, message: UUID) -> bool | None:
        """Note that who got a message wants no more of them; tell whether that is new."""
        with self._sessions.begin(tenant) as connection, storage_guarded():
            recipient = connection.scalar(RECIPIENT, {"message": message})
            if recipient is None:
                return None
            told = {"tenant": tenant, "recipient": recipient}
            return connection.execute(END, told).first() is not None

    def forget_expired(self) -> int:
        """Remove every tenant's messages of which nothing more can be heard; return how many."""
        with storage_guarded(), self._engine.begin() as connection:
            return connection.execute(FORGET).scalar_one()
