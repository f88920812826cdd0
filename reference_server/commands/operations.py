"""What an operator does to the database: migrate it, add a tenant, verify and repair the trail."""

from __future__ import annotations

import shlex
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reference_server.core.clock import SystemClock
from reference_server.core.errors import ConfigurationError, DatabaseNotReadyError, MigrationError
from reference_server.core.secrets import (
    ADMIN_PASSWORD,
    AUDITOR_PASSWORD,
    load_secrets,
    read_secret,
)
from reference_server.core.vocabulary import Role, SecretName

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from sqlalchemy import Engine

    from reference_server.audit.anchors import Anchor
    from reference_server.audit.repair import Repair
    from reference_server.audit.touched import Identity, Page, Place
    from reference_server.audit.verification import Verdict, Verifier
    from reference_server.db.bounded import Patience
    from reference_server.db.chain import AuditChain, Head
    from reference_server.keys.tenants import NewTenant
    from reference_server.oauth.registrar import ClientRegistrar


@dataclass(frozen=True)
class Dumping:
    """Where the dump before a migration goes; ``programs`` is the folder of PostgreSQL's, if told.

    ``restore`` are the words of the command that puts a dump back, but for the dump itself.
    """

    folder: Path
    programs: Path | None
    restore: tuple[str, ...]


def migrate_with_dump(database: str, secrets_dir: Path, dumping: Dumping) -> Path:
    """Dump the database, then migrate it; return the dump.

    The dump is taken as the auditor, who sees every row. DumpError when it fails, and nothing is
    migrated then; MigrationError, with the command that restores it, when the migration fails.
    """
    from reference_server.db.dump import Programs
    from reference_server.db.engine import libpq_settings

    read_secret(secrets_dir, ADMIN_PASSWORD)  # before the work, what the work will need
    auditor = read_secret(secrets_dir, AUDITOR_PASSWORD)
    login = libpq_settings(database, auditor, Role.AUDITOR)
    dump = Programs.found(dumping.programs).dump(login, dumping.folder, SystemClock().now())
    try:
        migrate_database(database, secrets_dir)
    except Exception as error:
        command = shlex.join([*dumping.restore, str(dump)])
        raise MigrationError(
            f"The migration failed and was rolled back: {error}\n"
            f"To put the database back as it was before: {command}"
        ) from error
    return dump


def restore_database(
    database: str, secrets_dir: Path, dump: Path, programs: Path | None = None
) -> None:
    """Put a dump in the place of all that is in the database, as its owner, whole or not at all.

    ConfigurationError for the settings, DumpError when PostgreSQL's programs refuse.
    """
    from reference_server.db.dump import Programs
    from reference_server.db.engine import libpq_settings

    login = libpq_settings(database, read_secret(secrets_dir, ADMIN_PASSWORD))
    Programs.found(programs).restore(login, dump)


def migrate_database(database: str, secrets_dir: Path) -> None:
    """Bring the database to the newest schema as its owner, without a dump.

    ConfigurationError for the settings, DatabaseNotReadyError when the database refuses.
    """
    from reference_server.db.bounded import LONG
    from reference_server.db.migrate import migrate

    chain = _chain(secrets_dir)
    with _connected(database, read_secret(secrets_dir, ADMIN_PASSWORD), LONG) as engine:
        migrate(engine, chain)


def seed_tenant(database: str, secrets_dir: Path, name: str) -> NewTenant:
    """Create a tenant with a first key, audited; errors as in ``migrate_database``."""
    from reference_server.audit.trail import SqlAuditTrail
    from reference_server.core.clock import SystemClock
    from reference_server.core.settings import Limits
    from reference_server.db.chain import AuditChain
    from reference_server.keys.directory import HmacKeyHasher
    from reference_server.keys.tenants import TenantRegistrar
    from reference_server.observability.redaction import TokenRedactor

    secrets = load_secrets(secrets_dir)
    hasher = HmacKeyHasher(secrets[SecretName.API_KEY_HMAC_SECRET])
    chain = AuditChain(secrets[SecretName.AUDIT_CHAIN_KEY])
    with _connected(database, read_secret(secrets_dir, ADMIN_PASSWORD)) as engine:
        clock = SystemClock()
        registrar = TenantRegistrar(engine, hasher, clock, Limits())
        with closing(SqlAuditTrail(engine, clock, TokenRedactor(), chain)) as trail:
            return registrar.create(name, trail)


