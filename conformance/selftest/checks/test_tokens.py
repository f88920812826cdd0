"""What is presented where keys are signed tokens, and what may be told of those that ran out."""

from __future__ import annotations

import base64
import json
import secrets
import time
from typing import TYPE_CHECKING

import pytest

from conformance.forge.keys import Keys, TenantKeys, malformed_keys, nearly
from conformance.forge.tokens import is_verifiable_by_anyone, of_nobody, signed_by_nobody
from conformance.profile.tenants import Tenant
from conformance.selftest.judging import TOKEN_PROFILE, judge
from conformance.selftest.targets import Good, serving
from conformance.text.tokens import is_token

if TYPE_CHECKING:
    from pathlib import Path

SIGNATURE = 256
FUTURE, PAST = 4102444800, 1577836800


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def token_of(holder: str, ends: int, algorithm: str = "RS256", **more: object) -> str:
    claims = {"iss": "https://login.example.com", "sub": holder, "exp": ends, **more}
    parts = [json.dumps(part).encode() for part in ({"alg": algorithm, "typ": "JWT"}, claims)]
    return ".".join(map(text_of, (*parts, secrets.token_bytes(SIGNATURE))))


def claims_of(token: str) -> dict[str, object]:
    return json.loads(bytes_of(token.split(".")[1]))


TOKENS = {f"TOKEN_{name.upper()}": token_of(f"tenant-{name}", FUTURE) for name in "ab"}
EXPIRED = token_of("tenant-a", PAST)
HOLDERS = {"tenant-a": TOKENS["TOKEN_A"], "tenant-b": TOKENS["TOKEN_B"]}
PROFILE = f"""{TOKEN_PROFILE}
[timing]
microseconds = 3000
tail_share = 0.2
"""


def busy(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


class Verifies(Good):
    """Verifies each token that decodes as it should, and writes down whose has run out."""

    def tenant(self) -> str | None:
        """Return whose token was presented."""
        presented = self.headers.get_all("Authorization") or []
        token = presented[0].removeprefix("Bearer ") if len(presented) == 1 else ""
        return self.verified(token)

    def verified(self, token: str) -> str | None:
        """Take 10 ms to verify a signature, and 10 more to log that a real token has run out."""
        if not is_token(token):
            return None
        signature = token.split(".")[2]
        if text_of(bytes_of(signature)) != signature:
            return None
        busy(0.01)
        if token == EXPIRED:
            busy(0.01)
        return next((holder for holder, real in HOLDERS.items() if real == token), None)

    def refuse(self) -> None:
        """Send the one refusal."""
        self.reply(401, self.refusal, {"WWW-Authenticate": "Bearer"})


class LooksUpUnverifiedClaims(Verifies):
    """Looks its holder up before it knows that a token is real."""

    def verified(self, token: str) -> str | None:
        """Take 10 ms longer for a holder that exists."""
        if is_token(token) and claims_of(token).get("sub") in HOLDERS:
            busy(0.01)
        return super().verified(token)


@pytest.fixture(autouse=True)
def _tokens_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, token in {**TOKENS, "TOKEN_EXPIRED": EXPIRED}.items():
        monkeypatch.setenv(name, token)


@pytest.mark.slow
def test_who_verifies_tokens_is_not_accused(tmp_path: Path) -> None:
    with serving(Verifies) as url:
        only = "--requirement=AUTH-03,AUTH-07,TIME-03,TIME-04"
        found = judge(tmp_path, f"--target={url}", only, profile=PROFILE)
    assert found.verdicts.keys() == {"AUTH-03", "AUTH-07", "TIME-03", "TIME-04"}
    assert found.verdicts["AUTH-03"] == found.verdicts["AUTH-07"] == "pass"
    # A machine that is busy with other tests may leave times undecided.
    assert "fail" not in found.verdicts.values(), found.output


@pytest.mark.slow
def test_who_looks_a_holder_up_before_verifying_is(tmp_path: Path) -> None:
    with serving(LooksUpUnverifiedClaims) as url:
        found = judge(tmp_path, f"--target={url}", "--requirement=TIME-03", profile=PROFILE)
    assert found.verdicts == {"TIME-03": "fail"}
    assert " µs less than expired, signed by nobody" in found.output


def keys_of(token: str) -> Keys:
    one = TenantKeys(Tenant.model_construct(id="tenant-a", key=token))
    return Keys(one, one)


def test_an_unknown_token_is_one_that_only_its_signature_spoils() -> None:
    real = TOKENS["TOKEN_A"]
    unknown = keys_of(real).random()
    assert unknown.split(".")[:2] == real.split(".")[:2]
    assert bytes_of(unknown.split(".")[2]) != bytes_of(real.split(".")[2])


def test_a_padded_token_is_no_malformed_key_but_another_spelling() -> None:
    assert "padded base64" in malformed_keys("key-0123456789-0123456789")
    assert "padded base64" not in malformed_keys(TOKENS["TOKEN_A"])


def test_where_keys_are_no_tokens_neither_is_an_unknown_one() -> None:
    assert not is_token(keys_of("key-0123456789-0123456789").random())


@pytest.mark.parametrize("size", [32, 64, 96, 256, 384])
def test_a_nearly_right_token_is_spelt_as_an_encoder_spells_it(size: int) -> None:
    head = TOKENS["TOKEN_A"].rpartition(".")[0]
    real = f"{head}.{text_of(secrets.token_bytes(size))}"
    spoilt = nearly(real)
    signature = spoilt.split(".")[2]
    assert spoilt[:-5] == real[:-5]
    assert bytes_of(signature) != bytes_of(real.split(".")[2])
    assert text_of(bytes_of(signature)) == signature


def test_a_token_of_nobody_names_another_holder_and_the_same_issuer() -> None:
    real = token_of("tenant-a", FUTURE, jti="8a6e0804-2bd0-4672-b79d-d97027f9071a", empty="")
    claims, made_up = claims_of(real), claims_of(of_nobody(real))
    assert made_up.keys() == claims.keys()
    assert {name for name in made_up if made_up[name] != claims[name]} == {"sub", "jti"}


def test_a_token_that_ran_out_keeps_its_holder_and_no_time() -> None:
    found = signed_by_nobody(EXPIRED, at_the_time_of=TOKENS["TOKEN_A"])
    assert claims_of(found) == claims_of(EXPIRED) | {"exp": FUTURE}
    assert found.split(".")[2] not in EXPIRED


@pytest.mark.parametrize(
    ("credential", "is_public"),
    [
        (TOKENS["TOKEN_A"], True),
        (token_of("tenant-a", FUTURE, "EdDSA"), True),
        (token_of("tenant-a", FUTURE, "HS256"), False),
        ("eyJub3Qganx.eyJhbGwg.0123456789abcdefghij", False),
        ("key-of-tenant-a-0123456789", False),
    ],
)
def test_only_a_private_keys_signature_is_for_all_to_verify(
    credential: str, *, is_public: bool
) -> None:
    assert is_verifiable_by_anyone(credential) is is_public
