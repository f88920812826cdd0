"""What was sent and what of it failed, in a real database: whose it is, and how long it is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from reference_server.core.errors import StorageUnavailableError
from reference_server.db.session import SqlTenantSessions
from reference_server.mail.ledger import SqlLedger
from reference_server.oauth.states import OAuthCleanup
from reference_server.tests.fakes import FakeClock
from reference_server.tests.rows import add_tenant
from reference_server.tests.waiting import becomes_true

if TYPE_CHECKING:
    import psycopg
    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

MOST = 3
TO, OTHER = "a@example.com", "b@example.com"


@pytest.fixture(name="ledger")
def kept(app_engine: Engine) -> SqlLedger:
    return SqlLedger(app_engine, MOST)


@pytest.fixture(name="tenant")
def added(owner_engine: Engine) -> UUID:
    return add_tenant(owner_engine)


def sent(ledger: SqlLedger, tenant: UUID, count: int = MOST, to: str = TO) -> list[UUID]:
    return [ledger.record(tenant, to) for _ in range(count)]


def aged(engine: Engine, tenant: UUID, message: UUID, days: int) -> None:
    """Have a message be as old as that."""
    values = {"message": message, "age": timedelta(days=days)}
    statement = text("UPDATE mail_messages SET created_at = now() - :age WHERE id = :message")
    with SqlTenantSessions(engine).begin(tenant) as connection:
        assert connection.execute(statement, values).rowcount == 1


def test_the_third_failure_suppresses_an_address(ledger: SqlLedger, tenant: UUID) -> None:
    messages = sent(ledger, tenant)
    assert [ledger.fail(tenant, one) for one in messages[:2]] == [1, 2]
    assert not ledger.is_suppressed(tenant, TO)
    assert ledger.fail(tenant, messages[2]) == MOST
    assert ledger.is_suppressed(tenant, TO)
    assert not ledger.is_suppressed(tenant, OTHER)


def test_a_failure_counts_once(ledger: SqlLedger, tenant: UUID) -> None:
    (message,) = sent(ledger, tenant, 1)
    assert [ledger.fail(tenant, message) for _ in range(5)] == [1, None, None, None, None]
    assert not ledger.is_suppressed(tenant, TO)


def test_failures_at_the_same_time_are_counted_one_by_one(ledger: SqlLedger, tenant: UUID) -> None:
    messages = sent(ledger, tenant, 6)
    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(partial(ledger.fail, tenant), messages))
    assert sorted(one or 0 for one in counts) == [1, 2, 3, 4, 5, 6]


def test_another_tenants_failures_are_its_own(
    ledger: SqlLedger, tenant: UUID, owner_engine: Engine
) -> None:
    other = add_tenant(owner_engine)
    for one in sent(ledger, tenant):
        assert ledger.fail(other, one) is None
        assert ledger.end(other, one) is None
    assert not ledger.is_suppressed(tenant, TO)
    for one in sent(ledger, other):
        ledger.fail(other, one)
    assert (ledger.is_suppressed(tenant, TO), ledger.is_suppressed(other, TO)) == (False, True)


def test_who_wants_no_more_gets_none_of_that_tenant(
    ledger: SqlLedger, tenant: UUID, owner_engine: Engine
) -> None:
    other = add_tenant(owner_engine)
    (message,) = sent(ledger, tenant, 1)
    assert [ledger.end(tenant, message), ledger.end(tenant, message)] == [True, False]
    assert (ledger.is_suppressed(tenant, TO), ledger.is_suppressed(other, TO)) == (True, False)


def test_of_a_message_that_was_not_sent_nothing_is_noted(ledger: SqlLedger, tenant: UUID) -> None:
    assert ledger.fail(tenant, uuid4()) is None
    assert ledger.end(tenant, uuid4()) is None


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM mail_messages",
        "DELETE FROM mail_endings",
        "UPDATE mail_messages SET failed_at = NULL",
        "UPDATE mail_messages SET recipient = 'b@example.com'",
        "UPDATE mail_endings SET recipient = 'b@example.com'",
        "UPDATE mail_messages SET created_at = now()",
    ],
)
def test_the_server_takes_back_nothing_that_it_has_noted(
    ledger: SqlLedger, tenant: UUID, app_engine: Engine, statement: str
) -> None:
    (message,) = sent(ledger, tenant, 1)
    ledger.fail(tenant, message)
    ledger.end(tenant, message)
    refused = pytest.raises(ProgrammingError, match=r"permission denied|row-level security")
    with refused, SqlTenantSessions(app_engine).begin(tenant) as connection:
        connection.execute(text(statement))


def test_old_messages_are_forgotten_and_what_suppresses_is_not(
    ledger: SqlLedger, tenant: UUID, owner_engine: Engine, auditor: psycopg.Connection
) -> None:
    other = add_tenant(owner_engine)
    failed, young = sent(ledger, tenant), sent(ledger, tenant, 1)
    for one in failed:
        ledger.fail(tenant, one)
        aged(owner_engine, tenant, one, 4000)
    ended = ledger.record(other, OTHER)
    ledger.end(other, ended)
    aged(owner_engine, other, ended, 91)
    aged(owner_engine, tenant, young[0], 89)
    assert ledger.forget_expired() == 1
    left = {row[0] for row in auditor.execute("SELECT id FROM mail_messages")}
    assert left == {*failed, *young}
    assert ledger.is_suppressed(tenant, TO)
    assert ledger.is_suppressed(other, OTHER), "who wants no more mail is known by himself"
    assert ledger.end(other, ended) is None


def test_they_go_by_themselves(
    ledger: SqlLedger, tenant: UUID, owner_engine: Engine, auditor: psycopg.Connection
) -> None:
    def left() -> int:
        row = auditor.execute("SELECT count(*) FROM mail_messages").fetchone()
        return -1 if row is None else row[0]

    clock, (message,) = FakeClock(), sent(ledger, tenant, 1)
    aged(owner_engine, tenant, message, 91)
    with closing(OAuthCleanup([ledger], clock, 300, look_every=0.01)):
        clock.advance(300)
        assert becomes_true(lambda: left() == 0)


def test_without_a_database_nothing_is_taken_for_good(
    ledger: SqlLedger, tenant: UUID, database: DemoDatabase
) -> None:
    database.run_as_superuser(["REVOKE SELECT ON mail_messages FROM mcp_app"])
    for ask in (
        lambda: ledger.is_suppressed(tenant, TO),
        lambda: ledger.fail(tenant, uuid4()),
        lambda: ledger.end(tenant, uuid4()),
    ):
        with pytest.raises(StorageUnavailableError):
            ask()
