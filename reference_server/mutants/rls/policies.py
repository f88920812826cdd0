"""Defects of tenant isolation."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from reference_server.core.errors import UnknownObjectError
from reference_server.core.vocabulary import TENANT_SETTING
from reference_server.db.session import enter_tenant
from reference_server.mutants.bending import OPEN_KEYS, engine_of, mutant, replaced, with_tool
from reference_server.tools.get_metric import METRIC
from reference_server.tools.list_metrics import ListMetrics, describe

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.core.settings import Settings
    from reference_server.parts import Parts
    from reference_server.tools.contracts import Caller


class _OnceAConnection:
    """Sets the tenant for the connection's life, the first time the connection is used."""

    def __init__(self, parts: Parts) -> None:
        self._engine = engine_of(parts)

    @contextmanager
    def begin(self, tenant_id: UUID) -> Generator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            values = {"setting": TENANT_SETTING, "tenant": str(tenant_id)}
            if not connection.info.get("tenant"):
                connection.info["tenant"] = tenant_id
                connection.execute(text("SELECT set_config(:setting, :tenant, false)"), values)
            yield connection


class _Kept:
    """Enters the tenant unless one was entered, as a nested call may; leaves it after a success."""

    def __init__(self, parts: Parts) -> None:
        self._engine = engine_of(parts)

    @contextmanager
    def begin(self, tenant_id: UUID) -> Generator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            entered = connection.info.setdefault("tenant", tenant_id)
            enter_tenant(connection, entered)
            yield connection
            del connection.info["tenant"]