@contextmanager
def as_owner(database: str, secrets_dir: Path) -> Generator[Engine]:
    """Open the database as its owner; errors as in ``migrate_database``."""
    with _connected(database, read_secret(secrets_dir, ADMIN_PASSWORD)) as engine:
        yield engine


@contextmanager
def registrar(database: str, secrets_dir: Path) -> Generator[ClientRegistrar]:
    """Open what adds and removes OAuth clients, audited; errors as in ``migrate_database``."""
    from reference_server.audit.trail import SqlAuditTrail
    from reference_server.oauth.registrar import ClientRegistrar
    from reference_server.observability.redaction import TokenRedactor

    chain, clock = _chain(secrets_dir), SystemClock()
    with (
        _connected(database, read_secret(secrets_dir, ADMIN_PASSWORD)) as engine,
        closing(SqlAuditTrail(engine, clock, TokenRedactor(), chain)) as trail,
    ):
        yield ClientRegistrar(engine, clock, trail)


def verify_audit(
    database: str,
    secrets_dir: Path,
    told: Told,
    verifier: Callable[[AuditChain], Verifier] | None = None,
) -> Verdict:
    """Check the whole trail as a role that reads it; errors as in ``migrate_database``."""
    from reference_server.audit.verification import Verifier

    chain = _chain(secrets_dir)
    expected, anchors = told.head(), told.anchored(chain)
    with _connected(database, read_secret(secrets_dir, AUDITOR_PASSWORD)) as engine:
        return (verifier or Verifier)(chain).verify(engine, expected, anchors)


def repair_audit(database: str, secrets_dir: Path, told: Told) -> Repair | None:
    """Repair the trail as its owner, and tell the anchors; None when nothing was broken.

    Errors as in ``migrate_database``.
    """
    from reference_server.audit.anchors import Anchor, AnchorFile
    from reference_server.audit.repair import repair
    from reference_server.db.bounded import LONG

    chain, now = _chain(secrets_dir), SystemClock().now()
    anchors = told.anchored(chain)
    with _connected(database, read_secret(secrets_dir, ADMIN_PASSWORD), LONG) as engine:
        done = repair(engine, chain, now, anchors)
    if done is not None and told.anchors is not None:
        AnchorFile(told.anchors, chain).add(Anchor(now, done.head))
    return done


def touched_by(
    database: str, secrets_dir: Path, identity: Identity, before: Place | None, rows: int
) -> Page:
    """Return a page of what an identity touched; errors as in ``migrate_database``."""
    from reference_server.audit.touched import touched

    with _connected(database, read_secret(secrets_dir, AUDITOR_PASSWORD)) as engine:
        return touched(engine, identity, before, rows)


@dataclass(frozen=True)
class Told:
    """What the trail must contain: a head that an earlier run printed, and a file of anchors."""

    expect: str | None = None
    anchors: Path | None = None

    def head(self) -> Head | None:
        """Return the head; ConfigurationError where it is none."""
        from reference_server.db.chain import Head

        if self.expect is None:
            return None
        try:
            return Head.parse(self.expect)
        except ValueError as error:
            raise ConfigurationError(
                f"--expect {self.expect} is no head: give what an earlier verify-audit printed."
            ) from error

    def anchored(self, chain: AuditChain) -> list[Anchor]:
        """Return the anchors; ConfigurationError for a file that has others."""
        from reference_server.audit.anchors import AnchorFile

        return [] if self.anchors is None else list(AnchorFile(self.anchors, chain).read())


def _chain(secrets_dir: Path) -> AuditChain:
    from reference_server.db.chain import AuditChain

    return AuditChain(read_secret(secrets_dir, SecretName.AUDIT_CHAIN_KEY, minimum=32))


@contextmanager
def _connected(
    database: str, password: bytes, patience: Patience | None = None
) -> Generator[Engine]:
    from sqlalchemy.exc import DBAPIError

    from reference_server.core.errors import StorageUnavailableError
    from reference_server.db.bounded import MAINTENANCE
    from reference_server.db.engine import create_app_engine

    engine = create_app_engine(database, password, 2, patience or MAINTENANCE)
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
