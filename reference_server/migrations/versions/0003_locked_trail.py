"""The head's seal becomes a lock, and what a repair takes out of the trail has a place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import context, op
from sqlalchemy import text

from reference_server.db.chain import Head

if TYPE_CHECKING:
    from reference_server.db.chain import AuditChain

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# What was the seal is the proof now (db/chain.py), of which the database keeps no more than this.
_LOCK = """
UPDATE audit_head SET seal = sha256(seal);

CREATE TABLE audit_set_aside (
    repair bigint NOT NULL,
    place bigint NOT NULL,
    kind text NOT NULL,
    content text NOT NULL,
    CONSTRAINT pk_audit_set_aside PRIMARY KEY (repair, place)
);
"""
_HEAD = text("SELECT position, digest FROM audit_head")
_UNLOCK = text("UPDATE audit_head SET seal = :proof")


def upgrade() -> None:
    """Lock the head."""
    op.execute(_LOCK)


def downgrade() -> None:
    """Put the former seal back, and drop what repairs have set aside: take a dump first."""
    op.execute("DROP TABLE audit_set_aside")
    chain: AuditChain = context.config.attributes["chain"]
    found = op.get_bind().execute(_HEAD).one_or_none()
    if found is not None:
        op.get_bind().execute(_UNLOCK, {"proof": chain.proof(Head(*found))})
