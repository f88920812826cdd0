"""What an operator does to the database with the owner's password: migrate, add a tenant."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from reference_server.errors import DatabaseNotReadyError
from reference_server.services.secrets import ADMIN_PASSWORD, load_secrets, read_secret
from reference_server.vocabulary import SecretName

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from sqlalchemy import Engine

    from reference_server.services.tenants import NewTenant


def migrate_database(database: str, secrets_dir: Path) -> None:
    """Bring the database to the newest schema as its owner.

    ConfigurationError for the settings, DatabaseNotReadyError when the database refuses.
    """
    from reference_server.db.migrate import migrate

    with _as_owner(database, secrets_dir) as engine:
        migrate(engine)


def seed_tenant(database: str, secrets_dir: Path, name: str) -> NewTenant:
    """Create a tenant with a first key, audited; errors as in ``migrate_database``."""
    from reference_server.services.audit import SqlAuditTrail
    from reference_server.services.clock import SystemClock
    from reference_server.services.keys import HmacKeyHasher
    from reference_server.services.redaction import TokenRedactor
    from reference_server.services.tenants import TenantRegistrar
    from reference_server.settings import Limits

    hasher = HmacKeyHasher(load_secrets(secrets_dir)[SecretName.API_KEY_HMAC_SECRET])
    with _as_owner(database, secrets_dir) as engine:
        clock = SystemClock()
        registrar = TenantRegistrar(engine, hasher, clock, Limits())
        with closing(SqlAuditTrail(engine, clock, TokenRedactor())) as trail:
            return registrar.create(name, trail)


@contextmanager
def _as_owner(database: str, secrets_dir: Path) -> Generator[Engine]:
    from sqlalchemy.exc import DBAPIError

    from reference_server.db.engine import create_app_engine
    from reference_server.errors import StorageUnavailableError

    engine = create_app_engine(database, read_secret(secrets_dir, ADMIN_PASSWORD), pool_size=2)
    try:
        yield engine
    except DBAPIError as error:
        raise DatabaseNotReadyError(_refusal(error)) from error
    except StorageUnavailableError as error:
        cause = error.__cause__
        reason = _refusal(cause) if isinstance(cause, DBAPIError) else str(error)
        raise DatabaseNotReadyError(reason) from error
    finally:
        engine.dispose()


def _refusal(error: Exception) -> str:
    words = " ".join(str(getattr(error, "orig", error)).split())
    return f"The database refused ({words}): check that it runs and who may do what in it."
