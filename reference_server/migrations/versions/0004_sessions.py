"""What ends sessions before their time: revoked tokens, and keys whose end was moved."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# No tenant's rows: an id says nothing to who does not have the token, or the key's row, already.
# The trigger has the rights of whoever changes the key, and writes whichever way a key is ended.
_UP = """
CREATE TABLE session_ends (
    id text NOT NULL CONSTRAINT pk_session_ends PRIMARY KEY,
    ends_at timestamptz NOT NULL,
    noted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ix_session_ends_noted_at ON session_ends (noted_at);

CREATE OR REPLACE FUNCTION note_key_end() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO session_ends (id, ends_at)
    VALUES (NEW.id::text, CASE WHEN NEW.revoked_at IS NULL THEN NEW.expires_at ELSE 'epoch' END)
        ON CONFLICT (id) DO UPDATE
       SET ends_at = EXCLUDED.ends_at, noted_at = clock_timestamp();
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION note_key_end() FROM PUBLIC;
CREATE OR REPLACE TRIGGER note_end
    AFTER UPDATE OF revoked_at, expires_at ON api_keys
    FOR EACH ROW
    WHEN (OLD.revoked_at IS DISTINCT FROM NEW.revoked_at
          OR OLD.expires_at IS DISTINCT FROM NEW.expires_at)
    EXECUTE FUNCTION note_key_end();
"""


def upgrade() -> None:
    """Create the table, and the trigger on the keys."""
    op.execute(_UP)


def downgrade() -> None:
    """Forget what has ended: change SESSION_SIGNING_SECRET as well, or it lives again."""
    op.execute("""
        DROP TRIGGER note_end ON api_keys;
        DROP FUNCTION note_key_end();
        DROP TABLE session_ends;
    """)
