"""What the server asks of issuers, of who logs in, and of who is a member of what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from reference_server.core.principal import Principal
from reference_server.core.vocabulary import Scheme, Tier

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID


class MemberRole(StrEnum):
    """What a member may do in a tenant; the first one of a tenant owns it."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"


class LoginFailure(StrEnum):
    """Why a login came to nothing, as the audit row says it. Callers are told two of them apart."""

    COOKIE = "no_login_of_this_browser"
    STATE = "state"
    ISSUER = "issuer"
    DENIED = "denied_by_issuer"
    EXCHANGE = "code_exchange"
    TOKEN = "id_token"  # noqa: S105 -- a word of the trail
    UNINVITED = "not_invited"


class LoginError(Exception):
    """A login came to nothing."""

    def __init__(self, failure: LoginFailure) -> None:
        super().__init__(failure.value)
        self.failure = failure


@dataclass(frozen=True)
class Person:
    """Somebody whom an issuer knows: who, of which organization there, reached by which address.

    ``email`` is None unless the issuer says that it is verified.
    """

    issuer: str
    subject: str
    organization: str
    email: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class Member:
    """A person's place in a tenant. ``id`` ends with the membership, and with any of its roles."""

    id: UUID
    tenant_id: UUID
    user_id: UUID
    role: MemberRole
    is_new: bool = False
    is_first: bool = False

    def principal(self) -> Principal:
        """Return whom a session of the member speaks for."""
        return Principal(
            tenant_id=self.tenant_id,
            key_id=None,
            scheme=Scheme.SESSION,
            tier=Tier.USER,
            scope=frozenset({Tier.USER}),
            roles=frozenset({self.role}),
            subject=str(self.user_id),
            member_id=self.id,
        )


class Members(Protocol):
    """Who is a member of what. StorageUnavailableError when nobody can say."""

    def find(self, person: Person) -> Member | None:
        """Return a person's place; None for who has none."""
        ...

    def welcome(self, person: Person) -> Member:
        """Return a person's place, made on first sight, once; the tenant, too, where it is new."""
        ...


class IssuedTokens(Protocol):
    """Access tokens that trusted issuers have made for us."""

    def is_of_issuer(self, token: str) -> bool:
        """Tell whether a token says that such an issuer made it; it may lie."""
        ...

    def validate(self, token: str) -> Principal | None:
        """Return whose the token is; None for whatever is wrong with it.

        StorageUnavailableError when it is not known who is a member.
        """
        ...


@dataclass(frozen=True)
class BegunLogin:
    """A login just begun: where the browser goes, and the cookie by which it is known again."""

    url: str
    cookie: str
    seconds: int


@dataclass(frozen=True)
class FinishedLogin:
    """Somebody has logged in, and goes on at ``path``."""

    member: Member
    path: str


class Login(Protocol):
    """Logs browsers in."""

    def begin(self, path: str) -> BegunLogin:
        """Begin a login that goes on at a path of ours. LoginError when the issuer is out."""
        ...

    def finish(self, cookie: str | None, answer: Mapping[str, str]) -> FinishedLogin:
        """Take what a browser brings back from the issuer; LoginError for what is not right."""
        ...


class OrgOperation(StrEnum):
    """What members may do to their organization; the values are what the trail says."""

    SHOW = "show"
    RENAME = "rename"
    ADD = "add_member"
    CHANGE = "change_role"
    REMOVE = "remove_member"


class NoMemberError(Exception):
    """Somebody is no member, or is none any more."""


class NotPermittedError(Exception):
    """A member's role does not permit an operation."""

    def __init__(self, operation: OrgOperation, role: MemberRole) -> None:
        super().__init__(f"{role} may not {operation}")
        self.operation, self.role = operation, role


class OwnerlessError(Exception):
    """An organization would be left without an owner."""


@dataclass(frozen=True)
class Place:
    """Where somebody acts: an organization, and the membership by which he does."""

    tenant: UUID
    member: UUID


@dataclass(frozen=True)
class Organization:
    """An organization as its members see it: ``members`` are subjects with their roles."""

    name: str
    members: tuple[tuple[str, MemberRole], ...]


class Organizations(Protocol):
    """Organizations and their members. Each asks for the role that it takes, and decides.

    NoMemberError for who is none, NotPermittedError, StorageUnavailableError.
    """

    def find(self, tenant: UUID, user: UUID) -> Member | None:
        """Return somebody's place in an organization; None for who has none."""
        ...

    def show(self, place: Place) -> Organization:
        """Return an organization as its members see it."""
        ...

    def rename(self, place: Place, name: str) -> None:
        """Give it another name."""
        ...

    def add(self, place: Place, issuer: str, subject: str, role: MemberRole) -> bool:
        """Make somebody whom an issuer knows a member; False where he is one already."""
        ...

    def change(self, place: Place, issuer: str, subject: str, role: MemberRole) -> bool:
        """Give a member another role; False where there is no such member, OwnerlessError."""
        ...

    def remove(self, place: Place, issuer: str, subject: str) -> bool:
        """End a membership; False where there is none, OwnerlessError for the last owner's."""
        ...


@dataclass(frozen=True)
class IdentityParts:
    """What knows people. ``login`` and ``organizations`` are None where nobody logs in.

    ``issuer`` is who knows those that do.
    """

    members: Members
    login: Login | None = None
    organizations: Organizations | None = None
    issuer: str = ""
    cookie: str = "__Host-hallmark-login"
