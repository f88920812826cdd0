"""Which tokens count: those that this server has signed, to the letter, and no others."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jwt.algorithms import HMACAlgorithm

from reference_server.core.errors import ConfigurationError, StorageUnavailableError
from reference_server.core.principal import ANONYMOUS, Principal
from reference_server.core.vocabulary import Scheme, SessionMode, Tier
from reference_server.sessions.claims import Life, read_claims
from reference_server.sessions.signing import SignedTokens
from reference_server.sessions.validation import LEEWAY_SECONDS, AuthValidation, Rules
from reference_server.tests.fakes import SESSION_SECRET, TENANT_A, FakeEnds, World

RULES = Rules(SessionMode.REQUIRED, "issuer", "audience", 3600)
KEY = UUID("00000000-0000-4000-8000-0000000000ee")
OTHER_SECRET = b"another-key-of-forty-five-bytes-for-a-change."


def _part(value: object) -> str:
    told = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(told).rstrip(b"=").decode()


def forged(header: object, claims: object, secret: bytes = SESSION_SECRET) -> str:
    """Return a token with any header and payload, signed as HS256 signs."""
    head = f"{_part(header)}.{_part(claims)}"
    return f"{head}.{_part(hmac.digest(secret, head.encode(), hashlib.sha256))}"


def claims(world: World, **other: object) -> dict[str, Any]:
    """Return claims that are right but for the others; None leaves one out."""
    now = int(world.clock.now().timestamp())
    right: dict[str, Any] = {
        "iss": "issuer",
        "aud": "audience",
        "sub": str(KEY),
        "jti": "token-1",
        "iat": now,
        "nbf": now,
        "exp": now + 600,
        "tid": str(TENANT_A),
        "key_id": str(KEY),
        "user_type": "user",
        "scope": "user mcp",
        "roles": ["reader"],
        "session_id": "session-1",
        "rate_tier": "user",
    }
    return {name: value for name, value in (right | other).items() if value is not None}


def validator(world: World, *secrets: bytes, rules: Rules = RULES) -> AuthValidation:
    signed = SignedTokens(secrets or (SESSION_SECRET,))
    return AuthValidation(signed, world.ends, world.clock, rules)


HEADER = {"alg": "HS256", "typ": "JWT"}


def test_a_token_speaks_for_whom_it_says() -> None:
    world = World()
    holder = validator(world).validate(forged(HEADER, claims(world)))
    assert holder is not None
    assert (holder.tenant_id, holder.key_id, holder.scheme) == (TENANT_A, KEY, Scheme.SESSION)
    assert (holder.session_id, holder.token_id) == ("session-1", "token-1")
    assert holder.has_permission("mcp")
    assert holder.has_role("reader")
    assert {holder.has_permission("admin"), holder.is_admin, holder.is_anonymous} == {False}


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256"},
        {"typ": "jwt", "alg": "HS256"},
    ],
)
def test_a_header_may_leave_out_its_type(header: dict[str, str]) -> None:
    world = World()
    assert validator(world).validate(forged(header, claims(world))) is not None


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "JWT"},
        {"alg": "None"},
        {"alg": "nOnE"},
        {"alg": ""},
        {"alg": None},
        {"alg": ["HS256"]},
        {"alg": "hs256"},
        {"alg": "HS384"},
        {"alg": "HS512"},
        {"alg": "RS256"},
        {"alg": "ES256"},
        {"alg": "dir", "enc": "A256GCM"},
        {"typ": "JWT"},
        {**HEADER, "typ": "at+jwt"},
        {**HEADER, "typ": 1},
        {**HEADER, "kid": "1"},
        {**HEADER, "kid": "../../dev/null"},
        {**HEADER, "jku": "https://attacker.example/keys"},
        {**HEADER, "x5u": "https://attacker.example/cert"},
        {**HEADER, "jwk": {"kty": "oct", "k": _part(SESSION_SECRET)}},
        {**HEADER, "x5c": ["MII"]},
        {**HEADER, "crit": ["exp"], "exp": 1},
        {**HEADER, "crit": ["b64"], "b64": False},
        {**HEADER, "b64": False},
        {**HEADER, "cty": "JWT"},
        {**HEADER, "zip": "DEF"},
        [],
        "HS256",
    ],
)
def test_no_other_header_is_believed_though_the_signature_is_right(header: object) -> None:
    world = World()
    assert validator(world).validate(forged(header, claims(world))) is None


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_no_other_algorithm_counts_under_the_same_key(algorithm: str) -> None:
    world = World()
    token = jwt.encode(claims(world), SESSION_SECRET + SESSION_SECRET, algorithm)
    assert validator(world, SESSION_SECRET * 2).validate(token) is None


@pytest.mark.parametrize("secret", [b"", b"secret", OTHER_SECRET, SESSION_SECRET + b"\n"])
def test_another_key_signs_nothing(secret: bytes) -> None:
    world = World()
    assert validator(world).validate(forged(HEADER, claims(world), secret)) is None


def test_the_key_before_counts_while_it_is_kept() -> None:
    world = World()
    token = forged(HEADER, claims(world), OTHER_SECRET)
    assert validator(world, SESSION_SECRET, OTHER_SECRET).validate(token) is not None
    assert validator(world, SESSION_SECRET).validate(token) is None


def _in_other_forms(token: str) -> dict[str, str]:
    head, payload, signature = token.split(".")
    return {
        "padded": f"{token}=",
        "padded header": f"{head}=.{payload}.{signature}",
        "a line end": f"{token}\n",
        "a space before": f" {token}",
        "no signature": f"{head}.{payload}.",
        "two parts": f"{head}.{payload}",
        "four parts": f"{token}.x",
        "cut": token[:-1],
        "the payload alone": payload,
        "no header": f".{payload}.{signature}",
        "no payload": f"{head}..{signature}",
        "JSON serialization": json.dumps({"payload": payload, "signatures": []}),
        "endless": "ey" * 3000,
        "nested": forged({**HEADER, "cty": "JWT"}, token.encode()),
        "nothing": "",
        "other letters": "é.è.ê",
    }


def test_no_other_form_is_a_token() -> None:
    world = World()
    one, token = validator(world), forged(HEADER, claims(world))
    assert one.validate(token) is not None
    assert [what for what, text in _in_other_forms(token).items() if one.validate(text)] == []


@given(place=st.integers(0, 10_000), to=st.characters(min_codepoint=33, max_codepoint=126))
def test_no_changed_character_passes(place: int, to: str) -> None:
    world = World()
    token = forged(HEADER, claims(world))
    at = place % len(token)
    changed = token[:at] + to + token[at + 1 :]
    assert (validator(world).validate(changed) is not None) == (changed == token)


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "somebody"},
        {"iss": None},
        {"iss": ["issuer"]},
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"aud": {"audience": 1}},
        {"aud": ["another"]},
        {"aud": [1, "audience"]},
        {"sub": None},
        {"sub": 1},
        {"sub": ""},
        {"jti": None},
        {"jti": 1},
        {"exp": None},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": 1e12},
        {"exp": -1},
        {"iat": None},
        {"iat": "0"},
        {"nbf": "0"},
        {"tid": None},
        {"tid": "tenant-a"},
        {"user_type": None},
        {"user_type": "root"},
        {"scope": None},
        {"scope": 1},
        {"roles": None},
        {"roles": [1]},
        {"session_id": None},
        {"rate_tier": "gold"},
        {"key_id": "1"},
    ],
)
def test_one_wrong_claim_is_enough(wrong: dict[str, object]) -> None:
    world = World()
    told = {name: value for name, value in claims(world).items() if name not in wrong}
    told |= {name: value for name, value in wrong.items() if value is not None}
    assert validator(world).validate(forged(HEADER, told)) is None


def test_an_audience_may_be_one_of_several() -> None:
    world = World()
    token = forged(HEADER, claims(world, aud=["another", "audience"]))
    assert validator(world).validate(token) is not None


@pytest.mark.parametrize(
    ("times", "ends"),
    [
        ({"exp": 600}, "admitted"),
        ({"exp": 1}, "admitted"),
        ({"exp": 0}, "refused"),
        ({"iat": -600, "exp": -1}, "refused"),
        ({"nbf": LEEWAY_SECONDS}, "admitted"),
        ({"nbf": LEEWAY_SECONDS + 1}, "refused"),
        ({"iat": LEEWAY_SECONDS + 1}, "refused"),
        ({"iat": 0, "exp": 3600}, "admitted"),
        ({"iat": 0, "exp": 3601}, "refused"),
        ({"iat": -3000, "exp": 601}, "refused"),
    ],
)
def test_a_token_counts_in_its_time_alone(times: dict[str, int], ends: str) -> None:
    world = World()
    now = int(world.clock.now().timestamp())
    token = forged(HEADER, claims(world, **{name: now + value for name, value in times.items()}))
    assert (validator(world).validate(token) is not None) == (ends == "admitted")


def test_a_token_ends_on_the_second() -> None:
    world = World()
    token = forged(HEADER, claims(world))
    world.clock.advance(599)
    assert validator(world).validate(token) is not None
    world.clock.advance(1)
    assert validator(world).validate(token) is None


@pytest.mark.parametrize("ended", ["token-1", str(KEY)])
def test_a_token_ends_with_its_revocation_and_with_its_key(ended: str) -> None:
    world = World()
    token = forged(HEADER, claims(world))
    world.ends.end("another")
    assert validator(world).validate(token) is not None
    world.ends.end(ended)
    assert validator(world).validate(token) is None


def test_nobody_is_let_in_while_it_is_not_known_what_has_ended() -> None:
    world = World(ends=FakeEnds())
    world.ends.is_down = True
    with pytest.raises(StorageUnavailableError):
        validator(world).validate(forged(HEADER, claims(world)))


@pytest.mark.parametrize(
    ("mode", "nobody"),
    [
        (SessionMode.REQUIRED, None),
        (SessionMode.OPTIONAL, ANONYMOUS),
        (SessionMode.DISABLED, ANONYMOUS),
    ],
)
def test_the_mode_says_who_presents_nothing(mode: SessionMode, nobody: Principal | None) -> None:
    one = validator(World(), rules=Rules(mode, "issuer", "audience", 3600))
    assert one.absent() is nobody
    assert one.asks == (mode is not SessionMode.DISABLED)


def test_what_is_signed_is_read_as_it_was_meant() -> None:
    world = World()
    principal = Principal(TENANT_A, KEY, tier=Tier.MCP, scope=frozenset({"mcp"}))
    now = int(world.clock.now().timestamp())
    issuer: Any = world.tokens().issuer
    issued = issuer.signed(principal, Life(now, now + 60))
    other = issuer.signed(principal, Life(now, now + 60))
    assert issued.token_id != other.token_id
    assert issued.session_id != other.session_id
    holder = world.tokens().validator.validate(issued.token)
    assert holder is not None
    assert (holder.tier, holder.scope, holder.key_id) == (Tier.MCP, principal.scope, KEY)
    payload = SignedTokens((SESSION_SECRET,)).open(issued.token)
    read = payload and read_claims(payload)
    assert read
    assert read.has_audience("urn:hallmark:mcp")
    assert (holder.has_role("x"), holder.is_admin, holder.is_anonymous) == (False, False, False)


def test_what_is_no_payload_has_no_claims() -> None:
    assert [read_claims(text) for text in (b"", b"[]", b"null", b"\xff", b'{"iss":1}')] == [
        None
    ] * 5


def test_a_secret_that_cannot_sign_is_refused_at_the_start() -> None:
    pem = b"-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n"
    with pytest.raises(ConfigurationError, match="SESSION_SIGNING_SECRET cannot sign"):
        SignedTokens((pem,))


def test_as_many_signatures_are_computed_whatever_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """So that time does not tell a wrong signature from what is no token at all."""
    world = World()
    computed: list[bytes] = []
    verify = HMACAlgorithm.verify

    def counting(self: Any, msg: bytes, key: bytes, sig: bytes) -> bool:
        computed.append(msg)
        return verify(self, msg, key, sig)

    monkeypatch.setattr(HMACAlgorithm, "verify", counting)
    one = validator(world, SESSION_SECRET, OTHER_SECRET)
    tokens = [
        forged(HEADER, claims(world)),
        forged(HEADER, claims(world), b"stranger"),
        forged({"alg": "none"}, claims(world)),
        forged({**HEADER, "crit": ["x"]}, claims(world)),
        forged({**HEADER, "kid": "unknown"}, claims(world), b"stranger"),
        "malformed",
        "a.b.c",
    ]
    counts: list[int] = []
    for token in tokens:
        computed.clear()
        one.validate(token)
        counts.append(len(computed))
    assert set(counts) == {2}
