"""Session ids: whoever draws enough bits is believed, in whatever form he writes them."""

from __future__ import annotations

import secrets
import time
import uuid
from itertools import count
from typing import TYPE_CHECKING

import pytest

from conformance.checks.mcp_sessions import ID_BITS, OPENED
from conformance.evidence.session_ids import random_bits

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 200
numbers = count(95)


def _of_digits(base: str, bits: int = 128) -> str:
    number, text = secrets.randbits(bits), ""
    while number:
        number, digit = divmod(number, len(base))
        text = base[digit] + text
    return text


RANDOM: dict[str, Callable[[], str]] = {
    "a UUID": lambda: str(uuid.uuid4()),
    "hexadecimal": lambda: secrets.token_hex(16),
    "base64": lambda: secrets.token_urlsafe(16),
    "a number": lambda: str(secrets.randbits(128)),
    "a number in hexadecimal": lambda: f"{secrets.randbits(128):x}",
    "base 58": lambda: _of_digits("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"),
    "zeros and ones": lambda: f"{secrets.randbits(128):0128b}",
    "behind a counter": lambda: f"session-{next(numbers)}-{secrets.token_hex(16)}",
    "before a counter": lambda: f"{secrets.token_hex(16)}.{next(numbers)}",
}
GUESSABLE: dict[str, Callable[[], str]] = {
    "counted": lambda: uuid.UUID(int=next(numbers)).hex,
    "counted, behind a label": lambda: f"session-of-the-tenant-{next(numbers)}",
    "a time": lambda: str(time.time_ns()),
    "32 bits": lambda: secrets.token_hex(4),
    "64 bits in a long form": lambda: f"{secrets.randbits(64):064x}",
    "80 bits": lambda: secrets.token_hex(10),
}


def _ids(make: Callable[[], str]) -> list[str]:
    return [make() for _ in range(OPENED)]


@pytest.mark.parametrize("form", RANDOM)
def test_enough_random_bits_are_seen_in_every_form(form: str) -> None:
    found = [random_bits(_ids(RANDOM[form])) for _ in range(ROUNDS)]
    assert min(least for least, _ in found) >= ID_BITS


@pytest.mark.parametrize("form", GUESSABLE)
def test_too_few_random_bits_are_seen_in_every_form(form: str) -> None:
    found = [random_bits(_ids(GUESSABLE[form])) for _ in range(ROUNDS)]
    assert max(most for _, most in found) < ID_BITS


def test_text_that_is_merely_shifted_is_not_believed() -> None:
    text = "the quick brown fox jumps over the lazy dog and runs away"
    ids = ["x" * number + text for number in range(OPENED)]
    least, _ = random_bits(ids)
    assert least < ID_BITS
