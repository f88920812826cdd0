"""Session tokens of other forms that every clause permits: signed, named and carried otherwise."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from reference_server.core.settings import CHAINS, PROXY_AUTH_HEADER, SESSION_COOKIE
from reference_server.core.vocabulary import TokenFailure, TokenMethod
from reference_server.mutants.benign.edge import benign
from reference_server.mutants.benign.token_forms import (
    TABLE,
    ByEd25519,
    ByKey,
    ByRsa,
    ForSeveral,
    LookedUp,
    OtherTokens,
    Renamed,
    Unhurried,
)
from reference_server.mutants.jwt.verifying import bytes_of, validator_of
from reference_server.parts import with_parts
from reference_server.sessions.extraction import TokenChain
from reference_server.sessions.validation import AuthValidation

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reference_server.mutants.model import Benign
    from reference_server.parts import Parts
    from reference_server.sessions.issue import SignedAccessTokens, SqlSessionIssuer
    from reference_server.sessions.signing import SignedTokens

    State = dict[str, Any]

PROFILE = Path(__file__).parents[3] / "fixtures" / "targets" / "other-tokens.toml"
"""What tells the judge of these tokens, with what the state file has of them."""
AREAS = frozenset(
    {f"JWT-0{number}" for number in range(1, 8)} | {f"CHAIN-0{number}" for number in range(1, 7)}
)
_OF_WAYS = " ".join(sorted(name for name in AREAS if name.startswith("CHAIN")))
_OF_PAGES = (
    "OAUTH-03 OAUTH-04 OAUTH-06 OAUTH-11 OAUTH-12 OAUTH-14 OAUTH-15 OAUTH-16 OAUTH-19 OAUTH-20"
)
"""No browser sends a bearer token, so that nobody comes to the page on which a user decides."""
_OF_SIGNED = " ".join(sorted(name for name in AREAS if name.startswith("JWT") and name != "JWT-06"))
_OF_POLICY = (
    "PERM-01 PERM-02 PERM-03 PERM-04 PERM-05 PERM-05-b PERM-06 PERM-07 PERM-08 RATE-10 "
    "OAUTH-10 OAUTH-17"
)
"""The profile has no callers that would be minted with the reference's claims."""
_OF_ISSUERS = "OAUTH-07 OAUTH-08 OAUTH-09 OAUTH-13 OAUTH-18 OAUTH-21"
"""Nor has it an issuer, whose tokens and logins are as they are with any form of our own."""
_DAY = 86_400

_PROXY_WORD = {
    "format": "v1 t={timestamp},n={nonce},id={identity},sig={signature}",
    "signed": "v1\n{method}\n{path}\n{timestamp}\n{nonce}\n{identity}",
    "payload": {"tenant": "{tenant}", "subject": "hallmark"},
    "encoding": "base64url",
    "window_seconds": 60,
}


