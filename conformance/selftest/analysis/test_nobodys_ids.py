"""Ids that nobody has look as those do that somebody has."""

from __future__ import annotations

import re
import uuid

import pytest

from conformance.forge.objects import nobodys_id, nobodys_text

ROUNDS = 40


@pytest.mark.parametrize(
    ("real", "digits"),
    [(2, 4), (731, 4), (4001, 4), (9950, 5), (123_456_789, 9), (999_999_999, 10)],
)
def test_a_number_stays_near_those_that_are_counted(real: int, digits: int) -> None:
    for _ in range(ROUNDS):
        drawn = nobodys_id(real)
        assert isinstance(drawn, int)
        assert real + 40 < drawn < 2**31
        assert len(str(drawn)) == digits
        assert len(nobodys_text(str(real))) == digits


def test_a_long_number_keeps_the_half_that_may_hold_a_time() -> None:
    real = 1_728_000_111_222_333_444
    for _ in range(ROUNDS):
        drawn = nobodys_id(real)
        assert isinstance(drawn, int)
        assert drawn != real
        assert str(drawn)[:9] == str(real)[:9]
        assert drawn < 2**63


def test_a_number_that_is_filled_up_stays_so_long() -> None:
    assert all(re.fullmatch(r"9\d{5}", nobodys_text("000042")) for _ in range(ROUNDS))
    assert nobodys_text("0") != "0"


@pytest.mark.parametrize("known", [[], ["inv_01HZX9T4QKMB", "inv_01HZX9W7RJND"]])
def test_a_label_stays_and_so_does_the_alphabet(known: list[str]) -> None:
    real = "inv_01HZX9S2PKVC"
    for _ in range(ROUNDS):
        drawn = nobodys_id(real, [real, *known])
        assert isinstance(drawn, str)
        assert drawn not in {real, *known}
        assert re.fullmatch(r"inv_[0-9A-Z]{12}", drawn)
        assert set(drawn) <= set("".join([real, *known]))


@pytest.mark.parametrize(
    "real",
    [
        "018f4e1a-7c3d-7b2e-9a10-2f6d5c4b3a21",
        "018F4E1A-7C3D-7B2E-9A10-2F6D5C4B3A21",
        "2f1c5b7e-9d04-4c3a-8b6f-51e7a0d2c948",
        "00000000-0000-0000-0000-000000000001",
    ],
)
def test_a_uuid_keeps_its_version_and_its_case(real: str) -> None:
    drawn = nobodys_text(real)
    assert drawn != real
    assert uuid.UUID(drawn).version == uuid.UUID(real).version
    assert drawn.isupper() == real.isupper()


@pytest.mark.parametrize("real", ["a", "b2", "é", "a-1f0e", "the annual report"])
def test_whatever_the_id_another_is_drawn(real: str) -> None:
    assert all(nobodys_text(real) != real for _ in range(ROUNDS))
