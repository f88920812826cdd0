"""Login by an issuer: the authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 9700).

Nothing is stored for a login that has begun. Its cookie holds a random secret and where to go on;
state, nonce and verifier follow from that secret by a key of ours, and from nothing else. So only
the browser that began a login can finish it.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlencode

from reference_server.core.text import base64url, challenge_of, json_object
from reference_server.identity.claims import read_id
from reference_server.identity.contracts import (
    BegunLogin,
    FinishedLogin,
    LoginError,
    LoginFailure,
)
from reference_server.outbound.documents import DocumentError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reference_server.core.contracts import Clock
    from reference_server.identity.claims import IdClaims
    from reference_server.identity.contracts import Member, Members, Person
    from reference_server.identity.definitions import LoginClient
    from reference_server.identity.issuers import Issuer, Metadata
    from reference_server.sessions.contracts import Nonces

LIFE_SECONDS = 600
_SECRET_BYTES = 32
_LONGEST_ANSWER = 2048
LONGEST_PATH = 2048
"""Characters of where to go on: an authorization request is long, and a cookie holds 4 KB."""
KINDS = frozenset({"jwt", ""})
"""Types of ID tokens, which need not name one: an access token logs nobody in."""
_COOKIE_PARTS = 3


@dataclass(frozen=True)
class Attempt:
    """A login under way: what its cookie holds, and what follows from that by a key of ours."""

    key: bytes
    secret: str
    ends: int
    path: str

    @property
    def cookie(self) -> str:
        """What the browser keeps."""
        return f"{self.ends}.{self.secret}.{base64url(self.path.encode())}"

    @property
    def state(self) -> str:
        """What comes back with the code."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """What the ID token holds."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """What the code is exchanged with (RFC 7636)."""
        return self._derived("verifier")

    @property
    def challenge(self) -> str:
        """What the code is asked for with."""
        return challenge_of(self.verifier)

    def _derived(self, purpose: str) -> str:
        words = f"{purpose}\n{self.cookie}"
        return base64url(hmac.digest(self.key, words.encode(), "sha256"))


@dataclass(frozen=True)
class OidcLogin:
    """Logs browsers in by way of one issuer. ``used`` remembers which logins have come back."""

    issuer: Issuer
    client: LoginClient
    members: Members
    clock: Clock
    used: Nonces
    key: bytes
    secret: str | None = None

    def begin(self, path: str) -> BegunLogin:
        """Begin a login that goes on at a path of ours. LoginError when the issuer is out."""
        try:
            metadata = self.issuer.metadata()
        except DocumentError:
            raise LoginError(LoginFailure.EXCHANGE) from None
        ends = int(self.clock.now().timestamp()) + LIFE_SECONDS
        attempt = Attempt(self.key, secrets.token_urlsafe(_SECRET_BYTES), ends, own_path(path))
        asked = urlencode(self.asked(attempt))
        separator = "&" if "?" in metadata.authorization_endpoint else "?"
        url = f"{metadata.authorization_endpoint}{separator}{asked}"
        return BegunLogin(url, attempt.cookie, LIFE_SECONDS)

    def asked(self, attempt: Attempt) -> dict[str, str]:
        """Return the authorization request."""
        return {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.client.redirect_uri,
            "scope": " ".join(self.client.scopes),
            "state": attempt.state,
            "nonce": attempt.nonce,
            "code_challenge": attempt.challenge,
            "code_challenge_method": "S256",
        }

    def finish(self, cookie: str | None, answer: Mapping[str, str]) -> FinishedLogin:
        """Take what a browser brings back from the issuer; LoginError for what is not right."""
        attempt = self.attempt(cookie)
        if attempt is None:
            raise LoginError(LoginFailure.COOKIE)
        self.check_answer(attempt, answer)
        try:
            metadata = self.issuer.metadata()
            self.check_issuer(metadata, answer)
            if "code" not in answer:
                raise LoginError(LoginFailure.DENIED)
            token = self.exchange(metadata, attempt, answer["code"])
        except DocumentError:
            raise LoginError(LoginFailure.EXCHANGE) from None
        person = self.person(token, attempt)
        if person is None:
            raise LoginError(LoginFailure.TOKEN)
        return FinishedLogin(self.member(person), attempt.path)

    def attempt(self, cookie: str | None) -> Attempt | None:
        """Return the login of a cookie; None for one that is over, or was never begun."""
        parts = (cookie or "").split(".")
        if len(parts) != _COOKIE_PARTS or not parts[0].isdecimal() or len(cookie or "") > 4 * 1024:
            return None
        ends, now = int(parts[0][:12]), self.clock.now().timestamp()
        if not now < ends <= now + LIFE_SECONDS:
            return None
        return Attempt(self.key, parts[1], ends, own_path(_path_of(parts[2])))

    def check_answer(self, attempt: Attempt, answer: Mapping[str, str]) -> None:
        """Raise LoginError unless the answer is to this login, and the first one."""
        state = answer.get("state", "")
        right = hmac.compare_digest(state.encode(), attempt.state.encode())
        if not right or not self.used.take(attempt.state):
            raise LoginError(LoginFailure.STATE)

    def check_issuer(self, metadata: Metadata, answer: Mapping[str, str]) -> None:
        """Raise LoginError where the answer is another issuer's (RFC 9207 section 2.4)."""
        told = answer.get("iss")
        if told != self.issuer.told.issuer and (told is not None or metadata.tells_issuer):
            raise LoginError(LoginFailure.ISSUER)

    def exchange(self, metadata: Metadata, attempt: Attempt, code: str) -> str:
        """Return the ID token that a code is good for; DocumentError, LoginError."""
        if len(code) > _LONGEST_ANSWER:
            raise LoginError(LoginFailure.EXCHANGE)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect_uri,
            "client_id": self.client.client_id,
            "code_verifier": attempt.verifier,
        }
        headers = dict[str, str]()
        if self.secret is not None:
            pair = f"{quote_plus(self.client.client_id)}:{quote_plus(self.secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        told = self.issuer.documents.post(metadata.token_endpoint, form, headers)
        token = (json_object(told) or {}).get("id_token")
        if not isinstance(token, str):
            raise LoginError(LoginFailure.EXCHANGE)
        return token

    def person(self, token: str, attempt: Attempt) -> Person | None:
        """Return whom an ID token is of; None for whatever is wrong with it."""
        payload = self.issuer.open(token, KINDS)
        read = None if payload is None else read_id(payload)
        if read is None:
            return None
        claims, told = read
        if not self.admits(claims, attempt):
            return None
        return told.person(self.issuer.told.issuer, claims.sub, self.issuer.told.organization)

    def admits(self, claims: IdClaims, attempt: Attempt) -> bool:
        """Tell whether the claims are those of a token for this login (section 3.1.3.7)."""
        return (
            claims.iss == self.issuer.told.issuer
            and claims.is_for(self.client.client_id)
            and claims.is_timely(self.clock.now().timestamp())
            and hmac.compare_digest(claims.nonce.encode(), attempt.nonce.encode())
        )

    def member(self, person: Person) -> Member:
        """Return a person's place; LoginError for who has none, and may not make one."""
        known = self.members.find(person)
        if known is not None:
            return known
        if not self.is_invited(person):
            raise LoginError(LoginFailure.UNINVITED)
        return self.members.welcome(person)

    def is_invited(self, person: Person) -> bool:
        """Tell whether somebody may sign up. To the letter but for the case of a domain."""
        if "*" in self.client.sign_up:
            return True
        _, sign, domain = (person.email or "").rpartition("@")
        return bool(sign) and (
            person.email in self.client.sign_up or f"@{domain.lower()}" in self.client.sign_up
        )


def own_path(path: str) -> str:
    """Return a path of ours, or the root for what leads elsewhere."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\"))
    is_plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if is_own and is_plain and len(path) <= LONGEST_PATH else "/"


def _path_of(part: str) -> str:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
    except ValueError:
        return "/"
