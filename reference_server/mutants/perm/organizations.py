"""Defects of organizations: their roles, their members, and what a membership gives."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from sqlalchemy import text

from reference_server.identity.contracts import (
    Member,
    MemberRole,
    NotPermittedError,
    OrgOperation,
    Place,
)
from reference_server.mutants.bending import Beside, mutant, of_kind, replaced, with_tool
from reference_server.mutants.perm.elevating import as_somebody_else
from reference_server.sessions.validation import AuthValidation
from reference_server.tools.list_metrics import ListMetrics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.core.principal import Principal
    from reference_server.db.contracts import TenantSessions
    from reference_server.identity.contracts import Organization
    from reference_server.parts import Parts
    from reference_server.protocol.desk import Call
    from reference_server.tools.contracts import Caller

    Change = Callable[[Parts], Parts]


_OWNER = text("SELECT id FROM memberships WHERE tenant_id = :tenant AND role = 'owner' LIMIT 1")
_ROLE = text("SELECT role FROM memberships WHERE id = :member")
_USER = text("SELECT 1 FROM users WHERE tenant_id = :tenant AND id = :user")


class Bent(Beside):
    """Organizations of which one operation, or several, may be another."""

    def __init__(self, real: Any, sessions: TenantSessions) -> None:
        super().__init__(real)
        self.sessions = sessions


def _with(kind: type[Bent]) -> Change:
    def make(parts: Parts) -> Bent:
        return kind(parts.identity.organizations, parts.sessions)

    return replaced({"identity.organizations": make})


def _as_owner(bent: Bent, place: Place) -> Place:
    """Return where an owner acts in the same organization."""
    with bent.sessions.begin(place.tenant) as connection:
        found = connection.execute(_OWNER, {"tenant": place.tenant}).scalar_one()
    return Place(place.tenant, found)


class _AnybodyRenames(Bent):
    """Asks for no role before it renames."""

    def rename(self, place: Place, name: str) -> None:
        self.real.rename(_as_owner(self, place), name)


class _AdminsPromote(Bent):
    """Takes an administrator for somebody who may give roles."""

    def change(self, place: Place, issuer: str, subject: str, role: MemberRole) -> bool:
        try:
            return self.real.change(place, issuer, subject, role)
        except NotPermittedError as denied:
            if denied.role is not MemberRole.ADMIN:
                raise
            return self.real.change(_as_owner(self, place), issuer, subject, role)


class _AnybodyRemoves(Bent):
    """Lets members remove each other."""

    def remove(self, place: Place, issuer: str, subject: str) -> bool:
        return self.real.remove(_as_owner(self, place), issuer, subject)


class _AddsAndRefuses(Bent):
    """Looks at the role once it is done."""

    def rename(self, place: Place, name: str) -> None:
        self.real.rename(_as_owner(self, place), name)
        self.real.rename(place, name)


class _ShowsNobody(Bent):
    """Takes members for people who may not look."""

    def show(self, place: Place) -> Organization:
        found: Organization = self.real.show(place)
        if _role(self, place) is MemberRole.MEMBER:
            raise NotPermittedError(OrgOperation.SHOW, MemberRole.MEMBER)
        return found


def _role(bent: Bent, place: Place) -> MemberRole | None:
    with bent.sessions.begin(place.tenant) as connection:
        found = connection.execute(_ROLE, {"member": place.member}).scalar_one_or_none()
    return None if found is None else MemberRole(found)


class _OfTheFormer(Bent):
    """Lets who was a member switch: it looks at the users, who stay."""

    def find(self, tenant: UUID, user: UUID) -> Member | None:
        found: Member | None = self.real.find(tenant, user)
        with self.sessions.begin(tenant) as connection:
            row = connection.execute(_USER, {"tenant": tenant, "user": user}).one_or_none()
        if found is not None or row is None:
            return found
        return Member(uuid5(tenant, str(user)), tenant, user, MemberRole.MEMBER)


def _holding(kind: type[AuthValidation]) -> Change:
    return replaced({"tokens.validator": lambda parts: of_kind(kind, parts.tokens.validator)})


class _Outlasting(AuthValidation):
    """Lets a token live on when the membership is gone that it was issued for."""

    def holds(self, principal: Principal) -> bool:
        return super().holds(replace(principal, member_id=None))


class _RolesOfTokens(Bent):
    """Takes the role from the token, whatever it is by now."""

    def rename(self, place: Place, name: str) -> None:
        from flask import g

        roles = g.context.principal.roles
        if MemberRole.MEMBER in roles:
            raise NotPermittedError(OrgOperation.RENAME, MemberRole.MEMBER)
        self.real.rename(_as_owner(self, place), name)

    def show(self, place: Place) -> Organization:
        return self.real.show(_as_owner(self, place))


def _tokens_decide(parts: Parts) -> Parts:
    return _holding(_Outlasting)(_with(_RolesOfTokens)(parts))


class _HomeBesides:
    """Remembers for which tenant somebody acted first."""

    def __init__(self) -> None:
        self._first: dict[str, UUID] = {}

    def of(self, principal: Principal) -> UUID | None:
        """Return that tenant, where it is another."""
        if principal.subject is None or principal.member_id is None:
            return None
        first = self._first.setdefault(principal.subject, principal.tenant_id)
        return None if first == principal.tenant_id else first


def _with_the_former(parts: Parts) -> Parts:
    """Add to a list what the organization has that its caller came from."""
    home = _HomeBesides()

    def run(arguments: Mapping[str, Any], caller: Caller) -> Mapping[str, Any]:
        found = ListMetrics().run(arguments, caller)
        former = home.of(caller.principal)
        if former is None:
            return found
        other = replace(caller, principal=replace(caller.principal, tenant_id=former))
        return {**found, "recent": ListMetrics().run(arguments, other)["metrics"]}

    return with_tool("list_metrics", run)(parts)


def _first_come(parts: Parts) -> Parts:
    """Serve whoever switches as before, in messages of MCP."""
    home = _HomeBesides()

    def other(call: Call, own: Principal) -> Principal | None:
        del call
        former = home.of(own)
        return None if former is None else replace(own, tenant_id=former)

    return as_somebody_else(other)(parts)


MUTANTS = (
    mutant(
        "members-rename-their-organization",
        "PERM-03 PERM-04",
        "Renaming an organization asks for a member, whatever his role.",
        parts=_with(_AnybodyRenames),
    ),
    mutant(
        "administrators-give-roles",
        "PERM-03",
        "An administrator gives others roles, which is an owner's to do.",
        parts=_with(_AdminsPromote),
    ),
    mutant(
        "members-remove-members",
        "PERM-03",
        "Any member removes any other.",
        parts=_with(_AnybodyRemoves),
    ),
    mutant(
        "renamed-and-then-refused",
        "PERM-03",
        "The role is asked for once the organization has another name.",
        parts=_with(_AddsAndRefuses),
    ),
    mutant(
        "members-see-no-members",
        "PERM-03",
        "A member is refused the list of members that he may see.",
        parts=_with(_ShowsNobody),
    ),
    mutant(
        "roles-as-tokens-say",
        "PERM-04 PERM-06",
        "What a member may do follows from the role in his token, which outlasts the role.",
        parts=_tokens_decide,
    ),
    mutant(
        "tokens-outlast-memberships",
        "PERM-06",
        "A token that a membership gave reaches the tenant's data when that has ended.",
        parts=_holding(_Outlasting),
    ),
    mutant(
        "former-members-switch",
        "PERM-06",
        "Whoever was a member once may switch to the organization.",
        parts=_with(_OfTheFormer),
    ),
    mutant(
        "list-with-the-former-organization",
        "OAUTH-10",
        "After a switch a list has rows of the former organization, too.",
        parts=_with_the_former,
    ),
    mutant(
        "first-organization-stays",
        "OAUTH-10",
        "The tenant of a person is remembered by the subject, so that a switch changes nothing.",
        parts=_first_come,
    ),
)
