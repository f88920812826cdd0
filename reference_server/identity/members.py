"""Users and their memberships: found by who an issuer says somebody is, and made on first sight.

A tenant that comes from an issuer's organization, and a user, have ids that follow from the names
there (RFC 9562 section 5.5). So nothing has to be looked up across tenants, and of two logins at
once none can make another tenant, or another user, than the other.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from sqlalchemy import text

from reference_server.core.text import clean_text
from reference_server.db.session import SqlTenantSessions, storage_guarded
from reference_server.identity.contracts import Member, MemberRole, Person

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_ORGANIZATIONS = uuid5(NAMESPACE_URL, "urn:hallmark:organizations")
_USERS = uuid5(NAMESPACE_URL, "urn:hallmark:users")

_FIND = text("""
    SELECT id, tenant_id, user_id, role FROM memberships
     WHERE tenant_id = :tenant AND user_id = :user
""")
_TENANT = text("INSERT INTO tenants (id, name) VALUES (:tenant, :name) ON CONFLICT DO NOTHING")
ADD_USER = text("""
    INSERT INTO users (tenant_id, id, issuer, subject, email, name)
    VALUES (:tenant, :user, :issuer, :subject, :email, :name) ON CONFLICT DO NOTHING
""")
ADD_MEMBERSHIP = text("""
    INSERT INTO memberships (id, tenant_id, user_id, role) VALUES (:id, :tenant, :user, :role)
    ON CONFLICT DO NOTHING
""")


def tenant_of(issuer: str, organization: str) -> UUID:
    """Return the id of the tenant that an issuer's organization is."""
    return uuid5(_ORGANIZATIONS, f"{issuer}\n{organization}")


def user_of(issuer: str, subject: str) -> UUID:
    """Return the id of the user that an issuer's subject is."""
    return uuid5(_USERS, f"{issuer}\n{subject}")


class SqlMembers:
    """Keeps them in ``users`` and ``memberships``, each statement in the context of its tenant."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sessions = SqlTenantSessions(engine)

    def find(self, person: Person) -> Member | None:
        """Return a person's place; None for who has none, StorageUnavailableError."""
        tenant, user = self.ids_of(person)
        with storage_guarded(), self._sessions.begin(tenant) as connection:
            return find_in(connection, tenant, user)

    def welcome(self, person: Person, role: MemberRole | None = None) -> Member:
        """Return a person's place, made on first sight, once; StorageUnavailableError.

        Who makes the tenant owns it, unless a role is told: all others who come at the same time
        wait for that here.
        """
        tenant, user = self.ids_of(person)
        values = {
            "tenant": tenant,
            "user": user,
            "issuer": person.issuer,
            "subject": clean_text(person.subject),
            "email": person.email and clean_text(person.email),
            "name": clean_text(person.name or person.email or "user"),
        }
        with storage_guarded(), self._sessions.begin(tenant) as connection:
            named = {**values, "name": clean_text(person.organization)}
            is_first = connection.execute(_TENANT, named).rowcount == 1
            connection.execute(ADD_USER, values)
            role = role or (MemberRole.OWNER if is_first else MemberRole.MEMBER)
            made = {"tenant": tenant, "user": user, "id": uuid4(), "role": role.value}
            is_new = connection.execute(ADD_MEMBERSHIP, made).rowcount == 1
            member = find_in(connection, tenant, user)
        if member is None:
            raise LookupError("a membership that was just made is not there")
        return replace(member, is_new=is_new, is_first=is_first)

    def ids_of(self, person: Person) -> tuple[UUID, UUID]:
        """Return the ids of a person's tenant and of its user."""
        tenant = tenant_of(person.issuer, person.organization)
        return tenant, user_of(person.issuer, person.subject)


def find_in(connection: Connection, tenant: UUID, user: UUID) -> Member | None:
    """Return a user's place in the tenant of the connection; None for who has none."""
    row = connection.execute(_FIND, {"tenant": tenant, "user": user}).one_or_none()
    return None if row is None else Member(row.id, row.tenant_id, row.user_id, MemberRole(row.role))
