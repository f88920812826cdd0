"""The auditor's questions: each is one scan of an index, however long the trail."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from reference_server.audit.contracts import AuditEvent
from reference_server.audit.touched import Identity, Place, Row, touched, values_of
from reference_server.audit.trail import SqlAuditTrail
from reference_server.audit.verification import Verifier
from reference_server.context import RequestContext
from reference_server.core.errors import ConfigurationError
from reference_server.core.principal import Principal
from reference_server.core.vocabulary import EventType, Outcome, Role, Scheme, Tier
from reference_server.db.migrate import downgrade, migrate
from reference_server.db.questions import IN_ORDER, MOST_ROWS, QUESTIONS, Touching
from reference_server.demo.trail_bench import BUSY, fill
from reference_server.observability.redaction import TokenRedactor
from reference_server.tests.conftest import copy_database
from reference_server.tests.fakes import FakeClock
from reference_server.tests.rows import CHAIN

if TYPE_CHECKING:
    from collections.abc import Generator

    import psycopg
    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

TIMES, OTHERS = 12, 250
"""Our identity calls so often, and between two of its calls so many others do."""


@dataclass(frozen=True)
class Who:
    """A principal, and the request that carries its calls."""

    principal: Principal
    address: str
    request: str

    def called(self) -> AuditEvent:
        """Return the event of a tool call, as a request of this principal hands it on."""
        context = RequestContext(
            self.request, self.address, "POST", "/mcp", principal=self.principal
        )
        told = {"tool": "ping", "session": "what an event says of itself does not count"}
        event = AuditEvent(EventType.TOOL_CALLED, Outcome.SUCCESS, metadata=told)
        return context.attribute(event)

    def known_by(self, kind: Touching) -> Identity:
        """Return what this one is asked for by."""
        principal = self.principal
        values = {
            Touching.TENANT: str(principal.tenant_id),
            Touching.KEY: str(principal.key_id),
            Touching.SESSION: principal.session_id,
            Touching.TOKEN: principal.token_id,
            Touching.SUBJECT: principal.subject,
            Touching.ADDRESS: self.address,
            Touching.REQUEST: self.request,
        }
        tenant = principal.tenant_id if kind is Touching.SUBJECT else None
        return Identity(kind, values[kind] or "", tenant)


def _somebody(**more: Any) -> Who:
    principal = Principal(
        tenant_id=uuid4(),
        key_id=uuid4(),
        scheme=Scheme.SESSION,
        tier=Tier.MCP,
        session_id=str(uuid4()),
        token_id=str(uuid4()),
        subject="ada",
    )
    return Who(replace(principal, **more), f"198.51.100.{uuid4()}", str(uuid4()))


OURS = _somebody()


@pytest.fixture(scope="module")
def long_trail(superuser: psycopg.Connection, template: DemoDatabase) -> Generator[Engine]:
    database = copy_database(superuser, template)
    engine, clock = database.engine(Role.APP), FakeClock()
    with closing(SqlAuditTrail(engine, clock, TokenRedactor(), CHAIN)) as trail:
        for _ in range(TIMES):
            clock.advance(1)
            trail.write(*(_somebody().called() for _ in range(OTHERS)), OURS.called())
    engine.dispose()
    database.run_as_superuser(["ANALYZE audit_log"])
    auditing = database.engine(Role.AUDITOR)
    yield auditing
    auditing.dispose()


def _plan(engine: Engine, identity: Identity, before: Place | None, rows: int) -> str:
    statement = f"EXPLAIN {QUESTIONS[identity.kind]}"
    with engine.connect() as connection:
        connection.exec_driver_sql(IN_ORDER)
        lines = connection.exec_driver_sql(statement, values_of(identity, before, rows))
        return "\n".join(lines.scalars())


@pytest.mark.parametrize("kind", Touching)
def test_what_an_identity_touched_is_found_page_by_page_the_newest_first(
    long_trail: Engine, kind: Touching
) -> None:
    identity, place = OURS.known_by(kind), None
    seen: list[Row] = []
    for left in (7, 2, 0):
        page = touched(long_trail, identity, place, rows=5)
        seen += page.rows
        assert len(page.rows) == min(5, left + len(page.rows))
        assert (page.before is None) == (left == 0)
        place = page.before
    assert len(seen) == TIMES
    moments = [row.place.moment for row in seen]
    assert moments == sorted(moments, reverse=True)
    assert {(row.tenant, row.key) for row in seen} == {
        (OURS.principal.tenant_id, OURS.principal.key_id)
    }
    assert seen[0].metadata == {
        "scheme": "session",
        "tier": "mcp",
        "session": OURS.principal.session_id,
        "tokenId": OURS.principal.token_id,
        "subject": "ada",
        "tool": "ping",
    }


@pytest.mark.parametrize("kind", Touching)
@pytest.mark.parametrize("before", [None, Place(FakeClock().now() + timedelta(seconds=7), 1500)])
def test_the_plan_is_one_scan_of_an_index_and_sorts_nothing(
    long_trail: Engine, kind: Touching, before: Place | None
) -> None:
    """There are 3,000 rows: reading them all, or sorting those found, would be possible as well."""
    plan = _plan(long_trail, OURS.known_by(kind), before, 101)
    assert plan.count(" using ix_audit_log_") == 1, plan
    assert "Index Cond" in plan
    assert "Seq Scan" not in plan
    if kind is not Touching.REQUEST:  # a request has a few rows, and its id is ours
        assert "Sort" not in plan
        assert "Filter" not in plan, f"rows are read that are not asked for: {plan}"


def test_the_plan_is_the_same_for_who_has_become_busy_since_the_last_look(
    long_trail: Engine,
) -> None:
    """PostgreSQL takes an identity that it has no figures of for one with few rows."""
    plan = _plan(long_trail, _somebody().known_by(Touching.KEY), None, MOST_ROWS)
    assert "Index Scan Backward using ix_audit_log_actor_key_id" in plan
    assert "Sort" not in plan


def test_the_plan_is_the_same_for_who_has_much_of_a_longer_trail(database: DemoDatabase) -> None:
    """To go back through all rows, in which one of a hundred is this tenant's, would do as well.

    It would not, for a tenant that was busy long ago: its rows are at the other end.
    """
    fill(database, 10_000)
    auditing = database.engine(Role.AUDITOR)
    plan = _plan(auditing, BUSY, None, 101)
    page = touched(auditing, BUSY)
    auditing.dispose()
    assert "Index Scan Backward using ix_audit_log_tenant_id_created_at_id" in plan
    assert (len(page.rows), page.before) == (100, None)


def test_rows_of_one_moment_are_told_once_each(app_engine: Engine, database: DemoDatabase) -> None:
    with closing(SqlAuditTrail(app_engine, FakeClock(), TokenRedactor(), CHAIN)) as trail:
        trail.write(*(OURS.called() for _ in range(5)))
    auditing, place = database.engine(Role.AUDITOR), None
    seen: list[int] = []
    for _ in range(3):
        page = touched(auditing, OURS.known_by(Touching.KEY), place, rows=2)
        place = page.before and Place.parse(str(page.before))
        seen += [row.place.position for row in page.rows]
    auditing.dispose()
    assert (seen, place) == ([5, 4, 3, 2, 1], None)


def test_a_subject_is_its_tenants_alone(long_trail: Engine) -> None:
    """Everybody here is called ada, each by a tenant of his own."""
    other = replace(OURS, principal=replace(OURS.principal, tenant_id=uuid4()))
    assert touched(long_trail, other.known_by(Touching.SUBJECT)).rows == ()
    assert len(touched(long_trail, OURS.known_by(Touching.SUBJECT)).rows) == TIMES


def test_a_subject_is_found_as_the_trail_has_it(app_engine: Engine, database: DemoDatabase) -> None:
    odd = _somebody(subject="ya29.looks-like-a-token \x00 " + "x" * 3_000)
    with closing(SqlAuditTrail(app_engine, FakeClock(), TokenRedactor(), CHAIN)) as trail:
        trail.write(odd.called())
    auditing = database.engine(Role.AUDITOR)
    (row,) = touched(auditing, odd.known_by(Touching.SUBJECT)).rows
    auditing.dispose()
    assert "ya29" not in row.metadata["subject"]


def test_a_key_says_so_and_its_subject_stands_in_the_column() -> None:
    plain = Principal(tenant_id=uuid4(), key_id=uuid4())
    assert Who(plain, "::1", "r").called().metadata == {
        "scheme": "api_key",
        "tier": "user",
        "tool": "ping",
        "session": "what an event says of itself does not count",
    }
    session = _somebody(subject=str(plain.key_id), key_id=plain.key_id).called()
    assert session.metadata is not None
    assert "subject" not in session.metadata


@pytest.mark.parametrize(
    ("kind", "value", "tenant"),
    [
        (Touching.KEY, "not-an-id", None),
        (Touching.TENANT, "", None),
        (Touching.SUBJECT, "ada", None),
        (Touching.SESSION, "s", UUID(int=1)),
    ],
)
def test_what_cannot_be_asked_is_named(kind: Touching, value: str, tenant: UUID | None) -> None:
    with pytest.raises(ConfigurationError):
        Identity(kind, value, tenant)


@pytest.mark.parametrize("rows", [0, MOST_ROWS + 1])
def test_a_page_is_bounded(long_trail: Engine, rows: int) -> None:
    with pytest.raises(ConfigurationError, match="--rows"):
        touched(long_trail, OURS.known_by(Touching.KEY), rows=rows)


def test_old_rows_stay_links_and_are_found_after_the_migration(
    superuser: psycopg.Connection, template: DemoDatabase
) -> None:
    """Rows of the release before, which tell of a session less than those of today."""
    database = copy_database(superuser, template)
    owner, writing = database.engine(Role.ADMIN), database.engine(Role.APP)
    auditing = database.engine(Role.AUDITOR)
    told = {"scheme": "session", "session": OURS.principal.session_id}
    with owner.begin() as connection:
        downgrade(connection, CHAIN, "0004")
    with closing(SqlAuditTrail(writing, FakeClock(), TokenRedactor(), CHAIN)) as trail:
        trail.write(AuditEvent(EventType.SESSION_SUCCESS, Outcome.SUCCESS, metadata=told))
        migrate(owner, CHAIN)
        trail.write(OURS.called())
    assert Verifier(CHAIN).verify(auditing).broken is None
    rows = touched(auditing, OURS.known_by(Touching.SESSION)).rows
    assert [row.place.position for row in rows] == [2, 1]
    for engine in (owner, writing, auditing):
        engine.dispose()
