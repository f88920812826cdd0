"""Brings a database to the newest schema: revisions, then grants, policies, functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from sqlalchemy import text

from reference_server import migrations
from reference_server.core.errors import ConfigurationError
from reference_server.db.chain import SECRET, Head

if TYPE_CHECKING:
    from typing import LiteralString

    import psycopg
    from alembic.config import Config
    from sqlalchemy import Connection, Engine

    from reference_server.db.chain import AuditChain

_HERE = Path(__file__).parent


def migrate(engine: Engine, chain: AuditChain) -> None:
    """Migrate as the owner, in one transaction: a failure leaves the database as it was.

    Errors of the database pass through (sqlalchemy.exc.DBAPIError); ConfigurationError when the
    trail was begun under another key.
    """
    with engine.begin() as connection:
        upgrade(connection, chain)
        _check_key(connection, chain)
        run_script(connection, "grants.sql")
        run_script(connection, "policies.sql")
        run_script(connection, "functions.sql")
        run_script(connection, "authorization.sql")


def create_roles(connection: Connection) -> None:
    """Create the three roles without passwords; needs a role that may create roles."""
    run_script(connection, "roles.sql")


def set_password(connection: Connection, role: str, password: str) -> None:
    """Give a role its password, sent as a SCRAM verifier so that no server log can hold it."""
    from psycopg import sql

    driver = cast("psycopg.Connection", connection.connection.driver_connection)
    verifier = driver.pgconn.encrypt_password(
        password.encode(), role.encode(), b"scram-sha-256"
    ).decode()
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), verifier)
    driver.execute(statement)


def run_script(connection: Connection, name: str) -> None:
    """Run one of this folder's SQL files in the connection's transaction."""
    run_sql(connection, (_HERE / name).read_text("utf-8"))


def run_sql(connection: Connection, script: str) -> None:
    """Run SQL text, several statements allowed, as it stands: no parameters, no placeholders."""
    driver = cast("psycopg.Connection", connection.connection.driver_connection)
    driver.execute(cast("LiteralString", script))


def upgrade(connection: Connection, chain: AuditChain, revision: str = "head") -> None:
    """Run the revisions up to ``revision``, and nothing else; rows of the trail join the chain."""
    from alembic import command

    command.upgrade(_config(connection, chain), revision)


def downgrade(connection: Connection, chain: AuditChain, revision: str) -> None:
    """Run the revisions back to ``revision``, and nothing else: what they added is lost."""
    from alembic import command

    command.downgrade(_config(connection, chain), revision)


def _config(connection: Connection, chain: AuditChain) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.attributes.update(connection=connection, chain=chain)
    return config


def _check_key(connection: Connection, chain: AuditChain) -> None:
    found = connection.execute(text("SELECT position, digest, seal FROM audit_head")).one_or_none()
    if found is not None and not chain.seals(Head(found.position, found.digest), found.seal):
        raise ConfigurationError(
            f"The secret {SECRET} is not the one that the audit trail was begun with, or the "
            "trail was tampered with: put the former key back, then run verify-audit."
        )
