"""A word is found in whatever spelling a server may hand it out, and nowhere else."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from conformance.text.disguised import shows, spellings

if TYPE_CHECKING:
    from collections.abc import Callable

WORD = "canary-7f3a ä+?"


@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_shows_it_wherever_it_begins(
    before: int, after: int, encode: Callable[[bytes], bytes]
) -> None:
    whole = bytes(range(65, 65 + before)) + WORD.encode() + b"\xff" * after
    assert shows(WORD, f'{{"cursor": "{encode(whole).decode()}"}}')


@pytest.mark.parametrize(
    "text",
    [
        f"row {WORD} of b",
        f"/rows?q={quote(WORD, safe='')}&x=1",
        f"\\x{WORD.encode().hex()}00",
        WORD.encode().hex().upper(),
        "".join(f"\\u{ord(letter):04x}" for letter in WORD),
        WORD[::-1],
    ],
)
def test_other_spellings_show_it(text: str) -> None:
    assert shows(WORD, text)


def test_nothing_is_found_where_nothing_is() -> None:
    text = json.dumps([secrets.token_urlsafe(40) for _ in range(2000)])
    assert not shows("canary-of-a", text)
    assert not shows("zq7", text.replace("zq7", ""))


def test_a_short_word_is_looked_for_as_it_is() -> None:
    assert "zq7" in spellings("zq7")
    assert all(len(one) >= 6 for one in spellings("zq7") if one != "zq7")
