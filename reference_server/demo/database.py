"""The demo's database: roles, schema, policies, as an operator would set up a real one."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from reference_server.core.vocabulary import Role
from reference_server.db.bounded import MAINTENANCE, REQUESTS
from reference_server.db.chain import AuditChain
from reference_server.db.engine import create_app_engine
from reference_server.db.migrate import create_roles, migrate, run_sql, set_password
from reference_server.demo.postgres import SUPERUSER

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from sqlalchemy import Engine

    from reference_server.demo.postgres import Cluster

DATABASE = "hallmark"
DRILL = "drill"
"""The database on which a migration fails, so that the way back can be tried."""

_LOSABLE = """
    WITH made AS (INSERT INTO tenants (name) VALUES ('Drill') RETURNING id)
    INSERT INTO metric_cache (tenant_id, platform, report_type, date_range_key, expires_at)
    SELECT id, 'google', 'health', 'last_7_days', now() FROM made"""
# The tables are ahead of what is written down, as after a revision that was applied by hand.
_GONE_AHEAD = "UPDATE alembic_version SET version_num = '0002'"


def _passwords() -> dict[Role, str]:
    return {role: secrets.token_urlsafe(24) for role in Role}


@dataclass(frozen=True)
class DemoDatabase:
    """One database in a cluster, the passwords of its roles and the key of its trail."""

    cluster: Cluster
    name: str = DATABASE
    passwords: dict[Role, str] = field(default_factory=_passwords)
    chain_key: bytes = field(default_factory=lambda: secrets.token_urlsafe(32).encode())

    @property
    def chain(self) -> AuditChain:
        """What links the rows of this database's trail."""
        return AuditChain(self.chain_key)

    def url(self, role: Role) -> str:
        """Return the role's URL without its password, as the settings want it."""
        return self.cluster.url(role, self.name)

    def dsn(self, role: Role) -> str:
        """Return the role's URL with its password, as libpq takes it."""
        login = f"{role}:{quote(self.passwords[role], safe='')}"
        return f"postgresql://{login}@127.0.0.1:{self.cluster.port}/{self.name}"

    def engine(self, role: Role, pool_size: int = 2) -> Engine:
        """Return an engine of the role; the caller disposes of it."""
        patience = REQUESTS if role is Role.APP else MAINTENANCE
        password = self.passwords[role].encode()
        return create_app_engine(self.url(role), password, pool_size, patience)

    def create(self) -> None:
        """Create the database, the roles and the schema. Database errors pass through."""
        self._maintain(f'CREATE DATABASE "{self.name}"')
        with self._superuser(self.name) as engine, engine.begin() as connection:
            create_roles(connection)
            for role, password in self.passwords.items():
                set_password(connection, role, password)
        owner = self.engine(Role.ADMIN, pool_size=1)
        try:
            migrate(owner, self.chain)
        finally:
            owner.dispose()

    def copy_for_drill(self, name: str = DRILL) -> DemoDatabase:
        """Return a copy with a row to lose, in which the newest migration fails.

        Nobody may be connected to this one. Database errors pass through.
        """
        drill = self.copy(name)
        drill.run_as_superuser([_LOSABLE, _GONE_AHEAD])
        return drill

    def copy(self, name: str) -> DemoDatabase:
        """Return a copy of that name, as ``create`` would have made it.

        Nobody may be connected to this one. Database errors pass through.
        """
        self._maintain(
            # Its files are copied, which takes a third of the time that its log would take.
            f'CREATE DATABASE "{name}" TEMPLATE "{self.name}" OWNER {Role.ADMIN} '
            "STRATEGY file_copy",
            # A database's own rights are no part of what a template hands on.
            f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC',
            f'GRANT CONNECT ON DATABASE "{name}" TO {Role.APP}, {Role.AUDITOR}',
        )
        return replace(self, name=name)

    def drop(self) -> None:
        """Remove the database, if it is there, and whoever is connected to it.

        Database errors pass through.
        """
        self._maintain(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    def run_as_superuser(self, statements: Sequence[str]) -> None:
        """Run SQL that even the owner may not, all of it or none. Database errors pass through."""
        if not statements:
            return
        with self._superuser(self.name) as engine, engine.begin() as connection:
            for statement in statements:
                run_sql(connection, statement)

    def _maintain(self, *statements: str) -> None:
        """Run statements that no transaction and no connection to this database may surround."""
        with self._superuser("postgres") as engine:
            autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
            with autocommit.connect() as connection:
                for statement in statements:
                    run_sql(connection, statement)

    @contextmanager
    def _superuser(self, database: str) -> Generator[Engine]:
        url = self.cluster.url(SUPERUSER, database)
        engine = create_app_engine(url, self.cluster.password.encode(), 1, MAINTENANCE)
        try:
            yield engine
        finally:
            engine.dispose()
