"""The authorization code grant, as a client and its user go through it (OAuth 2.1 section 4.1)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from conformance.channels.http.oauth import s256
from conformance.channels.oauth.browser import Browser
from conformance.channels.oauth.consenting import Walk
from conformance.channels.oauth.cookies import Cookies
from conformance.forge.requests import Request
from conformance.profile.signing import Way
from conformance.text.learned import learn
from conformance.verdicts import NotAssessedError, establish

if TYPE_CHECKING:
    from conformance.channels.http.answer import Answer
    from conformance.channels.http.gate import Gate
    from conformance.channels.http.wire import Wire
    from conformance.channels.oauth.browser import Origins, Pairs
    from conformance.channels.oauth.registering import OAuthClient, Registrations
    from conformance.channels.oauth.server_metadata import ServerMetadata
    from conformance.profile.authorization import Authorization
    from conformance.text.redaction import Redactor

_FORM = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
BEARER = Way(header="Authorization", scheme="Bearer")
"""How an access token is shown (RFC 6750 section 2.1)."""
Changes = Mapping[str, "str | None"]
"""Parameters that a request has instead of its own; None for one that it lacks."""


@dataclass(frozen=True)
class Asking:
    """One authorization request: whose it is, and what it says."""

    client: OAuthClient
    verifier: str = field(repr=False)
    told: dict[str, str]

    @property
    def redirect(self) -> str:
        """Where its answer is to go."""
        return self.told.get("redirect_uri", self.client.redirect)


@dataclass(frozen=True)
class Code:
    """An authorization code, and what it takes to use it."""

    text: str = field(repr=False)
    asking: Asking
    response: dict[str, str] = field(repr=False)


@dataclass(frozen=True)
class Tokens:
    """What a code, or a refresh token, is exchanged for."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    client: OAuthClient


def exchanging(code: Code) -> Changes:
    """Return what is said to the token endpoint to use a code."""
    return {
        "grant_type": "authorization_code",
        "code": code.text,
        "redirect_uri": code.asking.redirect,
        "code_verifier": code.asking.verifier,
        "resource": code.asking.told.get("resource"),
    }


def request_of(client: OAuthClient, pairs: Changes) -> Request:
    """Return a client's request to the token endpoint, as it authenticates itself."""
    told = {name: text for name, text in pairs.items() if text is not None}
    form, headers = client.authenticated(told)
    return Request("POST", headers=(*_FORM, *headers), body=urlencode(form).encode())


