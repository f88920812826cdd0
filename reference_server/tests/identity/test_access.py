"""Access tokens of a trusted issuer: one wrong claim is enough, a right one opens its tenant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reference_server.core.vocabulary import Scheme
from reference_server.identity.access import IssuerAccessTokens
from reference_server.identity.contracts import Person
from reference_server.identity.definitions import AccessTokens, TrustedIssuer
from reference_server.identity.issuers import Issuer
from reference_server.identity.members import tenant_of
from reference_server.tests.fakes import FakeClock, FakeMembers
from reference_server.tests.identity.issuing import (
    AUDIENCE,
    ISSUER,
    KINDS,
    NOW,
    ORGANIZATION,
    access,
    documents,
    key_set,
    metadata,
    signed,
)

TOLD = TrustedIssuer(
    issuer=ISSUER,
    organization=ORGANIZATION,
    access=AccessTokens(audience=AUDIENCE, clients=frozenset({"cli"}), scope="mcp"),
)
PERSON = Person(ISSUER, "276400000000000001", "276400000000000777")


@pytest.fixture(name="tokens")
def made() -> IssuerAccessTokens:
    clock, members = FakeClock(), FakeMembers()
    clock.time = datetime.fromtimestamp(NOW, UTC)
    members.welcome(PERSON)
    return IssuerAccessTokens({ISSUER: Issuer(TOLD, documents(), clock)}, members, clock)


@pytest.mark.parametrize("algorithm", KINDS)
@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_a_right_token_opens_the_tenant_of_its_organization(
    tokens: IssuerAccessTokens, algorithm: str, typ: str
) -> None:
    token = signed(access(), typ, algorithm)
    assert tokens.is_of_issuer(token)
    principal = tokens.validate(token)
    assert principal is not None
    assert principal.tenant_id == tenant_of(ISSUER, PERSON.organization)
    assert (principal.scheme, principal.ends) == (
        Scheme.ISSUER,
        datetime.fromtimestamp(NOW + 3600, UTC),
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": AUDIENCE},
        {"aud": [AUDIENCE]},
        {"nbf": None},
        {"iat": NOW + 4, "nbf": NOW + 4},
        {"exp": NOW + 0.5},
        {"scope": "mcp"},
        {"nested": {"a": [1]}},
    ],
)
def test_a_token_may_be_otherwise(tokens: IssuerAccessTokens, changes: dict[str, Any]) -> None:
    assert tokens.validate(signed(access(**changes), "at+jwt")) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example/mcp"},
        {"aud": []},
        {"aud": None},
        {"aud": ["271428472658"]},
        {"aud": f"{AUDIENCE}/"},
        {"aud": {"a": AUDIENCE}},
        {"iss": "https://other.example"},
        {"iss": f"{ISSUER}/"},
        {"iss": None},
        {"exp": NOW},
        {"exp": NOW - 600},
        {"exp": None},
        {"exp": str(NOW + 60)},
        {"exp": True},
        {"nbf": NOW + 60},
        {"iat": NOW + 60},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"jti": None},
        {"client_id": "other"},
        {"client_id": None},
        {"scope": "mcp-not"},
        {"scope": ""},
        {"scope": None},
        {"scope": ["mcp"]},
        {ORGANIZATION: None},
        {ORGANIZATION: ""},
        {ORGANIZATION: 276400000000000777},
        {ORGANIZATION: ["276400000000000777"]},
        {ORGANIZATION: "another"},
        {"sub": "somebody-who-is-no-member"},
    ],
    ids=str,
)
def test_one_wrong_claim_is_enough(tokens: IssuerAccessTokens, changes: dict[str, Any]) -> None:
    assert tokens.validate(signed(access(**changes), "at+jwt")) is None


@pytest.mark.parametrize(
    ("typ", "header"),
    [
        ("JWT", {}),
        (None, {}),
        ("at+jwt", {"kid": None}),
        ("at+jwt", {"kid": "unknown"}),
        ("at+jwt", {"kid": "ES256"}),
        ("at+jwt", {"crit": ["b64"], "b64": True}),
        ("at+jwt", {"jku": "https://evil.example/jwks"}),
        ("at+jwt", {"jwk": {"kty": "oct", "k": "AA"}}),
    ],
    ids=str,
)
def test_another_header_is_refused(
    tokens: IssuerAccessTokens, typ: str | None, header: dict[str, Any]
) -> None:
    assert tokens.validate(signed(access(), typ, **header)) is None


def test_a_token_counts_in_one_spelling(tokens: IssuerAccessTokens) -> None:
    token = signed(access(), "at+jwt", "EdDSA")
    for other in (f"{token}=", token + "A", token.replace(".", "..", 1), token[:-1] + "_"):
        assert tokens.validate(other) is None
    assert not tokens.is_of_issuer("a.b.c")
    assert not tokens.is_of_issuer("")


def test_metadata_of_another_issuer_lead_nowhere() -> None:
    held = documents()
    held.held[f"{ISSUER}/.well-known/openid-configuration"] = metadata(
        issuer="https://evil.example"
    )
    held.held["https://evil.example/jwks"] = key_set()
    issuer = Issuer(TOLD, held, FakeClock())
    assert issuer.open(signed(access(), "at+jwt"), frozenset({"at+jwt"})) is None
    assert not any("jwks" in url for url in held.asked)


def test_metadata_are_found_as_oauth_has_them_too() -> None:
    held = documents()
    told = held.held.pop(f"{ISSUER}/.well-known/openid-configuration")
    path = ISSUER.removeprefix("https://login.example.com")
    held.held[f"https://login.example.com/.well-known/oauth-authorization-server{path}"] = told
    issuer = Issuer(TOLD, held, FakeClock())
    assert issuer.open(signed(access(), "at+jwt"), frozenset({"at+jwt"})) is not None
