"""What the runtime role can and cannot do in the database, asked of PostgreSQL itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import delete, func, insert, inspect, select, text, update
from sqlalchemy.exc import DBAPIError

from reference_server import migrations
from reference_server.core.errors import DatabaseNotReadyError, StorageUnavailableError
from reference_server.core.vocabulary import Role
from reference_server.db.bounded import REQUESTS
from reference_server.db.engine import check_ready, create_app_engine
from reference_server.db.migrate import migrate
from reference_server.db.models import metadata, metric_cache, tenants
from reference_server.db.session import SqlTenantSessions
from reference_server.tests.rows import CHAIN, DAY, add_key, add_tenant, metric
from reference_server.tests.rows import NOW as MOMENT

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

ISOLATED = {
    "tenants",
    "platform_credentials",
    "oauth_states",
    "oauth_grants",
    "oauth_refresh_tokens",
    "metric_cache",
    "audit_log",
    "sync_log",
    "users",
    "memberships",
    "credentials",
    "vault_secrets",
    "mail_messages",
    "mail_endings",
}


def test_the_migrated_schema_is_the_one_the_models_describe(owner_engine: Engine) -> None:
    with owner_engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_every_revision_can_be_undone(owner_engine: Engine) -> None:
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    with owner_engine.begin() as connection:
        config.attributes.update(connection=connection, chain=CHAIN)
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_head_names_the_newest_revision() -> None:
    folder = migrations.__path__[0]
    assert ScriptDirectory(folder).get_current_head() == migrations.HEAD


def test_migrating_again_changes_nothing(owner_engine: Engine, app_engine: Engine) -> None:
    migrate(owner_engine, CHAIN)
    check_ready(app_engine)


def test_row_level_security_is_forced_on_every_table_but_the_keys(
    auditor: psycopg.Connection,
) -> None:
    query = """
        SELECT relname FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
           AND relrowsecurity AND relforcerowsecurity"""
    assert {name for (name,) in auditor.execute(query)} == ISOLATED


@pytest.mark.parametrize("role", list(Role))
def test_no_role_is_privileged(superuser: psycopg.Connection, role: Role) -> None:
    """The auditor alone bypasses row-level security, and it can only read."""
    query = """
        SELECT rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls
          FROM pg_roles WHERE rolname = %s"""
    found = superuser.execute(query, (role.value,)).fetchone()
    assert found == (False, False, False, False, False, role is Role.AUDITOR)


def test_a_query_without_where_sees_one_tenant(owner_engine: Engine, app_engine: Engine) -> None:
    ours, theirs = add_tenant(owner_engine), add_tenant(owner_engine)
    with SqlTenantSessions(app_engine).begin(ours) as connection:
        assert list(connection.scalars(select(metric_cache.c.tenant_id))) == [ours]
        assert list(connection.scalars(select(tenants.c.id))) == [ours]
        others = update(metric_cache).where(metric_cache.c.tenant_id == theirs).values(platform="x")
        assert connection.execute(others).rowcount == 0
        gone = delete(metric_cache).where(metric_cache.c.tenant_id == theirs)
        assert connection.execute(gone).rowcount == 0


@pytest.mark.parametrize("context", ["", "not a uuid", "0", "'", "00000000-0000-0000-0000-0000"])
def test_no_tenant_or_nonsense_means_no_rows(
    owner_engine: Engine, app_engine: Engine, context: str
) -> None:
    add_tenant(owner_engine)
    setting = text("SELECT set_config('app.current_tenant_id', :context, true)")
    with app_engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(metric_cache)) == 0
        connection.execute(setting, {"context": context})
        assert connection.scalar(select(func.count()).select_from(metric_cache)) == 0


def test_the_owner_is_bound_like_anyone_else(owner_engine: Engine) -> None:
    add_tenant(owner_engine)
    with owner_engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(metric_cache)) == 0


def test_a_tenant_cannot_write_into_another(owner_engine: Engine, app_engine: Engine) -> None:
    ours, theirs = add_tenant(owner_engine), add_tenant(owner_engine)
    sessions = SqlTenantSessions(app_engine)
    with pytest.raises(DBAPIError, match="row-level security"), sessions.begin(ours) as connection:
        connection.execute(insert(metric_cache).values(**metric(theirs)))
    with pytest.raises(DBAPIError, match="row-level security"), sessions.begin(ours) as connection:
        connection.execute(update(metric_cache).values(tenant_id=theirs))


def test_the_context_ends_with_its_transaction(
    owner_engine: Engine, database: DemoDatabase
) -> None:
    """The pool has one connection, so the second look is through the very same one."""
    tenant = add_tenant(owner_engine)
    engine = database.engine(Role.APP, pool_size=1)
    with SqlTenantSessions(engine).begin(tenant) as connection:
        assert connection.scalar(select(func.count()).select_from(metric_cache)) == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(metric_cache)) == 0
    engine.dispose()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM audit_log",
        "UPDATE audit_log SET outcome = 'success'",
        "DELETE FROM audit_log",
        "TRUNCATE audit_log",
        "TRUNCATE metric_cache",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "ALTER TABLE metric_cache DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant_isolation ON metric_cache",
        "ALTER ROLE mcp_app BYPASSRLS",
        "SET ROLE mcp_admin",
        "DELETE FROM api_keys",
        "UPDATE api_keys SET tenant_id = gen_random_uuid()",
        "INSERT INTO tenants (name) VALUES ('x')",
        "SELECT key_hash FROM api_keys",
        "UPDATE api_keys SET last_used_at = now()",
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT lo_creat(-1)",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "SELECT pg_cancel_backend(pg_backend_pid())",
        "SELECT pg_advisory_lock(1)",
        "SELECT n_live_tup FROM pg_stat_user_tables",
        "SELECT idx_scan FROM pg_stat_all_indexes",
        "SELECT heap_blks_hit FROM pg_statio_user_tables",
        "SELECT pg_stat_get_live_tuples('metric_cache'::regclass)",
        "SELECT pg_stat_get_xact_tuples_inserted('metric_cache'::regclass)",
        "SELECT pg_relation_size('metric_cache')",
    ],
)
def test_the_runtime_role_is_refused(untouched: DemoDatabase, statement: str) -> None:
    with (
        psycopg.connect(untouched.dsn(Role.APP)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize(
    "change", ["UPDATE audit_log SET outcome = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log"]
)
def test_not_even_a_superuser_changes_the_trail(untouched: DemoDatabase, change: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
        untouched.run_as_superuser([change])


def test_the_auditor_reads_everything_and_writes_nothing(
    owner_engine: Engine, database: DemoDatabase
) -> None:
    add_tenant(owner_engine)
    engine = database.engine(Role.AUDITOR)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(metric_cache)) == 1
    with engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("SET transaction_read_only = off; DELETE FROM metric_cache"))
    engine.dispose()


def test_the_runtime_role_can_lock_a_key(owner_engine: Engine, app_engine: Engine) -> None:
    tenant = add_tenant(owner_engine)
    add_key(owner_engine, tenant, "digest", MOMENT)
    with SqlTenantSessions(app_engine).begin(tenant) as connection:
        assert connection.execute(text("SELECT id FROM api_keys FOR UPDATE")).rowcount == 1


def test_keys_are_their_tenants_own(owner_engine: Engine, app_engine: Engine) -> None:
    ours, theirs = add_tenant(owner_engine), add_tenant(owner_engine)
    for number, tenant in enumerate((ours, theirs)):
        add_key(owner_engine, tenant, f"digest {number}", MOMENT)
    with app_engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM api_keys")) == 0
        assert connection.execute(text("UPDATE api_keys SET revoked_at = now()")).rowcount == 0
        for digest, found in (("digest 1", theirs), ("digest 2", None)):
            look = text("SELECT tenant_id FROM find_api_key(:digest, :moment)")
            values = {"digest": digest, "moment": MOMENT - DAY}
            assert connection.execute(look, values).scalar_one() == found
    with SqlTenantSessions(app_engine).begin(ours) as connection:
        assert list(connection.scalars(text("SELECT tenant_id FROM api_keys"))) == [ours]
        assert connection.execute(text("UPDATE api_keys SET revoked_at = now()")).rowcount == 1


@pytest.mark.parametrize(
    "change",
    [
        "revoked_at = NULL",
        "revoked_at = revoked_at + interval '1 second'",
        "expires_at = expires_at + interval '1 second'",
        "expires_at = 'infinity'",
    ],
)
def test_no_key_is_revived_or_lives_longer(
    owner_engine: Engine, app_engine: Engine, change: str
) -> None:
    tenant = add_tenant(owner_engine)
    add_key(owner_engine, tenant, "digest", MOMENT, revoked=MOMENT)
    statement = text(f"UPDATE api_keys SET {change}")  # noqa: S608 -- the test's own
    with (
        pytest.raises(DBAPIError, match="no key lives longer"),
        SqlTenantSessions(app_engine).begin(tenant) as connection,
    ):
        connection.execute(statement)


@pytest.mark.parametrize(
    ("setting", "value", "kept"),
    [
        ("default_transaction_isolation", "serializable", "read committed"),
        ("row_security", "off", "on"),
        ("search_path", "nowhere", "public"),
        ("statement_timeout", "1", "3s"),
        ("bytea_output", "escape", "hex"),
    ],
)
def test_what_the_runtime_role_sets_for_itself_changes_no_session_of_the_server(
    database: DemoDatabase, setting: str, value: str, kept: str
) -> None:
    role = f"ALTER ROLE mcp_app IN DATABASE {database.name}"
    with psycopg.connect(database.dsn(Role.APP), autocommit=True) as app:
        app.execute(f"{role} SET {setting} = '{value}'".encode())
    engine = database.engine(Role.APP)
    try:
        with engine.connect() as connection:
            assert connection.scalar(text(f"SHOW {setting}")) == kept
    finally:
        engine.dispose()
        database.run_as_superuser([f"{role} RESET {setting}"])


def test_a_database_without_migrations_is_not_ready(database: DemoDatabase) -> None:
    database.run_as_superuser(["DROP TABLE alembic_version"])
    engine = database.engine(Role.APP)
    with pytest.raises(DatabaseNotReadyError, match="not migrated"):
        check_ready(engine)
    engine.dispose()


def test_a_database_at_another_revision_is_not_ready(database: DemoDatabase) -> None:
    database.run_as_superuser(["UPDATE alembic_version SET version_num = '0000'"])
    engine = database.engine(Role.APP)
    with pytest.raises(DatabaseNotReadyError, match="at migration 0000, this release needs"):
        check_ready(engine)
    engine.dispose()


def test_an_exhausted_pool_is_not_ready(database: DemoDatabase) -> None:
    password, brief = database.passwords[Role.APP].encode(), replace(REQUESTS, pool=0.05)
    engine = create_app_engine(database.url(Role.APP), password, 1, brief)
    with engine.connect(), pytest.raises(DatabaseNotReadyError, match="cannot be reached"):
        check_ready(engine)
    engine.dispose()


def test_a_session_without_a_database_is_a_storage_failure(database: DemoDatabase) -> None:
    engine = database.engine(Role.APP)
    broken = type(database)(database.cluster, name="absent", passwords=database.passwords)
    absent = broken.engine(Role.APP)
    with (
        pytest.raises(StorageUnavailableError),
        SqlTenantSessions(absent).begin(uuid4()),
    ):
        pytest.fail("the block must not run")
    engine.dispose()
    absent.dispose()
