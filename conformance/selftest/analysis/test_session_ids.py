"""Session ids: whoever draws enough bits is believed, in whatever form he writes them."""

from __future__ import annotations

import secrets
import time
import uuid
from itertools import count
from typing import TYPE_CHECKING

import pytest

from conformance.analysis.session_ids import random_bits
from conformance.checks.mcp.sessions import ID_BITS, OPENED
from conformance.forge.objects import nobodys_text
from conformance.forge.sessions import nobodys_session
from conformance.selftest.judging import PROFILE, judge
from conformance.selftest.sessions import (
    AlsoTakesTheClientsId,
    ForgetsNothing,
    LabelledNumbers,
    RefersToItself,
    RepeatsTheId,
    Sessions,
    Shares,
    TakesTheClientsId,
    TellsForeignSessions,
)
from conformance.selftest.targets import serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ABOUT_SESSIONS = "--requirement=MCP-06,MCP-07,MCP-08,MCP-09"
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


@pytest.mark.parametrize(
    "handler",
    [Sessions, RepeatsTheId, RefersToItself, LabelledNumbers],
    ids=lambda one: one.__name__,
)
def test_a_good_server_is_not_accused_for_the_form_of_its_ids(
    tmp_path: Path, handler: type[Sessions]
) -> None:
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", ABOUT_SESSIONS, profile=PROFILE)
    assert found.verdicts == dict.fromkeys(("MCP-06", "MCP-07", "MCP-08", "MCP-09"), "pass"), (
        found.output[-2000:]
    )


@pytest.mark.parametrize(
    ("handler", "failing"),
    [
        (TellsForeignSessions, {"MCP-07"}),
        (Shares, {"MCP-07"}),
        (ForgetsNothing, {"MCP-07", "MCP-09"}),
        (TakesTheClientsId, {"MCP-06"}),
        (AlsoTakesTheClientsId, {"MCP-06"}),
    ],
)
def test_a_bad_server_is_still_accused(
    tmp_path: Path, handler: type[Sessions], failing: set[str]
) -> None:
    with serving(handler) as url:
        found = judge(tmp_path, f"--target={url}", ABOUT_SESSIONS, profile=PROFILE)
    failed = {name for name, verdict in found.verdicts.items() if verdict == "fail"}
    assert failed == failing, found.output[-2000:]


@pytest.mark.parametrize("form", [form for form in RANDOM if form != "zeros and ones"])
def test_nobodys_session_has_the_form_of_the_others(form: str) -> None:
    for _ in range(ROUNDS):
        known = [RANDOM[form]() for _ in range(2)]
        forged = nobodys_session(known)
        assert forged not in known
        assert len(forged) == len(known[0])
        assert set(forged) <= set("".join(known))
        assert [one.isalnum() for one in forged] == [one.isalnum() for one in known[0]]


def test_nobodys_session_is_a_uuid_of_the_same_version_where_the_others_are() -> None:
    for _ in range(ROUNDS):
        known = [str(uuid.uuid4()) for _ in range(2)]
        assert uuid.UUID(nobodys_session(known)).version == 4


@pytest.mark.parametrize("known", [["1", "2"], ["9", "10"], ["same", "same"]])
def test_nobodys_session_is_none_of_the_known_ones_however_short_they_are(known: list[str]) -> None:
    assert nobodys_session(known) not in known


@pytest.mark.parametrize(
    "real",
    ["65f1c0ffee65f1c0ffee65f1", "65F1C0FFEE65F1C0FFEE65F1", "8a61f0c24b6e4d2f9c3e5a7b1d0f2e4c"],
)
def test_nobodys_id_of_a_hexadecimal_one_is_hexadecimal(real: str) -> None:
    drawn = nobodys_text(real)
    assert drawn != real
    assert len(drawn) == len(real)
    assert drawn.isupper() == real.isupper()
    assert int(drawn, 16)