@dataclass
class Form:
    """A form of session tokens, and the server that has it.

    ``methods`` are those by which a token may come, ``life`` and ``longest`` are in seconds.
    """

    make: Callable[[SignedTokens, Parts], OtherTokens] = OtherTokens
    validator: type[AuthValidation] = AuthValidation
    methods: Sequence[TokenMethod] = tuple(TokenMethod)
    cookie: str = SESSION_COOKIE
    header: str = PROXY_AUTH_HEADER
    life: int = 3600
    longest: int = _DAY // 2
    _tokens: OtherTokens | None = None

    def bend(self, parts: Parts) -> Parts:
        """Return the parts with tokens of this form."""
        real = validator_of(parts)
        issuer = cast("SqlSessionIssuer", parts.tokens.issuer)
        access = cast("SignedAccessTokens", parts.tokens.access)
        tokens = self._tokens = self.make(real.tokens, parts)
        rules = replace(real.rules, longest=self.longest)
        methods = [one for one in parts.tokens.extractor.methods if one in self.methods]
        return with_parts(
            parts,
            {
                "tokens.validator": self.validator(
                    tokens, real.ends, real.clock, rules, real.issued
                ),
                "tokens.issuer": replace(issuer, tokens=tokens, rules=rules, lifetime=self.life),
                "tokens.access": replace(access, tokens=tokens, rules=rules),
                "tokens.extractor": TokenChain(
                    methods, cookie=self.cookie, proxy_header=self.header
                ),
                "tokens.cookie": self.cookie,
            },
        )

    def tell(self, state: State) -> State:
        """Return the state file's content, with tokens of this form and what they are like."""
        tokens = self._tokens
        if tokens is None:
            raise LookupError("no server was made of this form")
        tenants = {
            label: tenant | {kind: self._again(tenant[kind]) for kind in _KINDS if kind in tenant}
            for label, tenant in state["tenants"].items()
        }
        named = {_ENTRIES[ours]: theirs for ours, theirs in tokens.names.items()}
        signing = {**tokens.told(), **named, "claims_decide": True}
        other = {"ways": self._ways(state), "presets": self._presets(), "signing": signing}
        return {**state, "tenants": tenants, "other": other}

    def _again(self, token: str) -> str:
        """Return a token with the claims of one of the usual form, and a life that may be."""
        claims: State = json.loads(bytes_of(token.split(".")[1]))
        ends = min(claims["exp"], claims["iat"] + self.longest - 1)
        return cast("OtherTokens", self._tokens).sign({**claims, "exp": ends})

    def _titles(self) -> dict[TokenMethod, str]:
        authorization, proxy, cookie = TokenMethod
        return {proxy: self.header, authorization: "Authorization", cookie: self.cookie}

    def _ways(self, state: State) -> list[State]:
        authorization, proxy, cookie = TokenMethod
        word = {**_PROXY_WORD, "secret": state["proxy"]["secret"]}
        told: dict[TokenMethod, State] = {
            proxy: {"header": self.header, "proxy": word},
            authorization: {"header": "Authorization", "scheme": "Bearer"},
            cookie: {"cookie": self.cookie, "lacking": TokenFailure.NOT_IN_COOKIE},
        }
        failures = {
            proxy: (TokenFailure.MISSING_PROXY, TokenFailure.INVALID_PROXY),
            authorization: (TokenFailure.MISSING_AUTHORIZATION, TokenFailure.INVALID_AUTHORIZATION),
            cookie: (TokenFailure.MISSING_COOKIE, TokenFailure.INVALID_COOKIE),
        }
        return [
            {**way, "missing": failures[method][0], "malformed": failures[method][1]}
            for method, way in told.items()
            if method in self.methods
        ]

    def _presets(self) -> State | bool:
        if set(self.methods) != set(TokenMethod):
            return False
        titles = self._titles()
        return {
            name: {
                "words": ["--token-chain", name],
                "ways": [title for method, title in titles.items() if method in chain],
            }
            for name, chain in CHAINS.items()
        }


_KINDS = ("session", "revoked_session", "expired_session")
_ENTRIES = {
    "iss": "issuer",
    "aud": "audience",
    "sub": "subject",
    "exp": "expiry",
    "nbf": "not_before",
    "iat": "issued_at",
    "jti": "identity",
}
"""What a profile calls the names of claims."""


def _of(name: str, summary: str, form: Form, *, lacks: str = "", **more: Any) -> Benign:
    return benign(
        name,
        summary,
        parts=form.bend,
        state=form.tell,
        profile=PROFILE,
        touches=AREAS,
        lacks=f"{lacks} {_OF_POLICY} {_OF_ISSUERS}",
        **more,
    )


VARIANTS = (
    _of(
        "tokens-by-rsa",
        "Session tokens are signed by an RSA key (RS256).",
        Form(ByRsa),
        settings=ByRsa.keep,
    ),
    _of("tokens-by-ecdsa", "Session tokens are signed by ECDSA (ES256).", Form(ByKey)),
    _of("tokens-by-eddsa", "Session tokens are signed by EdDSA (Ed25519).", Form(ByEd25519)),
    _of(
        "tokens-looked-up",
        "Session tokens are random, and what each stands for is looked up.",
        Form(LookedUp),
        lacks=_OF_SIGNED,
        sql=TABLE,
    ),
    _of(
        "tokens-for-days",
        "A session lives two days, and no token longer than a week.",
        Form(life=2 * _DAY, longest=7 * _DAY),
    ),
    _of(
        "tokens-for-minutes",
        "A session lives four minutes, and no token longer.",
        Form(life=240, longest=241),
    ),
    _of("claims-named-otherwise", "Claims have names of the server's own.", Form(Renamed)),
    _of(
        "bearer-alone",
        "A token comes as a bearer, and by no other way.",
        Form(methods=(TokenMethod.AUTHORIZATION,)),
        lacks=f"{_OF_WAYS} {_OF_PAGES}",
    ),
    _of(
        "cookie-alone",
        "A token comes as a cookie, and by no other way.",
        Form(methods=(TokenMethod.COOKIE,)),
        lacks=_OF_WAYS,
    ),
    _of(
        "cookie-and-header-named-otherwise",
        "The cookie and the proxy's header have other names.",
        Form(cookie="__Host-login", header="x-edge-identity"),
    ),
    _of("tokens-for-several", "A token is for another service, too.", Form(ForSeveral)),
    _of(
        "half-a-minute-of-leeway",
        "Clocks may be half a minute apart.",
        Form(validator=Unhurried),
    ),
)
