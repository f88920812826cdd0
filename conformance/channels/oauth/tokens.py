"""Gets tokens at the target's own authorization server, as any client of its would."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from conformance.channels.oauth.kept import Client, Kept, TokenError
from conformance.channels.oauth.places import is_safe, origin
from conformance.channels.oauth.registering import OAuthClient
from conformance.profile.credentials import LOGIN_COMMAND
from conformance.text.plain import flat

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.channels.http.answer import Answer
    from conformance.channels.oauth.metadata import Metadata, Server

_BASIC, _POST = "client_secret_basic", "client_secret_post"


@dataclass(frozen=True)
class Got:
    """A credential that was got, and how many seconds it is good for; None where nobody says."""

    value: str = field(repr=False)
    seconds: float | None = None
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class TokenDesk:
    """The token endpoint of the target's authorization server.

    Secrets go nowhere but to a server at the target's own origin, or one that was named before: in
    the profile's [authorization] issuer, or by the file that holds its refresh token.
    """

    metadata: Metadata

    def server(self, known: str | None = None) -> Server:
        """Return the authorization server to ask. TokenError where that is not certain."""
        target = self.metadata.target
        declared = target.authorization.issuer or known
        named = self.metadata.issuers()
        issuer = declared or (named[0] if named else None)
        if issuer is None:
            raise TokenError(
                "the target names no authorization server; write [authorization] issuer"
            )
        if declared is None and origin(issuer) != origin(target.url):
            raise TokenError(
                f"the target names {issuer} as its authorization server, which is at another "
                "origin; if that is right, write it in the profile's [authorization] issuer, so "
                "that credentials are sent there"
            )
        if known is not None and known != issuer:
            raise TokenError(f"the refresh token is of {known}, not of {issuer}; log in again")
        server = self.metadata.server(issuer)
        document = server.document
        if document is None:
            raise TokenError(f"{issuer} has no metadata: {server.told()}")
        if document.entries.get("issuer") != issuer:
            raise TokenError(f"{document.url} is of another issuer than {issuer}, and is not used")
        return server

    def endpoint(self, server: Server, name: str) -> str:
        """Return an endpoint's URL. TokenError where it is none that may be sent a secret."""
        url = server.require().entries.get(name)
        if not is_safe(url, may_be_local=self.metadata.may_be_local):
            raise TokenError(f"{server.issuer} names no {name} that is an https URL (got {url!r})")
        return str(url)

    def ask(self, server: Server, client: Client, form: dict[str, str]) -> Got:
        """Send a grant to the token endpoint. TokenError unless a token is given."""
        url = self.endpoint(server, "token_endpoint")
        methods = server.require().texts("token_endpoint_auth_methods_supported")
        method = _BASIC if not methods or _BASIC in methods else _POST
        who = OAuthClient(client.id, (), method, client.secret)
        told, headers = who.authenticated({**form, "resource": self.resource()})
        answer = self.metadata.line.post_form(url, told, *headers)
        return got_of(answer, f"{url} ({form['grant_type']})")

    def resource(self) -> str:
        """Return the identifier of the target, for which tokens are to be (RFC 8707)."""
        found = self.metadata.resource
        told = found.document.entries.get("resource") if found else None
        return told if isinstance(told, str) else self.metadata.names[0]


def got_of(answer: Answer, asked: str) -> Got:
    """Return what a token endpoint gave (RFC 6749 section 5.1). TokenError for an error."""
    entries = answer.entries
    token = entries.get("access_token")
    if answer.status != HTTPStatus.OK or not isinstance(token, str) or not token:
        code, why = entries.get("error"), entries.get("error_description")
        said = " ".join(str(one) for one in (code, why) if one) or str(answer)
        remedy = f"; run {LOGIN_COMMAND}" if code == "invalid_grant" else ""
        raise TokenError(f"{asked} gave no token: {flat(said)}{remedy}")
    if str(entries.get("token_type", "bearer")).lower() != "bearer":
        raise TokenError(f"{asked} gave a token of the type {entries['token_type']!r}, not Bearer")
    again = entries.get("refresh_token")
    return Got(token, seconds_in(entries), again if isinstance(again, str) and again else None)


def seconds_in(entries: dict[str, Any]) -> float | None:
    """Return for how many seconds a token is good, where that is told."""
    told = entries.get("expires_in")
    try:
        found = math.nan if isinstance(told, (bool, type(None))) else float(told)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) and found > 0 else None


def by_refresh_token(desk: TokenDesk, path: Path, client: Client | None, scope: str | None) -> Got:
    """Exchange the refresh token of a file, and keep the one that takes its place."""
    kept = Kept.read(path)
    who = client or kept.client
    if kept.refresh_token is None:
        raise TokenError(f"{path}: holds no refresh token; run {LOGIN_COMMAND}")
    if who is None:
        raise TokenError(
            f"{path}: does not say whose client's it is; write client_id, or [authorization.client]"
        )
    form = {"grant_type": "refresh_token", "refresh_token": kept.refresh_token}
    form |= {"scope": scope} if scope else {}
    got = desk.ask(desk.server(kept.issuer), who, form)
    if got.refresh_token not in (None, kept.refresh_token):
        replace(kept, refresh_token=got.refresh_token).write(path)
    return got


def by_client_credentials(desk: TokenDesk, client: Client, scope: str | None) -> Got:
    """Get a token of the client's own (RFC 6749 section 4.4)."""
    form = {"grant_type": "client_credentials"} | ({"scope": scope} if scope else {})
    return desk.ask(desk.server(), client, form)
