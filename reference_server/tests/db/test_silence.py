"""A database that is frozen, not gone: nobody waits long, nothing is lost, nothing half done."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from reference_server.audit.contracts import AuditEvent
from reference_server.audit.trail import SqlAuditTrail
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.vocabulary import EventType, Outcome, Role
from reference_server.db.bounded import SilentError
from reference_server.db.session import SqlTenantSessions
from reference_server.db.statements import Statements
from reference_server.demo.database import DemoDatabase
from reference_server.demo.postgres import SUPERUSER, Cluster
from reference_server.observability.redaction import TokenRedactor
from reference_server.tests.fakes import FakeClock
from reference_server.tests.freezing import frozen
from reference_server.tests.rows import CHAIN, CHAIN_KEY, add_tenant
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sqlalchemy import Engine

AT_ONCE = 32
BOUND = 10.0
"""Seconds within which everybody is answered."""
AT_ONCE_SECONDS = 1.0
"""What a refusal takes that waits for nothing, on a busy machine."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def cluster() -> Generator[Cluster]:
    """A PostgreSQL of these tests' own, since it is stopped."""
    with Cluster() as started:
        started.start()
        yield started


@pytest.fixture(scope="module")
def database(cluster: Cluster) -> DemoDatabase:
    """A migrated database there."""
    made = DemoDatabase(cluster, chain_key=CHAIN_KEY)
    made.create()
    return made


@pytest.fixture
def engine(database: DemoDatabase) -> Generator[Engine]:
    """Connections as the runtime role."""
    made = database.engine(Role.APP, pool_size=20)
    yield made
    made.dispose()


def _taking(work: Callable[[], object], error: type[Exception]) -> float:
    """Return the seconds after which the work fails."""
    since = time.monotonic()
    with pytest.raises(error):
        work()
    return time.monotonic() - since


def _event(request_id: str) -> AuditEvent:
    return AuditEvent(EventType.TOOL_CALLED, Outcome.SUCCESS, request_id=request_id)


def test_statements_are_given_up_refused_at_once_and_work_again(
    cluster: Cluster, engine: Engine
) -> None:
    statements = Statements(engine)

    def ask() -> object:
        return statements.first("SELECT 1", {})

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for one in [threads.submit(ask) for _ in range(2 * AT_ONCE)]:
            one.result()
        with frozen(cluster.pid):
            failing = [threads.submit(_taking, ask, Exception) for _ in range(AT_ONCE)]
            assert max(one.result() for one in failing) < BOUND
            # One a second tries in vain; nobody else waits.
            took = sorted(_taking(ask, SilentError) for _ in range(5))
            assert took[2] < AT_ONCE_SECONDS
    assert becomes_true(lambda: _works(ask), BOUND), "it works again without a restart"


def _works(work: Callable[[], object]) -> bool:
    try:
        work()
    except (psycopg.Error, DBAPIError, StorageUnavailableError):
        return False
    return True


def test_a_commit_that_was_given_up_is_not_carried_out_later(
    cluster: Cluster, database: DemoDatabase, engine: Engine
) -> None:
    """It had arrived before the database thawed, and its caller was told that it failed."""
    owner = database.engine(Role.ADMIN)
    tenant = add_tenant(owner)
    owner.dispose()
    sessions = SqlTenantSessions(engine)
    with ExitStack() as stack:
        connection = stack.enter_context(sessions.begin(tenant))
        connection.execute(text("UPDATE metric_cache SET platform = 'meta'"))
        stack.enter_context(frozen(cluster.pid))
        with pytest.raises(DBAPIError):
            connection.commit()
    url = cluster.url(SUPERUSER, database.name)
    with psycopg.connect(url, password=cluster.password, autocommit=True) as link:
        open_ones = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
        assert becomes_true(lambda: link.execute(open_ones).fetchone() == (0,), BOUND)
        found = link.execute("SELECT platform FROM metric_cache WHERE tenant_id = %s", [tenant])
        assert found.fetchone() == ("google",)


def test_the_trail_refuses_stores_what_it_promised_and_stays_whole(
    cluster: Cluster, database: DemoDatabase, engine: Engine
) -> None:
    trail = SqlAuditTrail(engine, FakeClock(), TokenRedactor(), CHAIN)
    stored: list[str] = []

    def write(name: str) -> float:
        since = time.monotonic()
        try:
            trail.write(_event(name))
            stored.append(name)
        except StorageUnavailableError:
            pass
        return time.monotonic() - since

    with closing(trail), ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(write, [f"before-{n}" for n in range(8)]))
        with frozen(cluster.pid):
            took = list(threads.map(write, [f"frozen-{n}" for n in range(2 * AT_ONCE)]))
        assert max(took) < BOUND
        assert becomes_true(lambda: _works(lambda: trail.write(_event("after"))), BOUND)
    assert len(stored) == 8
    with psycopg.connect(database.dsn(Role.AUDITOR), autocommit=True) as link:
        found = {name for (name,) in link.execute("SELECT request_id FROM audit_log")}
    assert {*stored, "after"} <= found
