"""What the server asks of issuers, of who logs in, and of who is a member of what."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from reference_server.core.principal import Principal


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


@dataclass(frozen=True)
class IdentityParts:
    """What knows people. ``login`` is None where nobody logs in."""

    members: Members
    login: Login | None = None
    cookie: str = "__Host-hallmark-login"
