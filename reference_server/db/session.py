"""One transaction, one tenant: the only place where a tenant's context is set."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from reference_server.core.errors import StorageUnavailableError
from reference_server.core.vocabulary import TENANT_SETTING

if TYPE_CHECKING:
    from collections.abc import Generator
    from uuid import UUID

    from sqlalchemy import Connection, Engine

_ENTER = text("SELECT set_config(:setting, :tenant, true)")


def enter_tenant(connection: Connection, tenant_id: UUID) -> None:
    """Bind the connection's current transaction to a tenant; the binding ends with it."""
    connection.execute(_ENTER, {"setting": TENANT_SETTING, "tenant": str(tenant_id)})


class SqlTenantSessions:
    """Opens transactions that see one tenant's rows and no others; ``engine`` has the pool."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @contextmanager
    def begin(self, tenant_id: UUID) -> Generator[Connection]:
        """Open a transaction in the tenant's context; commit on leaving, roll back on an error.

        StorageUnavailableError when no connection can be had.
        """
        with storage_guarded():
            connection = self.engine.connect()
        with connection, connection.begin():
            with storage_guarded():
                enter_tenant(connection, tenant_id)
            yield connection


@contextmanager
def storage_guarded() -> Generator[None]:
    """Turn the database's errors in the block into StorageUnavailableError."""
    try:
        yield
    except (psycopg.Error, DBAPIError, PoolTimeoutError) as error:
        raise StorageUnavailableError("the database did not answer") from error