class Grants:
    """Asks for codes and tokens. ``signed_in`` holds the cookies of users who have signed in."""

    def __init__(
        self,
        wire: Wire,
        registrations: Registrations,
        redactor: Redactor,
        signed_in: dict[str, Cookies],
    ) -> None:
        self.wire, self.registrations = wire, registrations
        self.origins: Origins = registrations.origins
        self.server: ServerMetadata = registrations.server
        self.told: Authorization = wire.target.authorization
        self._redactor, self._signed_in = redactor, signed_in

    def through(self, line: Wire) -> Grants:
        """Return the same by another line."""
        registrations = self.registrations.through(line)
        return Grants(line, registrations, self._redactor, self._signed_in)

    # -- who asks ----------------------------------------------------------------------------------

    def users(self) -> list[str]:
        """Return the users' names, tenant A's first."""
        named = self.told.users
        return sorted(named, key=lambda name: (named[name].tenant != "a", name))

    def other_user(self) -> str:
        """Return the name of somebody else's browser. Raises NotAssessedError for want of one."""
        if len(names := self.users()) > 1:
            return names[1]
        raise NotAssessedError("supply a second user in the profile's [authorization.users]")

    def browser(self, name: str | None = None) -> Browser:
        """Return a browser in which somebody is signed in, or has only to fill in the forms."""
        name = name or self.users()[0]
        kept = self._signed_in.get(name)
        if kept is not None:
            return Browser(self.origins, kept.copy(), self._payer(name))
        cookies = Cookies()
        for cookie, value in self.told.users[name].cookies.items():
            cookies.put(self.server.url("authorization_endpoint"), cookie, value)
        return Browser(self.origins, cookies, self._payer(name))

    def _payer(self, name: str) -> str | None:
        tenant = getattr(self.wire.target.tenants, self.told.users[name].tenant, None)
        return None if tenant is None else tenant.key

    # -- asking for a code -------------------------------------------------------------------------

    def asking(self, client: OAuthClient, changes: Changes | None = None) -> Asking:
        """Return an authorization request of a client's, changed if need be."""
        verifier = secrets.token_urlsafe(48)
        told: Changes = {
            "response_type": "code",
            "client_id": client.id,
            "redirect_uri": client.redirect,
            "state": secrets.token_urlsafe(16),
            "code_challenge": s256(verifier),
            "code_challenge_method": "S256",
            "resource": self.server.resource,
            **({"scope": " ".join(self.server.scopes)} if self.server.scopes else {}),
            **(changes or {}),
        }
        return Asking(
            client, verifier, {name: text for name, text in told.items() if text is not None}
        )

    def url(self, asking: Asking, *more: tuple[str, str]) -> str:
        """Return the URL of an authorization request, with parameters added at its end."""
        place = self.server.url("authorization_endpoint")
        mark = "&" if "?" in place else "?"
        return f"{place}{mark}{urlencode([*asking.told.items(), *more])}"

    def walk(
        self,
        asking: Asking,
        name: str | None = None,
        browser: Browser | None = None,
        more: Pairs = (),
    ) -> Walk:
        """Go to where an authorization request leads, and sign in there if that is asked for.

        In a ``browser`` that is given nobody signs in, and neither does anybody where the profile
        has no user.
        """
        names = self.users()
        name = name or (names[0] if names else None)
        url = self.url(asking, *more)
        if name is None or browser is not None:
            browser = browser or Browser(self.origins)
            return Walk.of_nobody(browser, browser.open(url))
        browser = self.browser(name)
        walk = Walk(browser, self.told.users[name], self.told.consent, browser.open(url))
        walk.sign_in()
        if not walk.is_refused:
            self._signed_in[name] = browser.cookies.copy()  # a session that was kept may have ended
        return walk

    def code_at(self, walk: Walk, asking: Asking) -> Code | None:
        """Return the code with which a walk has ended at its client; None where there is none."""
        response = walk.response(asking.redirect)
        if not (text := response.get("code")):
            return None
        learn(self._redactor, text, "an authorization code")
        return Code(text, asking, response)

    def led(self, asking: Asking, more: Pairs = ()) -> Walk:
        """Go to where an authorization request leads when a user approves whatever he is asked."""
        walk = self.walk(asking, more=more)
        if walk.can_decide and not walk.is_refused:
            walk.decide()
        return walk

    def tried(self, asking: Asking) -> Code | None:
        """Ask and approve; return the code, None where none is given."""
        return self.code_at(self.led(asking), asking)

    def code(self, client: OAuthClient, changes: Changes | None = None) -> Code:
        """Ask for a code, and approve. NotEstablishedError unless one is given."""
        asking = self.asking(client, changes)
        walk = self.walk(asking)
        walk.decide()
        return self.require_code(walk, asking)

    def require_code(self, walk: Walk, asking: Asking) -> Code:
        """Return the code with which a walk has ended. NotEstablishedError where it has not."""
        found = self.code_at(walk, asking)
        establish(found is not None, f"a user who approves has the client given a code ({walk})")
        return found or Code("", asking, {})

    # -- tokens ------------------------------------------------------------------------------------

    def asked(
        self,
        client: OAuthClient,
        pairs: Changes,
        place: str = "token_endpoint",
        gate: Gate | None = None,
    ) -> Answer:
        """Send a client's request to the token endpoint, or another."""
        return self.origins.asked(self.server.url(place), request_of(client, pairs), gate)

    def exchange(
        self,
        code: Code,
        changes: Changes | None = None,
        client: OAuthClient | None = None,
        gate: Gate | None = None,
    ) -> Answer:
        """Exchange a code for tokens, as its own client unless another is given."""
        pairs = {**exchanging(code), **(changes or {})}
        return self.asked(client or code.asking.client, pairs, gate=gate)

    def refreshed(
        self,
        token: str,
        client: OAuthClient,
        changes: Changes | None = None,
        gate: Gate | None = None,
    ) -> Answer:
        """Exchange a refresh token for tokens."""
        pairs = {**self.refreshing(token), **(changes or {})}
        return self.asked(client, pairs, gate=gate)

    def refreshing(self, token: str) -> Changes:
        """Return what is said to the token endpoint to use a refresh token."""
        return {
            "grant_type": "refresh_token",
            "refresh_token": token,
            "resource": self.server.resource,
        }

    def tokens_of(self, answer: Answer, client: OAuthClient) -> Tokens | None:
        """Return the tokens that an answer gives; None where it gives none."""
        access, refresh = (answer.entries.get(name) for name in ("access_token", "refresh_token"))
        if not isinstance(access, str):
            return None
        learn(self._redactor, access, "an access token")
        self.wire.trust(access, payer=self._payer(self.users()[0]))
        if not isinstance(refresh, str):
            return Tokens(access, None, client)
        learn(self._redactor, refresh, "a refresh token")
        return Tokens(access, refresh, client)

    def tokens(self, client: OAuthClient, changes: Changes | None = None) -> Tokens:
        """Go through it all. NotEstablishedError unless it ends with tokens."""
        return self.given(self.exchange(self.code(client, changes)), client)

    def given(self, answer: Answer, client: OAuthClient) -> Tokens:
        """Return the tokens that an answer gives. NotEstablishedError where it gives none."""
        found = self.tokens_of(answer, client)
        establish(found is not None, f"the token endpoint gives a token (got {answer.status})")
        return found or Tokens("", None, client)

    def is_good(self, access: str) -> bool:
        """Tell whether an access token lets its bearer call a tool, or list them."""
        line = self.wire.derived(way=BEARER, may_be_silent=True)
        return line.call_ping(key=access).succeeded
