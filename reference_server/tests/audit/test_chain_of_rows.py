"""The trail's chain: whatever is done to the rows, even by a superuser, verification finds it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from reference_server.audit.contracts import AuditEvent
from reference_server.audit.trail import SqlAuditTrail
from reference_server.audit.verification import Verifier
from reference_server.core.errors import ConfigurationError, StorageUnavailableError
from reference_server.core.vocabulary import EventType, Outcome, Role
from reference_server.db.chain import START, AuditChain, Head, canonical
from reference_server.db.engine import create_app_engine
from reference_server.db.migrate import migrate, run_sql, upgrade
from reference_server.demo.postgres import SUPERUSER
from reference_server.observability.redaction import TokenRedactor
from reference_server.tests.conftest import copy_database
from reference_server.tests.fakes import START as NOW
from reference_server.tests.fakes import FakeClock
from reference_server.tests.rows import CHAIN, statements_seen

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from sqlalchemy import Connection, Engine

    from reference_server.audit.verification import Verdict
    from reference_server.demo.database import DemoDatabase
    from reference_server.demo.postgres import Cluster

ROWS = 6
_BARE = "ALTER TABLE audit_log DISABLE TRIGGER USER"
_SWAP = """
    UPDATE audit_log SET id = -3 WHERE id = 3;
    UPDATE audit_log SET id = 3 WHERE id = 4;
    UPDATE audit_log SET id = 4 WHERE id = -3"""
_CUT = "DELETE FROM audit_log WHERE id > 4"
_SET_BACK = """
    UPDATE audit_head
       SET position = 4, digest = (SELECT digest FROM audit_log WHERE id = 4)"""


def _trail(engine: Engine, chain: AuditChain = CHAIN) -> SqlAuditTrail:
    return SqlAuditTrail(engine, FakeClock(), TokenRedactor(), chain)


def _event(request_id: str, **more: Any) -> AuditEvent:
    return AuditEvent(EventType.TOOL_CALLED, Outcome.SUCCESS, request_id=request_id, **more)


@pytest.fixture
def auditing(database: DemoDatabase) -> Generator[Engine]:
    engine = database.engine(Role.AUDITOR)
    yield engine
    engine.dispose()


def _write_rows(engine: Engine) -> None:
    with closing(_trail(engine)) as trail:
        for number in range(ROWS):
            trail.write(_event(f"r{number}", tenant_id=uuid4(), metadata={"n": number}))


@pytest.fixture
def written(app_engine: Engine) -> None:
    _write_rows(app_engine)


@pytest.fixture(scope="module")
def superusers_engine(
    cluster: Cluster, superuser: psycopg.Connection, template: DemoDatabase
) -> Generator[Engine]:
    database = copy_database(superuser, template)
    writing = database.engine(Role.APP)
    _write_rows(writing)
    writing.dispose()
    url, password = cluster.url(SUPERUSER, database.name), cluster.password.encode()
    engine = create_app_engine(url, password, pool_size=1)
    yield engine
    engine.dispose()


@pytest.fixture
def tampered(superusers_engine: Engine) -> Generator[Connection]:
    with superusers_engine.connect() as connection:
        yield connection


def _verify_as(database: DemoDatabase) -> Verdict:
    engine = database.engine(Role.AUDITOR)
    try:
        return _verify(engine)
    finally:
        engine.dispose()


def _verify(engine: Engine, expected: Head | None = None) -> Verdict:
    return Verifier(CHAIN).verify(engine, expected)


@pytest.mark.usefixtures("written")
def test_a_trail_nobody_touched_is_whole(auditing: Engine) -> None:
    verdict = _verify(auditing)
    assert verdict.broken is None
    assert verdict.head.position == ROWS
    assert _verify(auditing, verdict.head).broken is None


def test_an_empty_trail_is_whole(auditing: Engine) -> None:
    assert _verify(auditing) == _verify(auditing, START)
    assert _verify(auditing).broken is None


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE audit_log SET outcome = 'failure' WHERE id = 3", "row 3 was changed"),
        ("UPDATE audit_log SET tenant_id = gen_random_uuid() WHERE id = 3", "row 3 was changed"),
        ("UPDATE audit_log SET tenant_id = NULL WHERE id = 3", "row 3 was changed"),
        ("UPDATE audit_log SET actor_key_id = gen_random_uuid() WHERE id = 3", "row 3 was ch"),
        ("UPDATE audit_log SET actor_ip = '' WHERE id = 3", "row 3 was changed"),
        ("UPDATE audit_log SET request_id = 'r9' WHERE id = 3", "row 3 was changed"),
        ("UPDATE audit_log SET event_type = 'mcp.tool_failed' WHERE id = 3", "row 3 was ch"),
        ("""UPDATE audit_log SET metadata = '{"n": 7}' WHERE id = 3""", "row 3 was changed"),
        ("""UPDATE audit_log SET metadata = '{"n": "n2"}' WHERE id = 3""", "row 3 was changed"),
        ("UPDATE audit_log SET created_at = created_at + interval '1 us' WHERE id = 3", "row 3 w"),
        ("UPDATE audit_log SET digest = sha256(digest) WHERE id = 6", "row 6 was changed"),
        ("DELETE FROM audit_log WHERE id = 3", "row 3 is missing: row 4"),
        ("DELETE FROM audit_log WHERE id = 1", "row 1 is missing: row 2"),
        ("DELETE FROM audit_log WHERE id = 3; UPDATE audit_log SET id = 3 WHERE id = 6", "row 3"),
        (_SWAP, "row 3 was changed, added or moved"),
        (_CUT, "row 5 is missing: the trail ended with row 6"),
        (_CUT + ";" + _SET_BACK, "its seal is wrong"),
        ("DELETE FROM audit_head", "head of the chain is missing"),
        ("DELETE FROM audit_head; DELETE FROM audit_log", "head of the chain is missing"),
        ("TRUNCATE audit_log", "row 1 is missing: the trail ended with row 6"),
        (
            """INSERT INTO audit_log (id, created_at, event_type, outcome, digest)
               SELECT 7, created_at, event_type, outcome, digest FROM audit_log WHERE id = 6""",
            "row 7 was changed, added",
        ),
        ("UPDATE audit_head SET position = 5", "its seal is wrong"),
    ],
)
def test_tampering_by_a_superuser_is_found(
    tampered: Connection, tampering: str, found: str
) -> None:
    """One database serves all: each change is looked at inside the transaction that made it."""
    run_sql(tampered, f"{_BARE}; {tampering}")
    broken = Verifier(CHAIN).verify_rows(tampered).broken
    assert broken is not None
    assert found in broken


def test_a_trail_set_back_to_a_former_state_is_found_by_who_saw_the_later_one(
    app_engine: Engine, auditing: Engine, database: DemoDatabase
) -> None:
    """The head of row 1 is genuine, so only a memory outside the database can tell."""
    with closing(_trail(app_engine)) as trail:
        trail.write(_event("r1"))
        database.run_as_superuser(["CREATE TABLE kept AS SELECT * FROM audit_head"])
        trail.write(_event("r2"))
    seen = _verify(auditing).head
    restore = "DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept; DROP TABLE kept"
    database.run_as_superuser([_BARE, "DELETE FROM audit_log WHERE id = 2", restore])
    assert _verify(auditing).broken is None
    assert "row 2 is missing: row 2 was seen before" in str(_verify(auditing, seen).broken)
    with closing(_trail(app_engine)) as trail:
        trail.write(_event("another"))
    assert "row 2 is not the one that was expected" in str(_verify(auditing, seen).broken)


@pytest.mark.usefixtures("written")
def test_another_key_finds_nothing_whole(auditing: Engine) -> None:
    verdict = Verifier(AuditChain(b"x" * 32)).verify(auditing)
    assert verdict.broken is not None


def test_several_processes_write_one_chain(database: DemoDatabase, auditing: Engine) -> None:
    """Each trail has an engine and a writer of its own, as each process has."""
    engines = [database.engine(Role.APP, pool_size=2) for _ in range(3)]
    trails = [_trail(engine) for engine in engines]
    gate = threading.Barrier(12)

    def work(number: int) -> None:
        gate.wait()
        for turn in range(15):
            trails[number % 3].write(_event(f"{number}-{turn}"), _event(f"{number}-{turn}"))

    with ThreadPoolExecutor(12) as executor:
        list(executor.map(work, range(12)))
    for trail, engine in zip(trails, engines, strict=True):
        trail.close()
        engine.dispose()
    verdict = _verify(auditing)
    assert verdict.broken is None
    assert verdict.head.position == 12 * 15 * 2


def test_a_writer_that_is_alone_needs_one_statement_a_batch(
    app_engine: Engine, auditor: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(_trail(app_engine)) as trail:
        trail.write(_event("finds the head"))
        trail.write(_event("finds itself alone"))
        statements = statements_seen(monkeypatch)
        trail.write(_event("stored"))
    assert len(statements) == 1
    assert auditor.execute("SELECT max(id) FROM audit_log").fetchone() == (3,)


@pytest.mark.parametrize(
    "tampering", ["DELETE FROM audit_head", "UPDATE audit_head SET position = position + 1"]
)
def test_a_server_does_not_write_behind_a_head_that_is_not_its_own(
    app_engine: Engine, database: DemoDatabase, tampering: str
) -> None:
    with closing(_trail(app_engine)) as trail:
        trail.write(_event("stored"))
        database.run_as_superuser([tampering])
        with pytest.raises(StorageUnavailableError):
            trail.write(_event("refused"))


@pytest.mark.usefixtures("written")
def test_the_runtime_role_sees_the_end_of_the_chain_and_no_row(database: DemoDatabase) -> None:
    with psycopg.connect(database.dsn(Role.APP)) as app:
        found = app.execute("SELECT position FROM audit_chain_end(0)").fetchone()
        assert found == (ROWS,)
        for statement in (
            "SELECT id FROM audit_log",
            "INSERT INTO audit_log (id, event_type, outcome, digest) VALUES (7, '', '', '')",
            "LOCK TABLE audit_log IN ROW EXCLUSIVE MODE",
            "SELECT position FROM audit_head",
            "SELECT position FROM audit_head FOR UPDATE",
            "LOCK TABLE audit_head IN ACCESS SHARE MODE",
            "INSERT INTO audit_head VALUES (true, 0, '', '')",
            "DELETE FROM audit_head",
            "UPDATE audit_head SET seal = ''",
            "TRUNCATE audit_head",
            "SELECT content FROM audit_set_aside",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement.encode())
            app.rollback()


_FORGED = {
    "none": "NULL",
    "an empty one": "''",
    "the seal": "(SELECT seal FROM audit_chain_end(0))",
    "the digest": "(SELECT digest FROM audit_chain_end(0))",
}


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize("proof", list(_FORGED.values()), ids=list(_FORGED))
@pytest.mark.parametrize(
    "call",
    [
        "append_audit_row({}, 6, '', now(), 'x', 'success', NULL, '', '', '{{}}', NULL, '')",
        "append_audit_rows({}, 6, '', '', 1, '[{{\"event_type\": \"x\"}}]')",
    ],
)
def test_who_has_no_key_can_neither_add_to_the_trail_nor_stop_it(
    app_engine: Engine, auditing: Engine, database: DemoDatabase, call: str, proof: str
) -> None:
    """The attacker keeps its transaction open: it must hold no lock that the server waits for."""
    with psycopg.connect(database.dsn(Role.APP)) as app:
        found = app.execute(f"SELECT {call.format(proof)}".encode()).fetchone()
        assert found == (False,)
        with closing(_trail(app_engine)) as trail:
            trail.write(_event("goes on"))
        app.commit()
    verdict = _verify(auditing)
    assert (verdict.head.position, verdict.broken) == (ROWS + 1, None)


@pytest.mark.usefixtures("written")
def test_a_proof_serves_once(app_engine: Engine, database: DemoDatabase) -> None:
    """What went over the wire for one head is of no use for the next."""
    head = _verify_as(database).head
    with closing(_trail(app_engine)) as trail:
        trail.write(_event("moves the head"))
    with psycopg.connect(database.dsn(Role.APP)) as app:
        statement = (
            "SELECT append_audit_row(%s, 7, '', now(), 'x', 'x', NULL, '', '', '{}', NULL, '')"
        )
        assert app.execute(statement, (CHAIN.proof(head),)).fetchone() == (False,)


_DROP_ALL = """
    DO $$ DECLARE one text; BEGIN
        FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
            EXECUTE format('DROP TABLE %I CASCADE', one);
        END LOOP;
    END $$"""


def test_a_trail_from_before_the_chain_joins_it(
    owner_engine: Engine, auditing: Engine, database: DemoDatabase
) -> None:
    """The gap is what a refused insert leaves behind in an identity column."""
    database.run_as_superuser([_DROP_ALL])
    with owner_engine.begin() as connection:
        upgrade(connection, CHAIN, "0001")
        connection.execute(
            text("""
            INSERT INTO audit_log (id, event_type, outcome, metadata) OVERRIDING SYSTEM VALUE
            SELECT n * 2, 'a', 'success', '{"f": 1.50, "big": 1e30, "list": [{"z": null}]}'
              FROM generate_series(1, 2500) AS n""")
        )
    migrate(owner_engine, CHAIN)
    verdict = _verify(auditing)
    assert (verdict.head.position, verdict.broken) == (2500, None)


def test_migrating_under_another_key_is_refused(owner_engine: Engine) -> None:
    with pytest.raises(ConfigurationError, match="AUDIT_CHAIN_KEY"):
        migrate(owner_engine, AuditChain(b"x" * 32))


def _row(**changes: Any) -> Mapping[str, Any]:
    names = ("event_type", "outcome", "tenant_id", "actor_key_id", "actor_ip", "request_id")
    return {"created_at": NOW, "metadata": "{}", **dict.fromkeys(names), **changes}


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ('{"b": 1e2, "a": [1.50]}', '{"a": [1.5], "b": 100}'),
        ('{"a": -0.0}', '{"a": 0}'),
        ('{"a": 1e30}', '{"a": 1000000000000000000000000000000.00}'),
    ],
)
def test_what_jsonb_does_to_numbers_and_keys_changes_nothing(sent: str, stored: str) -> None:
    assert canonical(1, _row(metadata=sent)) == canonical(1, _row(metadata=stored))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"metadata": '{"a": 1}'}, {"metadata": '{"a": "n1"}'}),
        ({"metadata": '{"a": 1}'}, {"metadata": '{"a": "1"}'}),
        ({"metadata": '{"a": true}'}, {"metadata": '{"a": 1}'}),
        ({"metadata": '{"a": 12345678901234567890123456789012}'}, {"metadata": '{"a": 1.2345e31}'}),
        ({"actor_ip": "x", "request_id": None}, {"actor_ip": None, "request_id": "x"}),
        ({"actor_ip": None}, {"actor_ip": "None"}),
        ({"outcome": "a\x00b"}, {"outcome": "ab"}),
    ],
)
def test_two_different_rows_are_never_spelt_alike(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert canonical(1, _row(**one)) != canonical(1, _row(**other))
    assert canonical(1, _row(**one)) != canonical(2, _row(**one))


def test_a_moment_is_spelt_alike_in_every_time_zone() -> None:
    moved = NOW.astimezone(timezone(timedelta(hours=5)))
    assert canonical(1, _row()) == canonical(1, _row(created_at=moved))
