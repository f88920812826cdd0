"""The trail on a real database: durable, ordered, scrubbed, honest when it cannot be written."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from reference_server.audit.contracts import AuditEvent
from reference_server.audit.trail import SqlAuditTrail
from reference_server.core.errors import StorageUnavailableError
from reference_server.core.vocabulary import EventType, Outcome, Role
from reference_server.observability.redaction import TokenRedactor
from reference_server.tests.fakes import FakeClock
from reference_server.tests.rows import CHAIN, statements_seen
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase


def _trail(engine: Engine) -> SqlAuditTrail:
    return SqlAuditTrail(engine, FakeClock(), TokenRedactor(), CHAIN)


def _event(request_id: str, **more: Any) -> AuditEvent:
    return AuditEvent(EventType.TOOL_CALLED, Outcome.SUCCESS, request_id=request_id, **more)


def test_a_row_is_stored_when_write_returns(
    app_engine: Engine, auditor: psycopg.Connection
) -> None:
    clock, tenant = FakeClock(), uuid4()
    with closing(SqlAuditTrail(app_engine, clock, TokenRedactor(), CHAIN)) as trail:
        trail.write(
            _event("r1", tenant_id=tenant, address="127.0.0.9", metadata={"tool": "ping"}),
            AuditEvent(EventType.AUTH_FAILURE, Outcome.FAILURE),
        )
        found = auditor.execute("SELECT * FROM audit_log ORDER BY id").fetchall()
    assert [row[1:8] for row in found] == [
        (clock.now(), "mcp.tool_called", "success", tenant, "127.0.0.9", "r1", {"tool": "ping"}),
        (clock.now(), "api_key.auth_failure", "failure", None, None, None, {}),
    ]


def test_a_row_alone_is_stored_as_it_is_in_company(
    app_engine: Engine, auditor: psycopg.Connection
) -> None:
    metadata = {"text": "ä\\ '%s\x00", "number": 1.5, "none": None}
    full = {"tenant_id": uuid4(), "actor_key_id": uuid4(), "address": "127.0.0.9"}
    with closing(_trail(app_engine)) as trail:
        for event in (_event("r\x00", **full, metadata=metadata), _event("r")):
            trail.write(event)
            trail.write(event, event)
    found = auditor.execute("""
        SELECT id, created_at, event_type, outcome, tenant_id, actor_key_id, actor_ip, request_id,
               metadata::text FROM audit_log ORDER BY id""").fetchall()
    assert [row[0] for row in found] == list(range(1, 7))
    for alone in (0, 3):
        assert found[alone][1:] == found[alone + 1][1:] == found[alone + 2][1:]
    stored = '{"none": null, "text": "ä\\\\ \'%s\ufffd", "number": 1.5}'
    assert found[0][6:] == ("127.0.0.9", "r\ufffd", stored)


def test_nothing_to_write_needs_no_database(app_engine: Engine) -> None:
    with closing(_trail(app_engine)) as trail:
        trail.write()


def test_concurrent_writers_share_commits_and_lose_nothing(
    app_engine: Engine, auditor: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = statements_seen(monkeypatch)
    gate = threading.Barrier(16)

    def work(writer: int) -> None:
        gate.wait()
        for number in range(25):
            trail.write(_event(f"{writer}-{number}-a"), _event(f"{writer}-{number}-b"))

    with closing(_trail(app_engine)) as trail, ThreadPoolExecutor(16) as executor:
        list(executor.map(work, range(16)))
    found = [row[0] for row in auditor.execute("SELECT request_id FROM audit_log ORDER BY id")]
    wanted = {f"{w}-{n}-{half}" for w in range(16) for n in range(25) for half in "ab"}
    assert len(found) == 800
    assert set(found) == wanted
    assert len([line for line in statements if "append_audit" in line]) < 400
    for writer in range(16):  # one writer's rows stand in the order it wrote them
        ours = [name for name in found if name.startswith(f"{writer}-")]
        assert ours == [f"{writer}-{n}-{half}" for n in range(25) for half in "ab"]


def test_one_bad_row_costs_its_neighbours_nothing(
    app_engine: Engine, auditor: psycopg.Connection, database: DemoDatabase
) -> None:
    database.run_as_superuser(
        ["ALTER TABLE audit_log ADD CONSTRAINT picky CHECK (request_id <> 'bad')"]
    )
    failures: list[str] = []
    gate = threading.Barrier(8)

    def work(name: str) -> None:
        gate.wait()
        for _ in range(20):
            try:
                trail.write(_event(name))
            except StorageUnavailableError:
                failures.append(name)

    with closing(_trail(app_engine)) as trail, ThreadPoolExecutor(8) as executor:
        list(executor.map(work, ["bad", *"abcdefg"]))
    assert failures == ["bad"] * 20
    row = auditor.execute("SELECT count(*) FROM audit_log").fetchone()
    assert row == (140,)


def test_a_trail_that_cannot_be_written_says_so_and_recovers(
    app_engine: Engine, database: DemoDatabase
) -> None:
    with closing(_trail(app_engine)) as trail:
        database.run_as_superuser(["REVOKE EXECUTE ON FUNCTION append_audit_row FROM mcp_app"])
        with pytest.raises(StorageUnavailableError):
            trail.write(_event("refused"))
        database.run_as_superuser(["GRANT EXECUTE ON FUNCTION append_audit_row TO mcp_app"])
        trail.write(_event("stored"))


def test_a_lost_connection_fails_one_write_and_no_more(
    app_engine: Engine, database: DemoDatabase
) -> None:
    with closing(_trail(app_engine)) as trail:
        trail.write(_event("before"))
        database.run_as_superuser(
            ["SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mcp_app'"]
        )
        with pytest.raises(StorageUnavailableError):
            trail.write(_event("during"))
        trail.write(_event("after"))


def test_a_stuck_trail_refuses_in_time(
    app_engine: Engine,
    database: DemoDatabase,
    auditor: psycopg.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who waits gives up first; who stores is refused by the database; neither is in the way."""
    monkeypatch.setattr("reference_server.audit.trail.WAIT_SECONDS", 0.2)
    holder = database.engine(Role.ADMIN)
    trail = _trail(app_engine)
    with closing(trail), ThreadPoolExecutor(1) as executor, holder.connect() as connection:
        connection.exec_driver_sql("LOCK TABLE audit_log")
        leading = executor.submit(trail.write, _event("leads"))
        assert becomes_true(lambda: trail.is_storing and not trail.waiting)
        with pytest.raises(StorageUnavailableError, match="in time"):
            trail.write(_event("follows"))
        with pytest.raises(StorageUnavailableError, match="cannot be written"):
            leading.result(10)
        connection.rollback()
        trail.write(_event("after"))
    assert auditor.execute("SELECT request_id FROM audit_log").fetchall() == [("after",)]
    holder.dispose()


