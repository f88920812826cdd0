"""Organizations whose owners act at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from reference_server.core.vocabulary import Role
from reference_server.identity.contracts import MemberRole, Person, Place
from reference_server.identity.members import SqlMembers
from reference_server.identity.organizations import SqlOrganizations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from reference_server.demo.database import DemoDatabase

ISSUER = "https://login.example.com"
AT_ONCE, ROUNDS = 4, 60


@pytest.fixture(name="engine")
def connected(database: DemoDatabase) -> Iterator[Engine]:
    engine = database.engine(Role.APP, AT_ONCE)
    yield engine
    engine.dispose()


def test_owners_who_act_at_once_wait_for_each_other(engine: Engine) -> None:
    """Neither holds what the other waits for: nobody is refused for it."""
    members, organizations = SqlMembers(engine), SqlOrganizations(engine)
    people = [Person(ISSUER, str(number), "org-1") for number in range(AT_ONCE)]
    first = members.welcome(people[0])
    place = Place(first.tenant_id, first.id)
    for one in people[1:]:
        assert organizations.add(place, ISSUER, one.subject, MemberRole.OWNER)
    places = [Place(one.tenant_id, one.id) for one in map(members.welcome, people)]

    def act(number: int) -> bool:
        own = places[number % AT_ONCE]
        return organizations.remove(own, ISSUER, "nobody") or organizations.change(
            own, ISSUER, "nobody", MemberRole.MEMBER
        )

    with ThreadPoolExecutor(AT_ONCE) as crew:
        assert not any(crew.map(act, range(ROUNDS)))
