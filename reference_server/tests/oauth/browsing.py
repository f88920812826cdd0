"""What tests of the authorization server do: register, ask for consent, decide, exchange."""

from __future__ import annotations

import hashlib
import html
import json
import re
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from reference_server.core.principal import Principal
from reference_server.core.settings import Limits
from reference_server.core.text import base64url
from reference_server.core.vocabulary import Scheme, Tier
from reference_server.limits.limiter import MovingWindowLimiter
from reference_server.oauth.clients import SqlClients
from reference_server.oauth.consents import Consents
from reference_server.oauth.contracts import AuthorizationParts, OAuthParts
from reference_server.oauth.documents import DocumentClients
from reference_server.oauth.grants import SqlGrants
from reference_server.outbound.fetching import Fetcher
from reference_server.sessions.claims import Life
from reference_server.sessions.issue import SqlSessionIssuer
from reference_server.sessions.signing import SignedTokens
from reference_server.tests.fakes import SESSION_SECRET, FakeCleanup, FakeStates, World
from reference_server.web.app import create_app
from reference_server.web.authorization.desks import make_desks
from reference_server.wiring_people import session_rules

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Engine
    from werkzeug.test import TestResponse

ISSUER = "https://mcp.example"
RESOURCE = f"{ISSUER}/mcp"
REDIRECT = "https://client.example/callback"
REFUSED = (400, "invalid_grant")
ROOMY = Limits(
    address_requests=10_000, oauth_requests=10_000, oauth_registrations=1_000, auth_requests=1_000
)


@dataclass(frozen=True)
class Somebody:
    """A user of a tenant's."""

    tenant: UUID
    subject: str = "ada"
    key: UUID | None = None
    member: UUID | None = None

    def session(self, world: World) -> str:
        """Return the cookie's value of a session of his."""
        rules, now = session_rules(world.settings), int(world.clock.now().timestamp())
        engine: Any = None
        issuer = SqlSessionIssuer(engine, SignedTokens((SESSION_SECRET,)), world.clock, rules, 9)
        principal = Principal(
            self.tenant,
            self.key,
            scheme=Scheme.SESSION,
            tier=Tier.USER,
            subject=self.subject,
            member_id=self.member,
        )
        return issuer.signed(principal, Life(now, now + rules.longest)).token


def authorization_of(
    world: World, engine: Engine, documents: tuple[str, ...] = ()
) -> AuthorizationParts:
    """Return the authorization server of a world, which keeps what it knows in a database."""
    limits, clock = world.limits, world.clock
    known = SqlClients(engine, clock, limits.oauth_client_unused, limits.oauth_clients)
    return AuthorizationParts(
        issuer=ISSUER,
        resource=RESOURCE,
        clients=DocumentClients(known, Fetcher(documents), clock, documents),
        grants=SqlGrants(engine, clock, limits),
        consents=Consents(SESSION_SECRET, clock, limits.oauth_consent),
        requests=MovingWindowLimiter(clock, limits.oauth_requests, limits.oauth_window),
        registrations=MovingWindowLimiter(
            clock, limits.oauth_registrations, limits.oauth_registration_window
        ),
        access_seconds=limits.oauth_access,
        scopes=("mcp:read", "mcp:write"),
        desks=make_desks,
    )


@dataclass(frozen=True)
class Pkce:
    """A verifier, and its challenge of the method S256."""

    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @property
    def challenge(self) -> str:
        """The SHA-256 of the verifier in base64url."""
        return base64url(hashlib.sha256(self.verifier.encode()).digest())


