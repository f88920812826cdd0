"""Credentials are taken out of what a tool answers, in every form that is promised."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_server.plugins.masking import MASK, is_withheld, mask

if TYPE_CHECKING:
    from collections.abc import Callable

KEY = "sk-ant-0f/3+9b61c0aZ7e55"
KNOWN = ("another-of-the-tenants", KEY)

FORMS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "base64": lambda word: base64.b64encode(word.encode()).decode(),
    "base64url": lambda word: base64.urlsafe_b64encode(word.encode()).decode(),
    "base64 after one byte": lambda word: base64.b64encode(b":" + word.encode()).decode(),
    "base64 after two bytes": lambda word: base64.b64encode(b"u:" + word.encode() + b"!").decode(),
    "basic": lambda word: base64.b64encode(f"user:{word}".encode()).decode(),
    "hex": lambda word: word.encode().hex(),
    "hex in upper case": lambda word: word.encode().hex().upper(),
    "hex by bytes": lambda word: word.encode().hex(" "),
    "percent": lambda word: quote(word, safe=""),
    "percent, all": lambda word: "".join(f"%{byte:02x}" for byte in word.encode()),
    "JSON": lambda word: "".join(f"\\u{ord(letter):04x}" for letter in word),
    "JSON, twice": lambda word: json.dumps("".join(f"\\u{ord(one):04x}" for one in word)),
    "HTML": lambda word: "".join(f"&#{ord(letter)};" for letter in word),
    "HTML in hex": lambda word: "".join(f"&#x{ord(letter):X};" for letter in word),
    "some of it escaped": lambda word: word.replace("-", "%2D").replace("0", "\\u0030"),
    "reversed": lambda word: word[::-1],
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_masked(form: str) -> None:
    told = FORMS[form](KEY)
    value = {"content": [{"type": "text", "text": f"before {told} after"}], "named": {told: 1}}
    text = json.dumps(mask(value, KNOWN))
    assert MASK in text
    assert told.strip("=")[4:-4] not in text
    assert "before" in text
    assert "after" in text


@pytest.mark.parametrize("length", [12, 16, len(KEY) - 1])
def test_a_longer_part_is_masked(length: int) -> None:
    for part in (KEY[:length], KEY[-length:]):
        assert mask(f"it begins with {part}, and so on", KNOWN) == (
            f"it begins with {MASK}, and so on"
        )


def test_what_spells_it_out_in_pieces_is_withheld() -> None:
    blocks = [{"type": "text", "text": part} for part in (KEY[:6], KEY[6:12], KEY[12:])]
    spaced = {"content": [{"type": "text", "text": " ".join(KEY)}]}
    for value in ({"content": blocks}, spaced, {"structuredContent": list(KEY)}):
        assert is_withheld(value, KNOWN)
    assert not is_withheld({"content": [{"type": "text", "text": f"all of {KEY}"}]}, KNOWN)
    assert not is_withheld({"content": [{"type": "text", "text": KEY[:8]}]}, KNOWN)


def test_ordinary_text_and_other_values_stay_as_they_are() -> None:
    value = {"a": [1, 2.5, None, True, "ordinary text with sk-ant- in it"], "b": {"c": ""}}
    assert mask(value, KNOWN) == value
    assert mask(value, ()) is value


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_text_around_it_keeps_it_from_being_masked(before: str, after: str) -> None:
    masked = mask(f"{before} {KEY} {after}", KNOWN)
    assert KEY not in masked


@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=12, max_size=60))
def test_any_credential_is_masked(key: str) -> None:
    assert key not in mask(f"<{key}>", (key,)).replace(MASK, "")
