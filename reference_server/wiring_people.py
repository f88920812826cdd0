"""What knows session tokens, trusted issuers and people, wired once."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from reference_server.context import MCP_PATH
from reference_server.core.secrets import (
    PROXY_SIGNING,
    PROXY_SIGNING_PREVIOUS,
    SESSION_SIGNING_PREVIOUS,
    find_signing,
    read_secret,
)
from reference_server.identity.access import IssuerAccessTokens
from reference_server.identity.contracts import IdentityParts
from reference_server.identity.definitions import load_issuers
from reference_server.identity.issuers import Issuer
from reference_server.identity.login import LIFE_SECONDS, OidcLogin
from reference_server.identity.members import SqlMembers
from reference_server.identity.organizations import SqlOrganizations
from reference_server.outbound.documents import HttpsDocuments
from reference_server.sessions.contracts import SessionParts
from reference_server.sessions.ends import SqlSessionEnds
from reference_server.sessions.extraction import TokenChain
from reference_server.sessions.issue import SignedAccessTokens, SqlSessionIssuer
from reference_server.sessions.proxy import MemoryNonces, SharedNonces, SignedProxyIdentities
from reference_server.sessions.signing import SignedTokens
from reference_server.sessions.validation import AuthValidation, Rules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from redis import Redis
    from sqlalchemy import Engine

    from reference_server.core.contracts import Clock
    from reference_server.core.settings import Settings

KEY_HEADER = "X-Api-Key"


def session_rules(settings: Settings) -> Rules:
    """Return what a session token must say."""
    return Rules(
        mode=settings.session_mode,
        issuer=settings.session_issuer,
        audience=settings.session_audience,
        longest=settings.session_longest,
        resource=resource_of(settings),
    )


def resource_of(settings: Settings) -> str | None:
    """Return the URL of the MCP endpoint, as clients know it; None without a public URL."""
    return None if settings.public_url is None else settings.public_url + MCP_PATH


def trusted_issuers(settings: Settings, clock: Clock) -> Mapping[str, Issuer]:
    """Return the trusted issuers by their names; ConfigurationError for a bad definition."""
    told = load_issuers(settings.issuers)
    documents = HttpsDocuments(told.origins)
    return {one.issuer: Issuer(one, documents, clock) for one in told.issuer}


def identity_parts(
    settings: Settings,
    secret: bytes,
    engine: Engine,
    clock: Clock,
    redis: Redis | None,
    issuers: Mapping[str, Issuer],
) -> IdentityParts:
    """Return what knows people; ConfigurationError for a secret that cannot be read."""
    members = SqlMembers(engine)
    issuer = next((one for one in issuers.values() if one.told.login is not None), None)
    if issuer is None or issuer.told.login is None:
        return IdentityParts(members)
    client = issuer.told.login
    used = MemoryNonces(seconds=LIFE_SECONDS)
    login = OidcLogin(
        issuer=issuer,
        client=client,
        members=members,
        clock=clock,
        used=used if redis is None else SharedNonces(redis, LIFE_SECONDS),
        key=hmac.digest(secret, b"logins under way", "sha256"),
        secret=client.secret and read_secret(settings.secrets_dir, client.secret).decode(),
    )
    organizations = SqlOrganizations(engine)
    return IdentityParts(members, login, organizations, issuer.told.issuer)


def session_parts(
    settings: Settings,
    secret: bytes,
    engine: Engine,
    clock: Clock,
    redis: Redis | None,
    issuers: Mapping[str, Issuer],
) -> SessionParts:
    """Return what knows session tokens; ConfigurationError for a secret that is no good."""
    before = find_signing(settings.secrets_dir, SESSION_SIGNING_PREVIOUS)
    proxies = find_signing(settings.secrets_dir, PROXY_SIGNING, PROXY_SIGNING_PREVIOUS)
    tokens, rules = SignedTokens((secret, *before)), session_rules(settings)
    ends = SqlSessionEnds(engine)
    issued = IssuerAccessTokens(issuers, SqlMembers(engine), clock) if issuers else None
    nonces = MemoryNonces() if redis is None else SharedNonces(redis)
    return SessionParts(
        extractor=TokenChain(
            settings.token_chain,
            cookie=settings.session_cookie,
            proxy_header=settings.proxy_auth_header,
            key_header=KEY_HEADER,
        ),
        validator=AuthValidation(tokens, ends, clock, rules, issued),
        issuer=SqlSessionIssuer(engine, tokens, clock, rules, settings.session_lifetime),
        access=SignedAccessTokens(tokens, clock, rules),
        ends=ends,
        proxies=SignedProxyIdentities(proxies, clock, nonces),
        cookie=settings.session_cookie,
        origins=settings.allowed_origins,
    )
