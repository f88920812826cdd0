"""The first seven tables. Rights and policies are not history: see ``db/*.sql``."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE tenants (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_tenants PRIMARY KEY,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_api_keys PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_api_keys_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    key_hash text NOT NULL CONSTRAINT uq_api_keys_key_hash UNIQUE,
    description text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    last_used_at timestamptz
);
CREATE INDEX ix_api_keys_tenant_id ON api_keys (tenant_id);

CREATE TABLE platform_credentials (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_platform_credentials PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_platform_credentials_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    platform text NOT NULL,
    account_id text NOT NULL,
    wrapped_key bytea NOT NULL,
    sealed_tokens bytea NOT NULL,
    scopes jsonb NOT NULL DEFAULT '[]',
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    CONSTRAINT uq_platform_credentials_tenant_id_platform_account_id
        UNIQUE (tenant_id, platform, account_id)
);

CREATE TABLE oauth_states (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_oauth_states PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_oauth_states_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    state text NOT NULL CONSTRAINT uq_oauth_states_state UNIQUE,
    code_verifier text NOT NULL,
    platform text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_oauth_states_tenant_id ON oauth_states (tenant_id);
CREATE INDEX ix_oauth_states_expires_at ON oauth_states (expires_at);

CREATE TABLE metric_cache (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_metric_cache PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_metric_cache_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    platform text NOT NULL,
    report_type text NOT NULL,
    date_range_key text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',
    fetched_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    CONSTRAINT uq_metric_cache_tenant_id_platform_report_type_date_range_key
        UNIQUE (tenant_id, platform, report_type, date_range_key)
);

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_audit_log PRIMARY KEY,
    created_at timestamptz NOT NULL DEFAULT now(),
    event_type text NOT NULL,
    outcome text NOT NULL,
    tenant_id uuid,
    actor_ip text,
    request_id text,
    metadata jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX ix_audit_log_request_id ON audit_log (request_id);
CREATE INDEX ix_audit_log_actor_ip ON audit_log (actor_ip);
CREATE INDEX ix_audit_log_created_at ON audit_log (created_at);

CREATE TABLE sync_log (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_sync_log PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_sync_log_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    platform text NOT NULL,
    status text NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    rows_synced integer NOT NULL DEFAULT 0,
    error text
);
CREATE INDEX ix_sync_log_tenant_id ON sync_log (tenant_id);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(_TABLES)


def downgrade() -> None:
    """Drop the tables, and with them every row: take a dump first."""
    op.execute("""
        DROP TABLE sync_log, audit_log, metric_cache, oauth_states,
            platform_credentials, api_keys, tenants
    """)
