"""Defects of which credential counts, of a proxy's word, and of what other sites may do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

from reference_server.core.principal import Principal
from reference_server.core.vocabulary import Scheme, Tier, TokenMethod
from reference_server.mutants.bending import before, mutant, refusing, replaced, with_stage
from reference_server.mutants.jwt.forgeries import bytes_of
from reference_server.sessions.contracts import Found, Missed
from reference_server.sessions.extraction import TokenChain
from reference_server.web.answers import error, unauthorized

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flask import Response

    from reference_server.context import RequestContext
    from reference_server.parts import Parts
    from reference_server.sessions.contracts import Headers, TokenExtractor

_COOKIE_FIRST = (TokenMethod.PROXY, TokenMethod.COOKIE, TokenMethod.AUTHORIZATION)


class TokenBeforeProxy(TokenChain):
    """Looks for a bearer token first, on the endpoint as elsewhere."""

    def extract(self, headers: Headers, *, is_mcp: bool) -> Found | Missed:
        """Return what is found away from the endpoint."""
        del is_mcp
        return super().extract(headers, is_mcp=False)


class PassesOver:
    """Goes on to the next way where a credential is malformed."""

    def __init__(self, real: TokenExtractor) -> None:
        self._real = real
        self.methods: Sequence[TokenMethod] = real.methods

    def yields(self, headers: Headers) -> bool:
        """Tell whether there is an API key."""
        return self._real.yields(headers)

    def extract(self, headers: Headers, *, is_mcp: bool) -> Found | Missed:
        """Return what the first way finds that finds a token."""
        found = self._real.extract(headers, is_mcp=is_mcp)
        if isinstance(found, Found) or found.is_absent:
            return found
        for name in ("authorization", "x-mcp-proxy-auth"):
            rest = [(key, value) for key, value in headers if key.lower() != name]
            other = self._real.extract(rest, is_mcp=is_mcp)
            if isinstance(other, Found):
                return other
        return found


def _fall_through(context: RequestContext, parts: Parts) -> Response | None:
    """Take the cookie where the bearer token does not count."""
    found = context.extracted
    if not isinstance(found, Found) or found.method is not TokenMethod.AUTHORIZATION:
        return None
    if parts.tokens.validator.validate(found.token) is None:
        rest = [(key, value) for key, value in context.headers if key.lower() != "authorization"]
        other = parts.tokens.extractor.extract(rest, is_mcp=context.is_mcp)
        context.extracted = other if isinstance(other, Found) else found
    return None


class BelievesAll:
    """Believes whatever a proxy's header says, signed or not."""

    def verify(self, value: str, method: str, path: str) -> Principal | None:
        """Return who is told of."""
        del method, path
        told = next((one for one in value.split(",") if one.startswith("id=")), "")
        try:
            identity: dict[str, Any] = json.loads(bytes_of(told.removeprefix("id=")))
        except ValueError:
            return None
        return _of(identity["tenant"])


def _of(tenant: str) -> Principal:
    return Principal(
        tenant_id=UUID(tenant),
        key_id=None,
        scheme=Scheme.PROXY,
        tier=Tier.USER,
        scope=frozenset({Tier.USER}),
        rate_tier=Tier.USER,
        subject="somebody",
    )


class BelievesAgain:
    """Believes a word as often as it is said."""

    def __init__(self, parts: Parts) -> None:
        self._real, self._known = parts.tokens.proxies, dict[str, Principal]()

    def verify(self, value: str, method: str, path: str) -> Principal | None:
        """Return who is told of, by a word that is right or was."""
        found = self._real.verify(value, method, path) or self._known.get(value)
        if found is not None:
            self._known[value] = found
        return found


def _plain(context: RequestContext) -> Response | None:
    return None if context.extracted is None else unauthorized()


def _echo(context: RequestContext) -> Response | None:
    found = context.extracted
    if not isinstance(found, Found):
        return None
    response = error(401, "unauthorized", token=found.token)
    response.headers["WWW-Authenticate"] = unauthorized(found).headers["WWW-Authenticate"]
    return response


def _let_pass(context: RequestContext, parts: Parts) -> None:
    del context, parts


MUTANTS = (
    mutant(
        "cookie-before-token",
        "CHAIN-01 CHAIN-02",
        "A cookie decides where there is a bearer token.",
        parts=replaced({"tokens.extractor": lambda _: TokenChain(_COOKIE_FIRST)}),
    ),
    mutant(
        "token-before-proxy",
        "CHAIN-01 CHAIN-02 CHAIN-05",
        "A bearer token decides where a proxy has spoken.",
        parts=replaced(
            {"tokens.extractor": lambda parts: TokenBeforeProxy(parts.tokens.extractor.methods)}
        ),
    ),
    mutant(
        "malformed-passed-over",
        "CHAIN-02",
        "A malformed credential is taken for none.",
        parts=replaced({"tokens.extractor": lambda parts: PassesOver(parts.tokens.extractor)}),
    ),
    mutant(
        "falls-through-to-the-cookie",
        "CHAIN-02",
        "Where a bearer token does not count, the cookie does.",
        parts=with_stage("authenticate", before(_fall_through)),
    ),
    mutant(
        "nameless-refusal",
        "CHAIN-03",
        "A refusal does not say what was missed.",
        parts=with_stage("authenticate", refusing(_plain)),
    ),
    mutant(
        "token-in-the-refusal",
        "CHAIN-03",
        "A refusal repeats the token.",
        parts=with_stage("authenticate", refusing(_echo)),
    ),
    mutant(
        "any-proxy",
        "CHAIN-02 CHAIN-04",
        "A proxy's word counts without its signature.",
        parts=replaced({"tokens.proxies": lambda _: BelievesAll()}),
    ),
    mutant(
        "word-said-again",
        "CHAIN-04",
        "A proxy's word counts as often as it is said.",
        parts=replaced({"tokens.proxies": BelievesAgain}),
    ),
    mutant(
        "other-sites-act",
        "CHAIN-06",
        "Another site's page acts by its visitor's cookie.",
        parts=with_stage("refuse_cross_site", lambda _: _let_pass),
    ),
)