class Line:
    """Asks one authorization server, whose fakes are ``world``."""

    def __init__(
        self,
        engine: Engine,
        user: Somebody,
        limits: Limits = ROOMY,
        documents: tuple[str, ...] = (),
    ) -> None:
        self.world = World(limits=limits, changed={"public_url": ISSUER})
        self.user, self.pkce = user, Pkce()
        self.authorization = authorization_of(self.world, engine, documents)
        self.world.replaced["oauth"] = OAuthParts(FakeStates(), FakeCleanup(), self.authorization)
        self.parts = self.world.parts()
        self.client = create_app(self.world.settings, self.parts).test_client(use_cookies=False)
        self.session = user.session(self.world)

    def register(self, **told: Any) -> dict[str, Any]:
        """Register a client and return what it is told."""
        answer = self.client.post("/oauth/register", json={"redirect_uris": [REDIRECT], **told})
        assert answer.status_code == 201, answer.text
        return told_in(answer)

    def client_id(self, **told: Any) -> str:
        """Register a client that may refresh, and return its id."""
        kinds = ["authorization_code", "refresh_token"]
        return self.register(grant_types=kinds, **told)["client_id"]

    def asked(self, client_id: str, /, **changed: str | None) -> dict[str, str]:
        """Return the parameters of a request for consent; None leaves one out."""
        usual: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": REDIRECT,
            "scope": "mcp:read",
            "state": "a state & more",
            "resource": RESOURCE,
            "code_challenge": self.pkce.challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**usual, **changed}.items() if value is not None}

    def page(self, parameters: dict[str, str], session: str | None = None) -> TestResponse:
        """Open the page that asks for consent, in the browser of whoever is signed in."""
        return self.client.get(
            "/oauth/authorize", query_string=parameters, headers=self._as(session)
        )

    def decide(self, page: TestResponse, decision: str, session: str | None = None) -> TestResponse:
        """Send the page's form."""
        found = re.search(r'name="request" value="([^"]+)"', page.text)
        assert found is not None, page.text
        form = {"request": html.unescape(found[1]), "decision": decision}
        return self.client.post("/oauth/authorize", data=form, headers=self._as(session))

    def code(self, client_id: str, /, **changed: str | None) -> str:
        """Have the user consent; return the code."""
        answer = self.decide(self.page(self.asked(client_id, **changed)), "allow")
        return answered(answer)["code"]

    def exchange(self, client_id: str, code: str, /, **changed: str | None) -> TestResponse:
        """Exchange a code for tokens."""
        usual: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "client_id": client_id,
            "code": code,
            "redirect_uri": REDIRECT,
            "code_verifier": self.pkce.verifier,
            "resource": RESOURCE,
        }
        return self.ask_token({**usual, **changed})

    def refresh(self, client_id: str, token: str, /, **changed: str | None) -> TestResponse:
        """Exchange a refresh token."""
        usual = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": token}
        return self.ask_token({**usual, **changed})

    def ask_token(self, told: dict[str, Any], **more: Any) -> TestResponse:
        """Send a form to the token endpoint."""
        form = {name: value for name, value in told.items() if value is not None}
        return self.client.post("/oauth/token", data=form, **more)

    def tokens(self, client_id: str, /, **changed: str | None) -> dict[str, Any]:
        """Have the user consent, and return the tokens."""
        answer = self.exchange(client_id, self.code(client_id, **changed))
        assert answer.status_code == 200, answer.text
        return told_in(answer)

    def is_good(self, access_token: str) -> bool:
        """Tell whether an access token is let in."""
        return self.parts.tokens.validator.validate(access_token) is not None

    def _as(self, session: str | None) -> dict[str, str]:
        value = self.session if session is None else session
        return {"Cookie": f"__Host-hallmark={value}"} if value else {}


def answered(answer: TestResponse) -> dict[str, str]:
    """Return the parameters that a browser takes to the client."""
    assert answer.status_code == 303, answer.text
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def claims(token: str) -> dict[str, Any]:
    """Return what a token of ours says."""
    payload = SignedTokens((SESSION_SECRET,)).open(token)
    assert payload is not None
    return json.loads(payload)


def told_in(answer: TestResponse) -> dict[str, Any]:
    """Return the object that an answer holds; empty where it holds none."""
    found: dict[str, Any] | None = answer.json
    return found or {}


def error_of(answer: TestResponse) -> tuple[int, str]:
    """Return the status and the error of a refusal at the token endpoint."""
    return answer.status_code, told_in(answer)["error"]
