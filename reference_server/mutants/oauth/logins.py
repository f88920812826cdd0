"""Defects of logins by an issuer: which ID token counts, in which browser, and of whom."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from reference_server.identity.contracts import LoginError, LoginFailure, Member, Person
from reference_server.identity.issuers import Issuer, header_of
from reference_server.identity.login import Attempt, OidcLogin
from reference_server.identity.members import SqlMembers
from reference_server.mutants.bending import Beside, engine_of, mutant, replaced
from reference_server.mutants.jwt.verifying import bytes_of, payload_of, signed_by
from reference_server.mutants.oauth._issuing import (
    claims_of,
    completed,
    logging_in,
    with_issuer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import Engine

    from reference_server.identity.claims import IdClaims
    from reference_server.identity.issuers import Metadata
    from reference_server.parts import Parts


class _Unverified(Issuer):
    """Takes what the token endpoint says for true: it came over TLS."""

    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        del kinds
        return payload_of(token)


class _Unsigned(Issuer):
    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        head, _, rest = token.partition(".")
        if (header_of(f"{head}.e30.e30") or {}).get("alg") == "none":
            return bytes_of(rest.partition(".")[0])
        return super().open(token, kinds)


class _PublicSecret(Issuer):
    """Hands the published key to a library that verifies by whatever algorithm a token names."""

    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        header = header_of(token) or {}
        key = self.keys.find(str(header.get("kid")))
        if header.get("alg") != "HS256" or key is None:
            return super().open(token, kinds)
        pem = key.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return payload_of(token) if signed_by(token, pem) else None


class _RsaAlone(Issuer):
    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        is_rsa = (header_of(token) or {}).get("alg") == "RS256"
        return super().open(token, kinds) if is_rsa else None


class _AnyNonce(OidcLogin):
    def admits(self, claims: IdClaims, attempt: Attempt) -> bool:
        return super().admits(replace(claims, nonce=attempt.nonce), attempt)


class _NonceByDefault(OidcLogin):
    """Compares a nonce where there is one."""

    def person(self, token: str, attempt: Attempt) -> Person | None:
        given: Any = _Completing(self.issuer, {"nonce": attempt.nonce})
        return OidcLogin.person(replace(self, issuer=given), token, attempt)


class _Completing(Beside):
    """An issuer whose tokens have what they lack."""

    def __init__(self, real: Issuer, more: Mapping[str, Any]) -> None:
        super().__init__(real)
        self._more = more

    def open(self, token: str, kinds: frozenset[str]) -> bytes | None:
        """Return the claims, completed."""
        payload = self.real.open(token, kinds)
        return None if payload is None else completed(payload, self._more)


class _AnyClient(OidcLogin):
    def admits(self, claims: IdClaims, attempt: Attempt) -> bool:
        own = replace(claims, aud=frozenset({self.client.client_id}), azp=None)
        return super().admits(own, attempt)


class _AnyIssuer(OidcLogin):
    def admits(self, claims: IdClaims, attempt: Attempt) -> bool:
        return super().admits(replace(claims, iss=self.issuer.told.issuer), attempt)


class _NoEnd(OidcLogin):
    def admits(self, claims: IdClaims, attempt: Attempt) -> bool:
        later = self.clock.now().timestamp() + 60
        return super().admits(replace(claims, exp=later), attempt)


class _KnownByAddress(OidcLogin):
    """Knows people by their addresses, and so asks for no subject."""

    def person(self, token: str, attempt: Attempt) -> Person | None:
        name = str(claims_of(token).get("email", "")).partition("@")[0]
        given: Any = _Completing(self.issuer, {"sub": name})
        return OidcLogin.person(replace(self, issuer=given), token, attempt)


class _AnyBrowser(OidcLogin):
    """Keeps logins under way by their states, and asks no browser whether it began one."""

    def begin(self, path: str) -> Any:
        begun = super().begin(path)
        attempt = self.attempt(begun.cookie)
        if attempt is not None:
            _under_way[attempt.state] = begun.cookie
        return begun

    def finish(self, cookie: str | None, answer: Mapping[str, str]) -> Any:
        del cookie
        return super().finish(_under_way.get(answer.get("state", "")), answer)


_under_way: dict[str, str] = {}


class _AnyState(OidcLogin):
    def check_answer(self, attempt: Attempt, answer: Mapping[str, str]) -> None:
        super().check_answer(attempt, {**answer, "state": attempt.state})


class _StateByDefault(OidcLogin):
    def check_answer(self, attempt: Attempt, answer: Mapping[str, str]) -> None:
        told = answer.get("state") or attempt.state
        super().check_answer(attempt, {**answer, "state": told})


class _AnyAnswer(OidcLogin):
    def check_issuer(self, metadata: Metadata, answer: Mapping[str, str]) -> None:
        del metadata, answer


class _AnswerOfNobody(OidcLogin):
    def check_issuer(self, metadata: Metadata, answer: Mapping[str, str]) -> None:
        if "iss" in answer:
            super().check_issuer(metadata, answer)


class _OpenToAll(OidcLogin):
    def is_invited(self, person: Person) -> bool:
        del person
        return True


class _AnyAddress(OidcLogin):
    """Believes an address that nobody has verified."""

    def person(self, token: str, attempt: Attempt) -> Person | None:
        person, email = super().person(token, attempt), claims_of(token).get("email")
        return person and replace(person, email=str(email))


class _MadeAnyway(OidcLogin):
    """Makes the user before it looks at the list: at the second attempt he is known."""

    def member(self, person: Person) -> Member:
        if self.members.find(person) is None and not self.is_invited(person):
            self.members.welcome(person)
            raise LoginError(LoginFailure.UNINVITED)
        return super().member(person)


class _LookedUpFirst(SqlMembers):
    """Looks whether there is such a user, and makes one under an id of its own if not."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._made: dict[Person, tuple[UUID, UUID]] = {}

    def ids_of(self, person: Person) -> tuple[UUID, UUID]:
        return self._made.get(person) or super().ids_of(person)

    def welcome(self, person: Person, role: Any = None) -> Member:
        made = _Numbered(self.engine, (uuid4(), uuid4()))
        member = made.welcome(person, role)
        _DELAY.wait(0.05)  # as long as a look at a busy table takes
        self._made[person] = (member.tenant_id, member.user_id)
        return member


