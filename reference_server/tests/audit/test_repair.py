"""A repair: what was wrong is set aside whole, the trail tells of it, and verification says so."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from reference_server.audit.anchors import Anchor
from reference_server.audit.contracts import AuditEvent
from reference_server.audit.repair import repair
from reference_server.audit.trail import SqlAuditTrail
from reference_server.audit.verification import Verifier
from reference_server.core.vocabulary import EventType, Outcome, Role
from reference_server.observability.redaction import TokenRedactor
from reference_server.tests.fakes import START as NOW
from reference_server.tests.fakes import FakeClock
from reference_server.tests.rows import CHAIN

if TYPE_CHECKING:
    from collections.abc import Generator

    import psycopg
    from sqlalchemy import Engine

    from reference_server.audit.repair import Repair
    from reference_server.demo.database import DemoDatabase

ROWS = 6
_BARE = "ALTER TABLE audit_log DISABLE TRIGGER USER;"


@pytest.fixture
def auditing(database: DemoDatabase) -> Generator[Engine]:
    engine = database.engine(Role.AUDITOR)
    yield engine
    engine.dispose()


@pytest.fixture(autouse=True)
def written(app_engine: Engine) -> None:
    _write(app_engine, ROWS)


def _write(engine: Engine, rows: int) -> None:
    event = AuditEvent(EventType.TOOL_CALLED, Outcome.SUCCESS, tenant_id=uuid4())
    with closing(SqlAuditTrail(engine, FakeClock(), TokenRedactor(), CHAIN)) as trail:
        for _ in range(rows):
            trail.write(event)


def _repair(engine: Engine, *anchors: Anchor) -> Repair:
    done = repair(engine, CHAIN, NOW, anchors)
    assert done is not None
    return done


def test_a_whole_trail_is_left_alone(owner_engine: Engine, auditing: Engine) -> None:
    before = Verifier(CHAIN).verify(auditing)
    assert repair(owner_engine, CHAIN, NOW) is None
    assert Verifier(CHAIN).verify(auditing) == before


_ADDED = """
    INSERT INTO audit_log (id, event_type, outcome, digest) VALUES (7, 'x', 'success', '\\x00')"""


@pytest.mark.parametrize(
    ("tampering", "kept", "aside"),
    [
        (_ADDED, 6, 1),
        (_ADDED.replace("7", "-5"), 6, 1),
        ("UPDATE audit_log SET outcome = 'failure' WHERE id = 4", 3, 3),
        ("DELETE FROM audit_log WHERE id = 5", 4, 1),
        ("DELETE FROM audit_log WHERE id > 4", 4, 0),
        ("UPDATE audit_head SET seal = '\\x00'", 6, 0),
        ("UPDATE audit_head SET position = 5", 6, 0),
        ("DELETE FROM audit_head", 6, 0),
        ("TRUNCATE audit_log", 0, 0),
    ],
)
def test_what_is_no_link_is_set_aside_and_told_of(  # noqa: PLR0917 -- fixtures, and a case
    owner_engine: Engine,
    app_engine: Engine,
    auditing: Engine,
    auditor: psycopg.Connection,
    database: DemoDatabase,
    tampering: str,
    kept: int,
    aside: int,
) -> None:
    database.run_as_superuser([_BARE, tampering])
    broken = Verifier(CHAIN).verify(auditing).broken
    done = _repair(owner_engine)
    assert (done.complaint, done.rows, done.head.position) == (broken, aside, kept + 1)
    _write(app_engine, 2)
    verdict = Verifier(CHAIN).verify(auditing)
    assert (verdict.broken, verdict.head.position) == (None, kept + 3)
    assert [(one.position, one.told["because"]) for one in verdict.repairs] == [(kept + 1, broken)]
    found = auditor.execute("SELECT kind FROM audit_set_aside ORDER BY place").fetchall()
    assert [kind for (kind,) in found if kind == "row"] == ["row"] * aside
    guarded = """
        SELECT relforcerowsecurity, (SELECT tgenabled FROM pg_trigger
                                      WHERE tgrelid = c.oid AND NOT tgisinternal)
          FROM pg_class c WHERE relname = 'audit_log'"""
    assert auditor.execute(guarded).fetchone() == (True, "O")


def test_a_second_repair_keeps_what_the_first_has_kept(
    owner_engine: Engine, auditing: Engine, database: DemoDatabase
) -> None:
    for _ in range(2):
        database.run_as_superuser([_BARE, "UPDATE audit_log SET outcome = 'x' WHERE id = 5"])
        _repair(owner_engine)
    verdict = Verifier(CHAIN).verify(auditing)
    assert (verdict.broken, verdict.head.position) == (None, 5)
    assert [(one.position, one.told["rows"]) for one in verdict.repairs] == [(5, 1)]


@pytest.mark.parametrize("change", ["UPDATE audit_set_aside SET content = '{}'", "TRUNCATE"])
def test_evidence_that_is_changed_or_removed_is_missed(
    owner_engine: Engine, auditing: Engine, database: DemoDatabase, change: str
) -> None:
    database.run_as_superuser([_BARE, "UPDATE audit_log SET outcome = 'x' WHERE id = 5"])
    _repair(owner_engine)
    statement = "TRUNCATE audit_set_aside" if change == "TRUNCATE" else change
    database.run_as_superuser(["ALTER TABLE audit_set_aside DISABLE TRIGGER USER", statement])
    verdict = Verifier(CHAIN).verify(auditing)
    assert verdict.broken == "the evidence of the repair in row 5 was changed or removed"
    _repair(owner_engine)
    verdict = Verifier(CHAIN).verify(auditing)
    assert verdict.broken is None
    assert verdict.repairs[-1].told["evidenceLost"] == [5]


def test_anchors_that_the_trail_has_lost_are_given_up_by_the_repair(
    owner_engine: Engine, app_engine: Engine, auditing: Engine, database: DemoDatabase
) -> None:
    """Rows and head are put back together, so that nothing in the database tells."""
    keep = "CREATE TABLE kept AS SELECT * FROM audit_head"
    database.run_as_superuser([keep])
    _write(app_engine, 3)
    anchor = Anchor(NOW - timedelta(seconds=1), Verifier(CHAIN).verify(auditing).head)
    back = "DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept; DROP TABLE kept"
    database.run_as_superuser([_BARE, "DELETE FROM audit_log WHERE id > 6", back])
    verifier = Verifier(CHAIN)
    assert verifier.verify(auditing).broken is None
    broken = verifier.verify(auditing, anchors=[anchor]).broken
    assert broken is not None
    assert broken.startswith("row 7 is missing: an anchor of ")
    done = _repair(owner_engine, anchor)
    assert (done.complaint, done.rows, done.head.position) == (broken, 0, ROWS + 1)
    assert verifier.verify(auditing, anchors=[anchor]).broken is None
    later = Anchor(NOW + timedelta(seconds=1), anchor.head)
    assert verifier.verify(auditing, anchors=[later]).broken is not None
