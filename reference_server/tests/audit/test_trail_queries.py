"""The auditor's questions: each is one scan of an index, however long the trail."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from reference_server.audit.contracts import AuditEvent
from reference_server.audit.trail import SqlAuditTrail
from reference_server.core.vocabulary import EventType, Outcome, Role
from reference_server.db.questions import QUESTIONS
from reference_server.observability.redaction import TokenRedactor
from reference_server.tests.conftest import copy_database
from reference_server.tests.fakes import FakeClock
from reference_server.tests.rows import CHAIN

if TYPE_CHECKING:
    from collections.abc import Generator

    import psycopg

    from reference_server.demo.database import DemoDatabase

TENANT, KEY, ADDRESS, REQUEST = uuid4(), uuid4(), "127.0.0.7", str(uuid4())
IDENTITY = {"tenant": TENANT, "key": KEY, "address": ADDRESS, "request": REQUEST}


@pytest.fixture(scope="module")
def long_trail(
    superuser: psycopg.Connection, template: DemoDatabase
) -> Generator[psycopg.Connection]:
    import psycopg

    database = copy_database(superuser, template)
    engine, clock = database.engine(Role.APP), FakeClock()
    with closing(SqlAuditTrail(engine, clock, TokenRedactor(), CHAIN)) as trail:
        for number in range(12):
            clock.advance(1)
            trail.write(*(_of_somebody(f"{number}.{row}") for row in range(250)), _of_ours())
    engine.dispose()
    database.run_as_superuser(["ANALYZE audit_log"])
    with psycopg.connect(database.dsn(Role.AUDITOR), autocommit=True) as auditor:
        yield auditor


def _of_somebody(name: str) -> AuditEvent:
    return AuditEvent(
        EventType.TOOL_CALLED,
        Outcome.SUCCESS,
        request_id=name,
        tenant_id=uuid4(),
        address=name,
        actor_key_id=uuid4(),
    )


def _of_ours() -> AuditEvent:
    return AuditEvent(
        EventType.TOOL_CALLED,
        Outcome.SUCCESS,
        request_id=REQUEST,
        tenant_id=TENANT,
        address=ADDRESS,
        actor_key_id=KEY,
    )


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_one_index_scan_that_finds_the_newest_first(
    long_trail: psycopg.Connection, name: str
) -> None:
    values = {"identity": IDENTITY[name]}
    rows = long_trail.execute(QUESTIONS[name].encode(), values).fetchall()
    moments = [row[0] for row in rows]
    assert len(moments) == 12
    assert moments == sorted(moments, reverse=name != "request")
    plan = "\n".join(
        line for (line,) in long_trail.execute(f"EXPLAIN {QUESTIONS[name]}".encode(), values)
    )
    assert "Index Scan" in plan
    assert "Seq Scan" not in plan