def found_inside(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
    """Do what `get_metric` does, but say that there is none before the transaction has ended."""
    values = {"metric": arguments["metricId"]}
    with caller.sessions.begin(caller.principal.tenant_id) as connection:
        found = connection.execute(METRIC, values).all()
        if not found:
            raise UnknownObjectError("metric")
    return {"metric": describe(found[0])}


def _kept_after_a_failure(parts: Parts) -> Parts:
    return with_tool("get_metric", found_inside)(replaced({"sessions": _Kept})(parts))


class _OtherTransaction:
    """Sets the tenant on one connection of the pool and queries on whichever comes next."""

    def __init__(self, parts: Parts) -> None:
        self._engine = engine_of(parts)

    @contextmanager
    def begin(self, tenant_id: UUID) -> Generator[Connection]:
        values = {"setting": TENANT_SETTING, "tenant": str(tenant_id)}
        with self._engine.connect() as first, first.begin():
            first.execute(text("SELECT set_config(:setting, :tenant, false)"), values)
        with self._engine.connect() as connection, connection.begin():
            yield connection


def _listed_on_another(parts: Parts) -> Parts:
    """Let the list alone be read so: which connection is next, and what a get tells, is chance."""
    sessions = _OtherTransaction(parts)

    def run(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        return ListMetrics().run(arguments, replace(caller, sessions=sessions))

    return with_tool("list_metrics", run)(parts)


class _Shared:
    """Keeps the tenant of the current call in an attribute that all calls share."""

    def __init__(self, parts: Parts) -> None:
        self._sessions, self._tenant = parts.sessions, None
        self._never = threading.Event()

    @contextmanager
    def begin(self, tenant_id: UUID) -> Generator[Connection]:
        self._tenant = tenant_id
        self._never.wait(0.005)  # what a remote lookup takes
        with self._sessions.begin(self._tenant) as connection:
            yield connection


def _of_one_connection(settings: Settings) -> Settings:
    """Leave chance no choice of connections."""
    return replace(settings, pool_size=1)


_POLICY = "DROP POLICY tenant_isolation ON metric_cache"
_CREATE = "CREATE POLICY tenant_isolation ON metric_cache"
_TOTAL = """
    CREATE FUNCTION metric_total() RETURNS bigint LANGUAGE sql SECURITY DEFINER
    SET search_path = public RETURN (SELECT count(*) FROM metric_cache)"""
_OWN = "tenant_id = current_tenant()"

MUTANTS = (
    mutant(
        "runtime-is-superuser",
        "AUD-05 RLS-01 RLS-03 RLS-04 RLS-05 RLS-06 RLS-07 RLS-08 RLS-10 RLS-11 RLS-12 RLS-15",
        "The server connects as a superuser.",
        sql=("ALTER ROLE mcp_app SUPERUSER",),
    ),
    mutant(
        "runtime-bypasses-rls",
        "RLS-01 RLS-03 RLS-04 RLS-05 RLS-06 RLS-07 RLS-08 RLS-10 RLS-12 RLS-15",
        "The runtime role has BYPASSRLS.",
        sql=("ALTER ROLE mcp_app BYPASSRLS",),
    ),
    mutant(
        "runtime-owns-a-table",
        "OPS-05 RLS-01",
        "A migration ran as the runtime role, which so owns a table and whatever guards it.",
        sql=("CREATE TABLE job_queue (body text)", "ALTER TABLE job_queue OWNER TO mcp_app"),
    ),
    mutant(
        "runtime-inherits-the-owner",
        "AUD-05 RLS-01 RLS-03 RLS-04 RLS-05 RLS-06 RLS-11",
        "The runtime role is a member of the owner's role, and inherits its rights.",
        sql=("ALTER ROLE mcp_app INHERIT", "GRANT mcp_admin TO mcp_app WITH INHERIT TRUE"),
    ),
    mutant(
        "runtime-may-create",
        "RLS-01",
        "The runtime role may create objects in the schema.",
        sql=("GRANT CREATE ON SCHEMA public TO mcp_app",),
    ),
    mutant(
        "rls-not-forced",
        "RLS-02",
        "Row-level security is enabled on metric_cache, but its owner is exempt.",
        sql=("ALTER TABLE metric_cache NO FORCE ROW LEVEL SECURITY",),
    ),
    mutant(
        "new-table-without-policy",
        "RLS-02 RLS-05",
        "A migration added a tenant table and nobody thought of its policy.",
        sql=(
            "CREATE TABLE report_cache (tenant_id uuid NOT NULL, body text)",
            "ALTER TABLE report_cache OWNER TO mcp_admin",
            "GRANT SELECT, INSERT ON report_cache TO mcp_app",
        ),
    ),
    mutant(
        "rls-disabled-on-a-table",
        "RLS-02 RLS-03 RLS-04 RLS-05 RLS-06 RLS-07 RLS-08 RLS-10 RLS-12 RLS-15",
        "Row-level security was switched off on metric_cache for a repair, and stayed off.",
        sql=("ALTER TABLE metric_cache DISABLE ROW LEVEL SECURITY",),
    ),
    mutant(
        "second-policy-opens-reads",
        "RLS-03 RLS-04 RLS-07 RLS-08 RLS-10 RLS-12 RLS-15",
        "A permissive policy for reports lets everybody read: policies are joined by OR.",
        sql=("CREATE POLICY reporting ON metric_cache FOR SELECT USING (true)",),
    ),
    mutant(
        "policy-open-without-context",
        "RLS-04 RLS-07",
        "The policy passes when no tenant is set, so that jobs can see every row.",
        sql=(
            _POLICY,
            f"{_CREATE} USING ({_OWN} OR current_tenant() IS NULL) WITH CHECK ({_OWN})",
        ),
    ),
    mutant(
        "policy-without-check",
        "RLS-05 RLS-10",
        "The policy has no WITH CHECK of its own for writes.",
        sql=(
            _POLICY,
            f"{_CREATE} USING ({_OWN}) WITH CHECK (true)",
        ),
    ),
    mutant(
        "writes-not-isolated",
        "RLS-06 RLS-10",
        "Reads are isolated; an UPDATE or DELETE without WHERE reaches every tenant's rows.",
        sql=(
            _POLICY,
            f"CREATE POLICY reads ON metric_cache FOR SELECT USING ({_OWN})",
            f"CREATE POLICY inserts ON metric_cache FOR INSERT WITH CHECK ({_OWN})",
            f"CREATE POLICY updates ON metric_cache FOR UPDATE USING (true) WITH CHECK ({_OWN})",
            "CREATE POLICY deletes ON metric_cache FOR DELETE USING (true)",
        ),
    ),
    mutant(
        "tenant-in-a-shared-attribute",
        "RLS-07 RLS-08",
        "The tenant of a call is kept where the next call overwrites it.",
        parts=replaced({"sessions": _Shared}),
    ),
    mutant(
        "view-with-its-owners-rights",
        "RLS-09",
        "A view for reports reads with the rights of the superuser who made it.",
        sql=(
            "CREATE VIEW metric_report AS SELECT tenant_id, platform, data FROM metric_cache",
            "GRANT SELECT ON metric_report TO mcp_app",
        ),
    ),
    mutant(
        "function-with-its-owners-rights",
        "RLS-09",
        "A helper function runs with the rights of the superuser who made it.",
        sql=(_TOTAL,),
    ),
    mutant(
        "unique-across-tenants",
        "RLS-09",
        "A unique index leaves the tenant out, and so tells of other tenants' values.",
        sql=(
            "ALTER TABLE sync_log ADD COLUMN external_id text",
            "CREATE UNIQUE INDEX one_external_id ON sync_log (external_id)",
        ),
    ),
    mutant(
        "runtime-may-delete-keys",
        "RLS-11",
        "The runtime role may delete keys, anybody's.",
        sql=(*OPEN_KEYS, "GRANT DELETE ON api_keys TO mcp_app"),
    ),
    mutant(
        "runtime-may-move-keys",
        "RLS-11",
        "The runtime role may give a key to another tenant.",
        sql=(*OPEN_KEYS, "GRANT UPDATE ON api_keys TO mcp_app"),
    ),
    mutant(
        "context-once-a-connection",
        "RLS-07 RLS-08 RLS-10 RLS-12 RLS-14 RLS-15",
        "The tenant is set for a connection's whole life, when it is first used.",
        parts=replaced({"sessions": _OnceAConnection}),
        settings=_of_one_connection,
    ),
    mutant(
        "context-kept-after-a-failure",
        "RLS-10 RLS-15",
        "A failure leaves its tenant on the pooled connection, for whoever is next.",
        parts=_kept_after_a_failure,
        settings=_of_one_connection,
    ),
    mutant(
        "context-on-another-connection",
        "RLS-07 RLS-08 RLS-10 RLS-14",
        "The tenant is set on one pooled connection, and the query runs on the next one.",
        parts=_listed_on_another,
    ),
)
