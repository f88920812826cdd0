"""Clients of the authorization server, what users have granted to them, and refresh tokens."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# A client is no tenant's: users of any may grant it something. What they grant is their tenant's,
# and one row a consent: it holds the code that was given for it, which is exchanged once at most,
# and all tokens that come of it name it. Of codes, secrets and tokens there are digests only.
_UP = """
CREATE TABLE oauth_clients (
    id text NOT NULL CONSTRAINT pk_oauth_clients PRIMARY KEY,
    is_dynamic boolean NOT NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    secret_digest text,
    registration_digest text,
    created_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz
);
CREATE INDEX ix_oauth_clients_ends_at ON oauth_clients (ends_at);

CREATE TABLE oauth_grants (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_oauth_grants PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_oauth_grants_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    client_id text NOT NULL,
    key_id uuid,
    subject text,
    holder jsonb NOT NULL DEFAULT '{}',
    scope text NOT NULL,
    resource text NOT NULL,
    redirect_uri text NOT NULL,
    challenge text NOT NULL,
    may_refresh boolean NOT NULL,
    code_digest text NOT NULL CONSTRAINT uq_oauth_grants_code_digest UNIQUE,
    code_ends_at timestamptz NOT NULL,
    code_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX ix_oauth_grants_tenant_id ON oauth_grants (tenant_id);
CREATE INDEX ix_oauth_grants_client_id ON oauth_grants (client_id);
CREATE INDEX ix_oauth_grants_ends_at ON oauth_grants (ends_at);

CREATE TABLE oauth_refresh_tokens (
    digest text NOT NULL CONSTRAINT pk_oauth_refresh_tokens PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_oauth_refresh_tokens_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    grant_id uuid NOT NULL
        CONSTRAINT fk_oauth_refresh_tokens_grant_id REFERENCES oauth_grants (id)
        ON DELETE CASCADE,
    came_of text,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz,
    retried_at timestamptz
);
CREATE INDEX ix_oauth_refresh_tokens_tenant_id ON oauth_refresh_tokens (tenant_id);
CREATE INDEX ix_oauth_refresh_tokens_grant_id ON oauth_refresh_tokens (grant_id);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_UP)


def downgrade() -> None:
    """Drop them: every client has to register, and every user to consent, anew."""
    op.execute("DROP TABLE oauth_refresh_tokens, oauth_grants, oauth_clients")
