"""Users and memberships: made once, found in their own tenant, ended with their sessions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from reference_server.core.vocabulary import Role
from reference_server.db.session import SqlTenantSessions
from reference_server.identity.contracts import MemberRole, Person
from reference_server.identity.members import SqlMembers, tenant_of, user_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

ISSUER = "https://login.example.com"
ALICE = Person(ISSUER, "1", "org-1", "alice@acme.example", "Alice\x00")
AT_ONCE = 8


@pytest.fixture(name="engine")
def connected(database: DemoDatabase) -> Iterator[Engine]:
    engine = database.engine(Role.APP, AT_ONCE)
    yield engine
    engine.dispose()


def test_the_first_of_an_organization_owns_its_tenant(engine: Engine) -> None:
    members = SqlMembers(engine)
    assert members.find(ALICE) is None
    first = members.welcome(ALICE)
    assert (first.role, first.is_new, first.is_first) == (MemberRole.OWNER, True, True)
    again = members.welcome(ALICE)
    assert (again.id, again.is_new, again.is_first) == (first.id, False, False)
    second = members.welcome(Person(ISSUER, "2", "org-1"))
    assert (second.role, second.tenant_id) == (MemberRole.MEMBER, first.tenant_id)
    found = members.find(ALICE)
    assert found is not None
    assert (found.id, found.role) == (first.id, MemberRole.OWNER)


def test_several_first_logins_at_once_make_one(engine: Engine) -> None:
    members = SqlMembers(engine)
    people = [Person(ISSUER, str(one % 2), "org-2") for one in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as crew:
        made = list(crew.map(members.welcome, people))
    assert len({one.id for one in made}) == 2
    assert sum(one.is_first for one in made) == 1
    assert sum(one.is_new for one in made) == 2
    assert sorted(one.role for one in made if one.is_new) == ["member", "owner"]


def test_names_do_not_run_into_one_another() -> None:
    assert tenant_of("a", "b") != tenant_of("b", "a")
    assert user_of("a", "b") != tenant_of("a", "b")


def test_what_ends_a_membership_ends_its_sessions(engine: Engine) -> None:
    members = SqlMembers(engine)
    first = members.welcome(ALICE)
    change = text("UPDATE memberships SET role = 'admin' WHERE user_id = :user")
    leave = text("DELETE FROM memberships WHERE user_id = :user")
    with SqlTenantSessions(engine).begin(first.tenant_id) as connection:
        connection.execute(change, {"user": first.user_id})
    changed = members.find(ALICE)
    assert changed is not None
    assert changed.id != first.id
    with SqlTenantSessions(engine).begin(first.tenant_id) as connection:
        connection.execute(leave, {"user": first.user_id})
        ended = {row.id for row in connection.execute(text("SELECT id FROM session_ends"))}
    assert {str(first.id), str(changed.id)} <= ended
    assert members.find(ALICE) is None
    back = members.welcome(ALICE)
    assert back.id not in {first.id, changed.id}
    assert back.role is MemberRole.MEMBER
