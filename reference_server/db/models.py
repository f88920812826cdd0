"""The tables of the tenants, and the end of the trail's chain, as SQLAlchemy sees them.

The migrations create them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[UUID]:
    return Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()"))


def _tenant() -> Column[UUID]:
    reference = ForeignKey("tenants.id", ondelete="CASCADE")
    return Column("tenant_id", Uuid, reference, nullable=False)


def _moment(name: str, *, default: bool = False, nullable: bool = False) -> Column[datetime]:
    now = text("now()") if default else None
    return Column(name, DateTime(timezone=True), server_default=now, nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _json(name: str) -> Column[Any]:
    return Column(name, JSONB, server_default=text("'{}'::jsonb"), nullable=False)


def _of_some(name: str, field: str, *before: str) -> Index:
    """Return an index of a field of the trail's metadata that most rows do not have."""
    value = text(f"(metadata ->> '{field}')")
    found = text(f"(metadata ->> '{field}') IS NOT NULL")
    columns = (*before, value, "created_at", "id")
    return Index(f"ix_audit_log_{name}", *columns, postgresql_where=found)


tenants = Table("tenants", metadata, _id(), _text("name"), _moment("created_at", default=True))

api_keys = Table(
    "api_keys",
    metadata,
    _id(),
    _tenant(),
    _text("key_hash"),
    _text("description"),
    _moment("created_at", default=True),
    _moment("expires_at"),
    _moment("revoked_at", nullable=True),
    _moment("last_used_at", nullable=True),
    UniqueConstraint("key_hash"),
    Index(None, "tenant_id"),
)

platform_credentials = Table(
    "platform_credentials",
    metadata,
    _id(),
    _tenant(),
    _text("platform"),
    _text("account_id"),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("sealed_tokens", LargeBinary, nullable=False),
    Column("scopes", JSONB, server_default=text("'[]'::jsonb"), nullable=False),
    _moment("created_at", default=True),
    _moment("expires_at", nullable=True),
    _moment("revoked_at", nullable=True),
    UniqueConstraint("tenant_id", "platform", "account_id"),
)

