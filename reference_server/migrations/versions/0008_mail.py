"""Messages that were sent, what of them has failed, and who wants no more."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE mail_messages (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_mail_messages PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_mail_messages_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    recipient text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    failed_at timestamptz
);
CREATE INDEX ix_mail_messages_tenant_id_recipient ON mail_messages (tenant_id, recipient);

CREATE TABLE mail_endings (
    tenant_id uuid NOT NULL
        CONSTRAINT fk_mail_endings_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    recipient text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_mail_endings PRIMARY KEY (tenant_id, recipient)
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_UP)


def downgrade() -> None:
    """Drop them: mail goes again to addresses that failed, and to who wanted no more."""
    op.execute("DROP TABLE mail_endings, mail_messages")
