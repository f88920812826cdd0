"""Users of trusted issuers, and in which tenants they are members."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# A session that a membership has begun ends with it, and with a change of its role: the membership
# then has another id. What has ended is noted as it is of keys, whichever way it was done.
_UP = """
CREATE TABLE users (
    tenant_id uuid NOT NULL
        CONSTRAINT fk_users_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    id uuid NOT NULL,
    issuer text NOT NULL,
    subject text NOT NULL,
    email text,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT pk_users PRIMARY KEY (tenant_id, id)
);
CREATE TABLE memberships (
    id uuid NOT NULL DEFAULT gen_random_uuid() CONSTRAINT pk_memberships PRIMARY KEY,
    tenant_id uuid NOT NULL
        CONSTRAINT fk_memberships_tenant_id REFERENCES tenants (id) ON DELETE CASCADE,
    user_id uuid NOT NULL,
    role text NOT NULL CONSTRAINT ck_memberships_role CHECK (role IN ('owner', 'admin', 'member')),
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT uq_memberships_tenant_id_user_id UNIQUE (tenant_id, user_id),
    CONSTRAINT fk_memberships_tenant_id_user_id
        FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
);

CREATE OR REPLACE FUNCTION note_member_end() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    INSERT INTO session_ends (id) VALUES (OLD.id::text) ON CONFLICT (id) DO NOTHING;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    NEW.id := gen_random_uuid();
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION note_member_end() FROM PUBLIC;
CREATE OR REPLACE TRIGGER note_end BEFORE DELETE ON memberships
    FOR EACH ROW EXECUTE FUNCTION note_member_end();
CREATE OR REPLACE TRIGGER note_change BEFORE UPDATE OF role ON memberships
    FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role) EXECUTE FUNCTION note_member_end();
"""


def upgrade() -> None:
    """Create the tables; nobody is a member yet."""
    op.execute(_UP)


def downgrade() -> None:
    """Forget the users: none of their sessions is known to have ended then."""
    op.execute("""
        DROP TABLE memberships;
        DROP TABLE users;
        DROP FUNCTION note_member_end();
    """)
