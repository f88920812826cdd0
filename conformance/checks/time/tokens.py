"""TIME, continued: what the time of a refusal tells about a forged token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.forge.jwt.shape import written
from conformance.forge.keys import nearly, random_like, unknown_like
from conformance.forge.objects import nobodys_text
from conformance.forge.requests import opening
from conformance.forge.tokens import is_verifiable_by_anyone
from conformance.requirement import requirement
from conformance.text.tokens import encoded
from conformance.verdicts import NotApplicableError

if TYPE_CHECKING:
    from conformance.channels.http.tokens import TokenDesk
    from conformance.timing.stopwatch import Stopwatch
    from conformance.timing.verdict import Measurement

KEY_ID = "2f1c3c1e-8f0e-4a53-9f4e-0d1f5b7a6c2d"
"""What stands for a key's id in tokens that have none."""


@requirement("TIME-07")
def test_a_nearly_right_signature_takes_as_long_as_a_random_one(
    desk: TokenDesk, stopwatch: Stopwatch
) -> None:
    """Header and claims are those of the valid token, and all but the end of the signature is.

    A comparison that stops at the first difference goes on longest there.
    """
    desk.establish()
    valid = desk.token.text
    found = _among_tokens(
        desk, stopwatch, {"nearly right": nearly(valid), "random": unknown_like(valid)}
    )
    assert not found.leaks, str(found)
    found.require_decision()


@requirement("TIME-07")
def test_a_token_of_an_unknown_key_takes_as_long_as_a_forged_one(
    desk: TokenDesk, stopwatch: Stopwatch
) -> None:
    """A forged signature, the same under another key's id, and text of that length."""
    if is_verifiable_by_anyone(desk.token.text):
        raise NotApplicableError(
            "tokens are signed by a private key: whether one is forged, anybody can verify"
        )
    desk.establish()
    valid = desk.token.text
    _, claims, signature = unknown_like(valid).split(".")
    named = {**desk.token.header, "kid": nobodys_text(str(desk.token.header.get("kid") or KEY_ID))}
    unknown = f"{encoded(written(named))}.{claims}.{signature}"
    credentials = {
        "forged": unknown_like(valid),
        "of an unknown key": unknown,
        "malformed": random_like(valid),
    }
    found = _among_tokens(desk, stopwatch, credentials)
    assert not found.leaks, str(found)
    found.require_decision()


def _among_tokens(
    desk: TokenDesk, stopwatch: Stopwatch, credentials: dict[str, str]
) -> Measurement:
    return stopwatch.compare_credentials(
        credentials,
        opening(desk.wire.revision),
        desk.wire.target.token_way.field,
        works=desk.token.text,
    )