_DELAY = threading.Event()


class _Numbered(SqlMembers):
    def __init__(self, engine: Engine, ids: tuple[UUID, UUID]) -> None:
        super().__init__(engine)
        self._ids = ids

    def ids_of(self, person: Person) -> tuple[UUID, UUID]:
        del person
        return self._ids


def _of(organization: Callable[[Person], str]) -> type[SqlMembers]:
    """Return members of which newcomers are of another organization than their own."""

    def moved(person: Person) -> Person:
        return replace(person, organization=organization(person))

    class Moved(SqlMembers):
        def find(self, person: Person) -> Member | None:
            return super().find(person) or super().find(moved(person))

        def welcome(self, person: Person, role: Any = None) -> Member:
            return super().welcome(moved(person), role)

    return Moved


def _remembering(kind: type[SqlMembers]) -> Callable[[Parts], Parts]:
    def make(parts: Parts) -> OidcLogin:
        real: Any = parts.identity.login
        return replace(real, members=kind(engine_of(parts)))

    return replaced({"identity.login": make})


MUTANTS = (
    mutant(
        "id-token-unverified",
        "OAUTH-07",
        "The signature of an ID token is not verified: it came over TLS.",
        parts=with_issuer(_Unverified, tokens=False),
    ),
    mutant(
        "id-token-unsigned",
        "OAUTH-07",
        "An ID token whose algorithm is none counts.",
        parts=with_issuer(_Unsigned, tokens=False),
    ),
    mutant(
        "id-token-by-a-public-secret",
        "OAUTH-07",
        "An ID token counts that is signed by HS256 with the issuer's public key for a secret.",
        parts=with_issuer(_PublicSecret, tokens=False),
    ),
    mutant(
        "id-token-by-rsa-alone",
        "OAUTH-07",
        "ID tokens by elliptic curves are refused, though their keys are published.",
        parts=with_issuer(_RsaAlone, tokens=False),
    ),
    mutant(
        "id-token-with-any-nonce",
        "OAUTH-07",
        "The nonce of an ID token is not compared.",
        parts=logging_in(_AnyNonce),
    ),
    mutant(
        "id-token-without-a-nonce",
        "OAUTH-07",
        "The nonce of an ID token is compared where it has one.",
        parts=logging_in(_NonceByDefault),
    ),
    mutant(
        "id-token-for-any-client",
        "OAUTH-07",
        "The audience of an ID token is not looked at.",
        parts=logging_in(_AnyClient),
    ),
    mutant(
        "id-token-of-any-issuer",
        "OAUTH-07",
        "The issuer that an ID token names is not compared.",
        parts=logging_in(_AnyIssuer),
    ),
    mutant(
        "id-token-for-ever",
        "OAUTH-07",
        "The end of an ID token is not looked at.",
        parts=logging_in(_NoEnd),
    ),
    mutant(
        "id-token-of-an-address",
        "OAUTH-07",
        "Who has no subject in his ID token is known by the name in his address.",
        parts=logging_in(_KnownByAddress),
    ),
    mutant(
        "login-in-any-browser",
        "OAUTH-13",
        "A login is known by its state alone, whichever browser brings that.",
        parts=logging_in(_AnyBrowser),
    ),
    mutant(
        "login-with-any-state",
        "OAUTH-13",
        "The state that comes back is not compared.",
        parts=logging_in(_AnyState),
    ),
    mutant(
        "login-without-a-state",
        "OAUTH-13",
        "The state that comes back is compared where there is one.",
        parts=logging_in(_StateByDefault),
    ),
    mutant(
        "login-answered-by-any-issuer",
        "OAUTH-13",
        "The issuer that an authorization response names is not compared.",
        parts=logging_in(_AnyAnswer),
    ),
    mutant(
        "login-answered-by-nobody",
        "OAUTH-13",
        "An authorization response counts that names no issuer, though the issuer says it does.",
        parts=logging_in(_AnswerOfNobody),
    ),
    mutant(
        "login-cookie-of-the-site",
        "OAUTH-13",
        "The cookie of a login has a name that any page of the same site may set.",
        parts=replaced({"identity.cookie": lambda _: "hallmark-login"}),
    ),
    mutant(
        "sign-up-for-all",
        "OAUTH-09",
        "Whoever the issuer knows may sign up, whatever list there is.",
        parts=logging_in(_OpenToAll),
    ),
    mutant(
        "sign-up-by-any-address",
        "OAUTH-09",
        "The list of who may sign up is asked for an address that nobody has verified.",
        parts=logging_in(_AnyAddress),
    ),
    mutant(
        "sign-up-at-the-second-attempt",
        "OAUTH-09",
        "Who may not sign up is refused, and known from then on.",
        parts=logging_in(_MadeAnyway),
    ),
    mutant(
        "first-login-twice",
        "OAUTH-09",
        "Two first logins of one person at once make two users.",
        parts=_remembering(_LookedUpFirst),
    ),
    mutant(
        "first-login-alone",
        "OAUTH-09",
        "Each newcomer gets a tenant of his own, whatever his organization is.",
        parts=_remembering(_of(lambda person: person.subject)),
    ),
    mutant(
        "first-login-together",
        "OAUTH-09",
        "All newcomers get one tenant, whatever their organizations are.",
        parts=_remembering(_of(lambda _: "newcomers")),
    ),
)
