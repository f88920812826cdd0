"""Organizations, which are tenants: who is a member, in which role, and what that role may do."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import text

from reference_server.core.text import clean_text
from reference_server.db.session import SqlTenantSessions, storage_guarded
from reference_server.identity.contracts import (
    MemberRole,
    NoMemberError,
    NotPermittedError,
    Organization,
    OrgOperation,
    OwnerlessError,
    Place,
)
from reference_server.identity.members import ADD_MEMBERSHIP, ADD_USER, find_in, user_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection, Engine

    from reference_server.identity.contracts import Member

_EVERYBODY = frozenset(MemberRole)
_LEADERS = frozenset({MemberRole.OWNER, MemberRole.ADMIN})
PERMITTED: Mapping[OrgOperation, frozenset[MemberRole]] = {
    OrgOperation.SHOW: _EVERYBODY,
    OrgOperation.RENAME: _LEADERS,
    OrgOperation.ADD: _LEADERS,
    OrgOperation.CHANGE: frozenset({MemberRole.OWNER}),
    OrgOperation.REMOVE: _LEADERS,
}
"""What each role may do; besides, nobody but an owner makes an owner, or removes one."""

_ROLE = text("SELECT role FROM memberships WHERE id = :member FOR SHARE")
_SHOW = text("""
    SELECT t.name, u.subject, m.role FROM tenants t
      JOIN memberships m ON m.tenant_id = t.id
      JOIN users u ON u.tenant_id = m.tenant_id AND u.id = m.user_id
     WHERE t.id = :tenant ORDER BY m.created_at, u.subject LIMIT :most
""")
_RENAME = text("UPDATE tenants SET name = :name WHERE id = :tenant")
_OWNERS = text("""
    SELECT user_id FROM memberships WHERE tenant_id = :tenant AND role = 'owner'
     ORDER BY id FOR UPDATE
""")
_CHANGE = text("""
    UPDATE memberships SET role = :role WHERE tenant_id = :tenant AND user_id = :user RETURNING role
""")
_REMOVE = text("""
    DELETE FROM memberships WHERE tenant_id = :tenant AND user_id = :user RETURNING role
""")
MOST_SHOWN = 200
"""Members that are told of an organization."""


class SqlOrganizations:
    """Keeps them in ``tenants`` and ``memberships``.

    The decision and what it permits are one transaction: a role that is taken away meanwhile waits
    for it, or comes first. All raise StorageUnavailableError, NoMemberError for who is none (any
    more), and NotPermittedError.
    """

    def __init__(self, engine: Engine) -> None:
        self._sessions = SqlTenantSessions(engine)

    def find(self, tenant: UUID, user: UUID) -> Member | None:
        """Return somebody's place in an organization; None for who has none."""
        with storage_guarded(), self._sessions.begin(tenant) as connection:
            return find_in(connection, tenant, user)

    def show(self, place: Place) -> Organization:
        """Return an organization as its members see it."""
        with storage_guarded(), self._sessions.begin(place.tenant) as connection:
            _require(connection, place, OrgOperation.SHOW)
            told = {"tenant": place.tenant, "most": MOST_SHOWN}
            rows = connection.execute(_SHOW, told).all()
        members = tuple((row.subject, MemberRole(row.role)) for row in rows)
        return Organization(rows[0].name if rows else "", members)

    def rename(self, place: Place, name: str) -> None:
        """Give it another name."""
        with storage_guarded(), self._sessions.begin(place.tenant) as connection:
            _require(connection, place, OrgOperation.RENAME)
            connection.execute(_RENAME, {"tenant": place.tenant, "name": clean_text(name)})

    def add(self, place: Place, issuer: str, subject: str, role: MemberRole) -> bool:
        """Make somebody whom an issuer knows a member; False where he is one already."""
        who = {"tenant": place.tenant, "user": user_of(issuer, subject)}
        named = {"issuer": issuer, "subject": clean_text(subject), "name": clean_text(subject)}
        with storage_guarded(), self._sessions.begin(place.tenant) as connection:
            own = _require(connection, place, OrgOperation.ADD)
            _require_owner(own, OrgOperation.ADD, role)
            connection.execute(ADD_USER, {**who, **named, "email": None})
            made = {**who, "id": uuid4(), "role": role.value}
            return connection.execute(ADD_MEMBERSHIP, made).rowcount == 1

    def change(self, place: Place, issuer: str, subject: str, role: MemberRole) -> bool:
        """Give a member another role; False where there is no such member, OwnerlessError."""
        who = {"tenant": place.tenant, "user": user_of(issuer, subject)}
        with storage_guarded(), self._sessions.begin(place.tenant) as connection:
            owners = _owners(connection, place)
            _require(connection, place, OrgOperation.CHANGE)
            if role is not MemberRole.OWNER:
                _require_another(owners, who)
            return connection.execute(_CHANGE, {**who, "role": role.value}).rowcount == 1

    def remove(self, place: Place, issuer: str, subject: str) -> bool:
        """End a membership; False where there is none, OwnerlessError for the last owner's."""
        who = {"tenant": place.tenant, "user": user_of(issuer, subject)}
        with storage_guarded(), self._sessions.begin(place.tenant) as connection:
            owners = _owners(connection, place)
            own = _require(connection, place, OrgOperation.REMOVE)
            _require_another(owners, who)
            removed = connection.execute(_REMOVE, who).scalar_one_or_none()
            if removed is not None:
                _require_owner(own, OrgOperation.REMOVE, MemberRole(removed))
            return removed is not None


def _require(connection: Connection, place: Place, operation: OrgOperation) -> MemberRole:
    """Return the role by which somebody may carry an operation out."""
    found = connection.execute(_ROLE, {"member": place.member}).scalar_one_or_none()
    if found is None:
        raise NoMemberError
    role = MemberRole(found)
    if role not in PERMITTED[operation]:
        raise NotPermittedError(operation, role)
    return role


def _require_owner(own: MemberRole, operation: OrgOperation, role: MemberRole) -> None:
    """Raise NotPermittedError where anybody but an owner makes an owner, or removes one.

    What was done by then is rolled back.
    """
    if role is MemberRole.OWNER and own is not MemberRole.OWNER:
        raise NotPermittedError(operation, own)


def _owners(connection: Connection, place: Place) -> Sequence[UUID]:
    """Return who owns an organization; whoever may end a membership there waits until we have.

    It comes before any other lock, in one order, so that nobody holds what another waits for.
    """
    return connection.execute(_OWNERS, {"tenant": place.tenant}).scalars().all()


def _require_another(owners: Sequence[UUID], who: Mapping[str, object]) -> None:
    """Raise OwnerlessError where nobody else owns the organization."""
    if list(owners) == [who["user"]]:
        raise OwnerlessError
