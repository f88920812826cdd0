"""What a member grants is his: it names him, and ends with his membership or his role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from reference_server.db.session import SqlTenantSessions
from reference_server.tests.oauth.browsing import (
    REFUSED,
    Line,
    Somebody,
    claims,
    error_of,
    told_in,
)
from reference_server.tests.rows import add_tenant

if TYPE_CHECKING:
    from sqlalchemy import Engine

USER = text("""
    INSERT INTO users (tenant_id, id, issuer, subject, email, name)
    VALUES (:tenant, :user, 'https://issuer.example', 'x', 'ada@acme.example', 'Ada')
""")
MEMBER = text("""
    INSERT INTO memberships (tenant_id, user_id, role) VALUES (:tenant, :user, 'member')
    RETURNING id
""")


@pytest.mark.parametrize(
    "end", ["DELETE FROM memberships", "UPDATE memberships SET role = 'admin'"]
)
def test_a_grant_ends_with_the_membership(
    owner_engine: Engine, app_engine: Engine, end: str
) -> None:
    tenant, user = add_tenant(owner_engine), uuid4()
    values: dict[str, Any] = {"tenant": tenant, "user": user}
    sessions = SqlTenantSessions(owner_engine)
    with sessions.begin(tenant) as connection:
        connection.execute(USER, values)
        member = connection.execute(MEMBER, values).scalar_one()
    line = Line(app_engine, Somebody(tenant, str(user), member=member))
    client_id = line.client_id()
    assert "ada@acme.example of a tenant" in line.page(line.asked(client_id)).text
    tokens = line.tokens(client_id)
    assert claims(tokens["access_token"])["member_id"] == str(member)
    again = told_in(line.refresh(client_id, tokens["refresh_token"]))
    code = line.code(client_id)
    with sessions.begin(tenant) as connection:
        connection.execute(text(end))
    assert error_of(line.refresh(client_id, again["refresh_token"])) == REFUSED
    assert error_of(line.exchange(client_id, code)) == REFUSED
