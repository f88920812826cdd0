"""The audit trail becomes a chain; what it holds already is linked in the order it stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context, op
from sqlalchemy import text

from reference_server.db.chain import START

if TYPE_CHECKING:
    from reference_server.db.chain import AuditChain, Head

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# The owner is bound by the forced policy and the trigger too, until this transaction lifts them;
# db/policies.sql, in the same transaction, puts the policy back.
_OPEN = """
ALTER TABLE audit_log NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER;
ALTER TABLE audit_log ALTER COLUMN id DROP IDENTITY,
    ADD COLUMN actor_key_id uuid,
    ADD COLUMN digest bytea;
UPDATE audit_log SET id = -place
  FROM (SELECT id AS was, row_number() OVER (ORDER BY id) AS place FROM audit_log) AS numbered
 WHERE id = was;
UPDATE audit_log SET id = -id;

CREATE TABLE audit_head (
    is_only boolean NOT NULL CONSTRAINT pk_audit_head PRIMARY KEY CHECK (is_only),
    position bigint NOT NULL,
    digest bytea NOT NULL,
    seal bytea NOT NULL
);
"""

_CLOSE = """
ALTER TABLE audit_log ALTER COLUMN digest SET NOT NULL;
ALTER TABLE audit_log ENABLE TRIGGER USER;

DROP INDEX ix_audit_log_actor_ip;
CREATE INDEX ix_audit_log_tenant_id_created_at ON audit_log (tenant_id, created_at);
CREATE INDEX ix_audit_log_actor_key_id_created_at ON audit_log (actor_key_id, created_at);
CREATE INDEX ix_audit_log_actor_ip_created_at ON audit_log (actor_ip, created_at);
"""

_ROWS = text("""
    SELECT id, created_at, event_type, outcome, tenant_id, actor_key_id, actor_ip, request_id,
           metadata::text AS metadata
      FROM audit_log WHERE id > :after ORDER BY id LIMIT 1000
""")
_LINK = text("UPDATE audit_log SET digest = :digest WHERE id = :id")
_HEAD = text("INSERT INTO audit_head VALUES (true, :position, :digest, :seal)")


def upgrade() -> None:
    """Number the rows without gaps, link them, and seal the last one, as seals were then."""
    chain: AuditChain = context.config.attributes["chain"]
    op.execute(_OPEN)
    head = _link_rows(chain)
    values = {"position": head.position, "digest": head.digest, "seal": chain.proof(head)}
    op.get_bind().execute(_HEAD, values)
    op.execute(_CLOSE)


def _link_rows(chain: AuditChain) -> Head:
    connection, head = op.get_bind(), START
    while rows := connection.execute(_ROWS, {"after": head.position}).mappings().all():
        for row in rows:
            head = chain.link(head, row)
            connection.execute(_LINK, {"id": head.position, "digest": head.digest})
    return head


def downgrade() -> None:
    """Take the chain away, and with it every proof that the trail is whole."""
    op.execute("""
        DROP TABLE audit_head;
        DROP INDEX ix_audit_log_tenant_id_created_at, ix_audit_log_actor_key_id_created_at,
            ix_audit_log_actor_ip_created_at;
        CREATE INDEX ix_audit_log_actor_ip ON audit_log (actor_ip);
        ALTER TABLE audit_log DROP COLUMN digest, DROP COLUMN actor_key_id,
            ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
    """)