def test_what_was_queued_before_the_end_is_stored(
    app_engine: Engine, database: DemoDatabase, auditor: psycopg.Connection
) -> None:
    """The lock holds the first row up, so the others and the end meet behind it."""
    holder = database.engine(Role.ADMIN)
    trail = _trail(app_engine)
    with ThreadPoolExecutor(4) as executor:
        with holder.connect() as connection:
            connection.exec_driver_sql("LOCK TABLE audit_log")
            writes = [executor.submit(trail.write, _event("first"))]
            assert becomes_true(lambda: trail.is_storing and not trail.waiting)
            writes += [executor.submit(trail.write, _event(name)) for name in ("second", "third")]
            assert becomes_true(lambda: trail.waiting == 2)
            closing_down = executor.submit(trail.close)
            assert becomes_true(lambda: trail.is_closed)
            connection.rollback()
        for done in (*writes, closing_down):
            done.result(5)
    assert auditor.execute("SELECT count(*) FROM audit_log").fetchone() == (3,)
    holder.dispose()


def test_a_failure_of_our_own_does_not_end_the_writer(
    app_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the writer every later request would wait, in vain, for its bound."""
    with closing(_trail(app_engine)) as trail:
        with monkeypatch.context() as patched:
            patched.setattr(trail, "_insert", None)
            with pytest.raises(StorageUnavailableError):
                trail.write(_event("lost"))
        trail.write(_event("stored"))


def test_a_closed_trail_refuses(app_engine: Engine) -> None:
    trail = _trail(app_engine)
    trail.close()
    trail.close()
    with pytest.raises(StorageUnavailableError, match="closed"):
        trail.write(_event("late"))


def test_odd_input_is_stored_not_refused(app_engine: Engine, auditor: psycopg.Connection) -> None:
    """NUL, lone surrogates and infinities are what jsonb refuses; callers must not stop it."""
    odd = {"nul\x00": "a\x00b", "half": "\ud800", "inf": float("inf"), "huge": 10**400, "o": object}
    with closing(_trail(app_engine)) as trail:
        trail.write(_event("r\x00", address="\udfff", metadata=odd))
    row = auditor.execute("SELECT request_id, metadata FROM audit_log").fetchone()
    assert row is not None
    assert row[0] == "r\ufffd"
    assert row[1]["nul\ufffd"] == "a\ufffdb"


_FULL = """
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$"""


def test_a_full_disk_refuses_all_at_once_and_loses_nothing_stored(
    app_engine: Engine, database: DemoDatabase, auditor: psycopg.Connection
) -> None:
    trigger = "CREATE TRIGGER full_disk BEFORE INSERT ON audit_log EXECUTE FUNCTION no_room()"
    with closing(_trail(app_engine)) as trail, ThreadPoolExecutor(8) as threads:
        trail.write(_event("before"))
        database.run_as_superuser([_FULL, trigger])
        refused = [threads.submit(trail.write, _event(f"lost-{number}")) for number in range(16)]
        assert all(isinstance(one.exception(), StorageUnavailableError) for one in refused)
        database.run_as_superuser(["DROP TRIGGER full_disk ON audit_log"])
        trail.write(_event("after"))
    found = auditor.execute("SELECT request_id FROM audit_log ORDER BY id").fetchall()
    assert found == [("before",), ("after",)]


def test_a_database_that_takes_no_writes_refuses(
    database: DemoDatabase, app_engine: Engine
) -> None:
    setting = f'ALTER DATABASE "{database.name}" SET default_transaction_read_only = '
    database.run_as_superuser([f"{setting} on"])
    with closing(_trail(app_engine)) as trail:
        with pytest.raises(StorageUnavailableError):
            trail.write(_event("lost"))
        database.run_as_superuser(["SET TRANSACTION READ WRITE", f"{setting} off"])
        app_engine.dispose()
        trail.write(_event("after"))
