"""Connections to PostgreSQL: who connects, how, and whether the database is fit to serve."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from sqlalchemy import URL, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from reference_server.core.errors import ConfigurationError, DatabaseNotReadyError
from reference_server.core.vocabulary import TENANT_SETTING
from reference_server.db.bounded import MAINTENANCE, REQUESTS, Connector
from reference_server.migrations import HEAD

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from reference_server.db.bounded import Patience

_OWN_SETTINGS = {
    "idle_session_timeout": 0,
    "default_transaction_isolation": r"read\ committed",
    "row_security": "on",
    "search_path": "public",
    "timezone": "UTC",
    "datestyle": "ISO",
    "bytea_output": "hex",
    TENANT_SETTING: "",
}
"""A role may change the defaults of its own sessions, and nobody can forbid it that. What a
connection asks for itself comes before them. That a database takes no writes is not among these: an
operator, or a host whose disk is full, says so in the same way, and is to be heard."""
_OPTIONS = " ".join(f"-c {name}={value}" for name, value in _OWN_SETTINGS.items())

CONNECTOR = "connector"
"""The execution option of an engine that holds its connector."""

_PLAIN_SCHEMES = {"postgresql", "postgres", "postgresql+psycopg"}


def create_app_engine(
    url: str, password: bytes, pool_size: int, patience: Patience = REQUESTS
) -> Engine:
    """Return a pooled engine for a role; nothing is connected yet.

    ``url`` is a libpq URL without a password. Loopback is spoken to in clear, every other host
    only under a certificate that names it. ConfigurationError when the URL is unusable.

    All connections of the engine, and of pools made after its own, keep to ``patience``, and share
    what is known of the database's silence.
    """
    connector = Connector(patience)
    engine = create_engine(
        _engine_url(url, password),
        execution_options={CONNECTOR: connector},
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=patience.pool,
        # Error texts reach logs; the values of a statement (digests, tenants' data) must not.
        hide_parameters=True,
        connect_args={
            "application_name": "hallmark",
            "options": f"{patience.options} {_OPTIONS}",
        },
    )
    event.listen(engine, "do_connect", connector)
    return engine


def libpq_settings(url: str, password: bytes, role: str | None = None) -> dict[str, str]:
    """Return the environment in which libpq's programs reach the same database in the same way.

    ``role`` replaces the URL's own. ConfigurationError as in ``create_app_engine``.
    """
    complete = _engine_url(url, password)
    settings: dict[str, object] = {
        "PGHOST": complete.host,
        "PGPORT": complete.port,
        "PGDATABASE": complete.database,
        "PGUSER": role or complete.username,
        "PGPASSWORD": complete.password,
        "PGSSLMODE": complete.query.get("sslmode"),
        "PGSSLROOTCERT": complete.query.get("sslrootcert"),
        "PGCONNECT_TIMEOUT": MAINTENANCE.connect,
    }
    return {name: str(value) for name, value in settings.items() if value is not None}


def check_ready(engine: Engine) -> None:
    """Return when the database answers and holds the schema this release was written for.

    DatabaseNotReadyError otherwise, with the remedy and without the password.
    """
    try:
        with engine.connect() as connection:
            found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    except DBAPIError as error:
        raise DatabaseNotReadyError(_explain(engine.url, error)) from error
    except SQLAlchemyError as error:
        raise DatabaseNotReadyError(f"The database cannot be reached: {error}") from error
    if found != HEAD:
        raise DatabaseNotReadyError(
            f"The database is at migration {found}, this release needs {HEAD}: "
            "run `python -m reference_server migrate`."
        )


def _explain(url: URL, error: DBAPIError) -> str:
    where = f"{url.host}:{url.port or 5432}/{url.database}"
    state = getattr(error.orig, "sqlstate", None)
    if state in {"42P01", "42501"}:  # no such table, no right to it: both mean 'not migrated'
        return (
            f"The database {where} is not migrated: run `python -m reference_server migrate` first."
        )
    reason = " ".join(str(error.orig).split())
    return (
        f"The database {where} cannot be used as {url.username} ({reason}): check that it runs, "
        "the --database setting and the secret that holds the role's password."
    )


def _engine_url(url: str, password: bytes) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigurationError(
            "The database setting is no URL: write postgresql://ROLE@HOST:PORT/DATABASE."
        ) from error
    if parsed.drivername not in _PLAIN_SCHEMES or not (parsed.username and parsed.database):
        raise ConfigurationError(
            "The database setting must read postgresql://ROLE@HOST:PORT/DATABASE."
        )
    if parsed.password is not None:
        raise ConfigurationError(
            "The database setting holds a password: remove it, it belongs into a secret file."
        )
    complete = parsed.set(drivername="postgresql+psycopg", password=_decoded(password))
    return _with_transport_security(complete)


def _decoded(password: bytes) -> str:
    try:
        return password.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError("The database password is not UTF-8: set another one.") from error


def _with_transport_security(url: URL) -> URL:
    if _is_local(url.host):
        return url.update_query_dict({"sslmode": "disable"})
    trusted = {} if "sslrootcert" in url.query else {"sslrootcert": "system"}
    return url.update_query_dict({"sslmode": "verify-full", **trusted})


def _is_local(host: str | None) -> bool:
    if host is None or host == "localhost" or host.startswith("/"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
