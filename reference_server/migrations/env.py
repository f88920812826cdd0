"""Alembic's environment: it runs on the connection that ``db.migrate`` hands over, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from alembic import context

from reference_server.db.models import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection

context.configure(
    connection=cast("Connection", context.config.attributes["connection"]),
    target_metadata=metadata,
)
with context.begin_transaction():
    context.run_migrations()
