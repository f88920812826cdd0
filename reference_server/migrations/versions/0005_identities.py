"""What an identity touched, the newest first and page by page, is one scan of one index."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# With a row's place behind its moment, which two rows may share, a page goes on where another has
# ended, and nothing is left to sort. Sessions, tokens and subjects stand in the metadata, which the
# chain covers: no row is changed, so that the links of old rows hold. Most rows have none of them.
#
# The index of moments alone finds a span of time, and puts nothing in order any more: PostgreSQL
# would go back by it through the whole trail, to find the rows of a tenant that was busy long ago.
_UP = """
DROP INDEX ix_audit_log_created_at, ix_audit_log_tenant_id_created_at,
    ix_audit_log_actor_key_id_created_at, ix_audit_log_actor_ip_created_at;
CREATE INDEX ix_audit_log_created_at ON audit_log USING brin (created_at)
    WITH (autosummarize = on);
CREATE INDEX ix_audit_log_tenant_id_created_at_id ON audit_log (tenant_id, created_at, id);
CREATE INDEX ix_audit_log_actor_key_id_created_at_id ON audit_log (actor_key_id, created_at, id);
CREATE INDEX ix_audit_log_actor_ip_created_at_id ON audit_log (actor_ip, created_at, id);
CREATE INDEX ix_audit_log_session ON audit_log ((metadata ->> 'session'), created_at, id)
    WHERE (metadata ->> 'session') IS NOT NULL;
CREATE INDEX ix_audit_log_token ON audit_log ((metadata ->> 'tokenId'), created_at, id)
    WHERE (metadata ->> 'tokenId') IS NOT NULL;
CREATE INDEX ix_audit_log_subject
    ON audit_log (tenant_id, (metadata ->> 'subject'), created_at, id)
    WHERE (metadata ->> 'subject') IS NOT NULL;
"""


def upgrade() -> None:
    """Create the indexes; the trail cannot be written meanwhile."""
    op.execute(_UP)


def downgrade() -> None:
    """Put the former indexes back."""
    op.execute("""
        DROP INDEX ix_audit_log_created_at, ix_audit_log_session, ix_audit_log_token,
            ix_audit_log_subject, ix_audit_log_tenant_id_created_at_id,
            ix_audit_log_actor_key_id_created_at_id, ix_audit_log_actor_ip_created_at_id;
        CREATE INDEX ix_audit_log_created_at ON audit_log (created_at);
        CREATE INDEX ix_audit_log_tenant_id_created_at ON audit_log (tenant_id, created_at);
        CREATE INDEX ix_audit_log_actor_key_id_created_at ON audit_log (actor_key_id, created_at);
        CREATE INDEX ix_audit_log_actor_ip_created_at ON audit_log (actor_ip, created_at);
    """)