# What a credential's name stands for: a reference, which a backend of the vault resolves.
credentials = Table(
    "credentials",
    metadata,
    Column("tenant_id", Uuid, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    _text("credential_ref"),
    _moment("created_at", default=True),
    UniqueConstraint("tenant_id", "credential_ref"),
)

vault_secrets = Table(
    "vault_secrets",
    metadata,
    _id(),
    _tenant(),
    _text("key_id"),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("ciphertext", LargeBinary, nullable=False),
    _moment("created_at", default=True),
    Index(None, "tenant_id"),
    Index(None, "key_id"),
)

oauth_states = Table(
    "oauth_states",
    metadata,
    _id(),
    _tenant(),
    _text("state"),
    _text("code_verifier"),
    _text("platform"),
    _moment("created_at", default=True),
    _moment("expires_at"),
    UniqueConstraint("state"),
    Index(None, "tenant_id"),
    Index(None, "expires_at"),
)

# Clients of the authorization server: no tenant's, for users of any may grant them something.
oauth_clients = Table(
    "oauth_clients",
    metadata,
    Column("id", Text, primary_key=True),
    Column("is_dynamic", Boolean, nullable=False),
    _json("metadata"),
    _text("secret_digest", nullable=True),
    _text("registration_digest", nullable=True),
    _moment("created_at", default=True),
    _moment("ends_at", nullable=True),
    Index(None, "ends_at"),
)

oauth_grants = Table(
    "oauth_grants",
    metadata,
    _id(),
    _tenant(),
    _text("client_id"),
    Column("key_id", Uuid, nullable=True),
    _text("subject", nullable=True),
    _json("holder"),
    _text("scope"),
    _text("resource"),
    _text("redirect_uri"),
    _text("challenge"),
    Column("may_refresh", Boolean, nullable=False),
    _text("code_digest"),
    _moment("code_ends_at"),
    _moment("code_used_at", nullable=True),
    _moment("created_at", default=True),
    _moment("ends_at"),
    _moment("revoked_at", nullable=True),
    UniqueConstraint("code_digest"),
    Index(None, "tenant_id"),
    Index(None, "client_id"),
    Index(None, "ends_at"),
)

oauth_refresh_tokens = Table(
    "oauth_refresh_tokens",
    metadata,
    Column("digest", Text, primary_key=True),
    _tenant(),
    Column("grant_id", Uuid, ForeignKey("oauth_grants.id", ondelete="CASCADE"), nullable=False),
    _text("came_of", nullable=True),
    _moment("created_at", default=True),
    _moment("used_at", nullable=True),
    _moment("retried_at", nullable=True),
    Index(None, "tenant_id"),
    Index(None, "grant_id"),
)

metric_cache = Table(
    "metric_cache",
    metadata,
    _id(),
    _tenant(),
    _text("platform"),
    _text("report_type"),
    _text("date_range_key"),
    _json("data"),
    _moment("fetched_at", default=True),
    _moment("expires_at"),
    UniqueConstraint("tenant_id", "platform", "report_type", "date_range_key"),
)

# Whom a trusted issuer knows: ids follow from the names there (identity/members.py).
users = Table(
    "users",
    metadata,
    Column("tenant_id", Uuid, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("id", Uuid, primary_key=True),
    _text("issuer"),
    _text("subject"),
    _text("email", nullable=True),
    _text("name"),
    _moment("created_at", default=True),
)

memberships = Table(
    "memberships",
    metadata,
    _id(),
    _tenant(),
    Column("user_id", Uuid, nullable=False),
    _text("role"),
    _moment("created_at", default=True),
    UniqueConstraint("tenant_id", "user_id"),
    ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.id"], ondelete="CASCADE"
    ),
    CheckConstraint("role IN ('owner', 'admin', 'member')", name="ck_memberships_role"),
)

# No reference to tenants: the trail outlives those it tells of. A row's id is its position in the
# chain (db/chain.py): without gaps, given by whoever links the row.
audit_log = Table(
    "audit_log",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _moment("created_at", default=True),
    _text("event_type"),
    _text("outcome"),
    Column("tenant_id", Uuid, nullable=True),
    _text("actor_ip", nullable=True),
    _text("request_id", nullable=True),
    _json("metadata"),
    Column("actor_key_id", Uuid, nullable=True),
    Column("digest", LargeBinary, nullable=False),
    Index(None, "request_id"),
    Index(None, "created_at", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
    # 'What did this identity touch', the newest first, is one index scan (db/questions.py).
    Index("ix_audit_log_tenant_id_created_at_id", "tenant_id", "created_at", "id"),
    Index("ix_audit_log_actor_key_id_created_at_id", "actor_key_id", "created_at", "id"),
    Index("ix_audit_log_actor_ip_created_at_id", "actor_ip", "created_at", "id"),
    _of_some("session", "session"),
    _of_some("token", "tokenId"),
    _of_some("subject", "subject", "tenant_id"),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("is_only", Boolean, CheckConstraint("is_only"), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)

# What a repair has taken out of the trail, whole, by the row that tells of it (audit/repair.py).
audit_set_aside = Table(
    "audit_set_aside",
    metadata,
    Column("repair", BigInteger, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("content"),
)

# Ids of tokens and of keys, so no tenant's.
session_ends = Table(
    "session_ends",
    metadata,
    Column("id", Text, primary_key=True),
    Column(
        "ends_at",
        DateTime(timezone=True),
        server_default=text("'epoch'::timestamptz"),
        nullable=False,
    ),
    Column(
        "noted_at",
        DateTime(timezone=True),
        server_default=text("clock_timestamp()"),
        nullable=False,
    ),
    Index(None, "noted_at"),
)

# What was sent where; an address with too many failures of its tenant's messages gets no more.
mail_messages = Table(
    "mail_messages",
    metadata,
    _id(),
    _tenant(),
    _text("recipient"),
    _moment("created_at", default=True),
    _moment("failed_at", nullable=True),
    Index(None, "tenant_id", "recipient"),
    Index(None, "created_at"),
)

mail_endings = Table(
    "mail_endings",
    metadata,
    Column("tenant_id", Uuid, ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True),
    Column("recipient", Text, primary_key=True),
    _moment("created_at", default=True),
)

sync_log = Table(
    "sync_log",
    metadata,
    _id(),
    _tenant(),
    _text("platform"),
    _text("status"),
    _moment("started_at", default=True),
    _moment("finished_at", nullable=True),
    Column("rows_synced", Integer, server_default=text("0"), nullable=False),
    _text("error", nullable=True),
    Index(None, "tenant_id"),
)
