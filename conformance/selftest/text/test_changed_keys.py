"""A right key is told as the right one, also after spoilt ones that hold all of it were sent."""

from __future__ import annotations

import base64

import pytest

from conformance.text.redaction import Redactor

KEY = "vKx3-9dQ_mT7wLr2ZbN8cYf4HjS6pGaE0uXiOoW1qRk"


def taught(*spoilt: str) -> Redactor:
    """Return a redactor that knows the key and has seen these sent."""
    redact = Redactor({KEY: "tenants.a.key"})
    for value in spoilt:
        redact.learn_changed(value)
    return redact


@pytest.mark.parametrize(
    "spoilt", [f" {KEY}", f"{KEY} ", f'"{KEY}"', f"\t{KEY}", f"{KEY},{KEY}", f"Bearer {KEY}"]
)
def test_a_right_key_stays_right_after_padded_ones(spoilt: str) -> None:
    redact = taught(spoilt, KEY.swapcase(), KEY[:-1], f"{KEY}x")
    assert redact(f"Bearer {KEY}") == "Bearer <tenants.a.key>"
    assert redact(f'{{"key": "{KEY}"}}') == '{"key": "<tenants.a.key>"}'
    assert redact(f"a\t{KEY} b") == "a\t<tenants.a.key> b"


def test_what_was_added_to_a_key_is_shown_beside_it() -> None:
    assert taught(f"{KEY}=x")(f"sent {KEY}=x") == "sent <tenants.a.key>=x"


@pytest.mark.parametrize("spoilt", [KEY.swapcase(), KEY[:-1], KEY[1:], KEY[:-1] + "!"])
def test_what_was_changed_is_told_as_changed(spoilt: str) -> None:
    assert taught(spoilt)(f"sent {spoilt}") == "sent <tenants.a.key, changed>"


def test_a_padded_key_is_redacted_in_its_other_spellings_too() -> None:
    padded = f" {KEY}"
    written = base64.b64encode(padded.encode()).decode()
    assert taught(padded)(f"sent {written}").startswith("sent <tenants.a.key, changed>")
