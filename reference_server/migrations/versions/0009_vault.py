"""Tenants' credentials by name and reference, and secrets under envelope encryption."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_UP = """
CREATE TABLE credentials (
    tenant_id uuid NOT NULL
        CONSTRAINT fk_credentials_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    name text NOT NULL,
    credential_ref text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_credentials PRIMARY KEY (tenant_id, name),
    CONSTRAINT uq_credentials_tenant_id_credential_ref UNIQUE (tenant_id, credential_ref)
);
CREATE TABLE vault_secrets (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_vault_secrets PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_vault_secrets_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    key_id text NOT NULL,
    wrapped_key bytea NOT NULL,
    nonce bytea NOT NULL,
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_vault_secrets_tenant_id ON vault_secrets (tenant_id);
CREATE INDEX ix_vault_secrets_key_id ON vault_secrets (key_id);
"""


def upgrade() -> None:
    """Create the tables; nothing is stored yet."""
    op.execute(_UP)


def downgrade() -> None:
    """Drop the tables: the credentials of all tenants are lost."""
    op.execute("DROP TABLE credentials; DROP TABLE vault_secrets;")
