"""AUTH, continued: requests that carry more than one claim, and the keys the server mints."""

from __future__ import annotations

import base64
import json
import re
from http import HTTPStatus
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from conformance.forge.requests import opening, rpc
from conformance.requirement import requirement
from conformance.verdicts import establish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.evidence.admin import Administrator
    from conformance.evidence.good_case import GoodCase
    from conformance.evidence.wire import Wire
    from conformance.forge.keys import Keys
    from conformance.forge.requests import Request

UNAUTHORIZED = HTTPStatus.UNAUTHORIZED
MINTED = 16
SHARED = 6
"""Characters that two random keys never share at their start: one in 2^36 of 120 pairs."""
KEY_BITS = 256


@requirement("AUTH-09")
@pytest.mark.parametrize("order", ["right first", "wrong first", "both right"])
def test_a_repeated_key_header_is_refused(wire: Wire, keys: Keys, order: str) -> None:
    """Proxies and servers differ in which of two headers they believe, so neither may count."""
    establish(wire.knock(keys.active).succeeded, "the key works by itself")
    right, wrong = keys.active, keys.random()
    pairs = {
        "right first": (right, wrong),
        "wrong first": (wrong, right),
        "both right": (right, right),
    }
    headers = tuple(wire.key_header(key) for key in pairs[order])
    answer = wire.send(opening(wire.revision).but(repeated=headers))
    assert answer.status == UNAUTHORIZED
    assert not answer.executed


@requirement("AUTH-09")
@pytest.mark.parametrize("joint", [",", ", ", ";", " "])
def test_joined_keys_are_refused(wire: Wire, keys: Keys, joint: str) -> None:
    """A proxy may join repeated headers into one; that is two claims still."""
    establish(wire.knock(keys.active).succeeded, "the key works by itself")
    for pair in ((keys.active, keys.random()), (keys.random(), keys.active), (keys.active,) * 2):
        answer = wire.knock(joint.join(pair))
        assert answer.status == UNAUTHORIZED
        assert not answer.executed


def smuggled(wire: Wire) -> dict[str, Request]:
    """Return requests that claim to be harmless, and hold a call."""
    probe = wire.strongest_probe()
    message = json.loads(probe.body or b"{}")
    note = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    claims = ("notifications/initialized", "ping", "server/discover", "initialize")
    requests = {
        "a batch": probe.but(body=json.dumps([message]).encode()),
        "a batch behind a notification": probe.but(body=json.dumps([note, message]).encode()),
        "a notification": rpc("notifications/initialized", revision=wire.revision, message_id=None),
        "a call without id": probe.but(
            body=json.dumps({k: v for k, v in message.items() if k != "id"}).encode()
        ),
        "an empty body": probe.but(body=b""),
    }
    for claim in claims:
        requests[f"a call said to be {claim}"] = probe.with_header("Mcp-Method", claim)
    return requests


@requirement("AUTH-12")
def test_no_form_of_a_message_smuggles_a_call(wire: Wire, good_case: GoodCase) -> None:
    """Whatever the body is, and whatever a header says it is, the key comes first."""
    reached = {
        what: str(answer)
        for what, request in smuggled(wire).items()
        if (answer := wire.send(request)).status != UNAUTHORIZED or answer.executed
    }
    assert not reached
    good_case.conclude()


def shared_start(texts: Sequence[str]) -> str:
    """Return the characters with which all texts begin."""
    first, last = min(texts), max(texts)
    length = next(
        (place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b),
        min(len(first), len(last)),
    )
    return first[:length]


@requirement("AUTH-15")
def test_minted_keys_are_random_through_and_through(administrator: Administrator) -> None:
    """Sixteen keys: any structure a generator leaves shows in form, length, starts or balance."""
    minted = [administrator.mint() for _ in range(MINTED)]
    shared = shared_start(minted)
    # A fixed label such as sk_live_ is no secret, and helps scanners find leaked keys.
    label = shared[: max(shared.rfind("_"), shared.rfind("-")) + 1] if len(shared) > 1 else ""
    bodies = [key[len(label) :] for key in minted]
    assert len(set(bodies)) == MINTED, "a key was minted twice"
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", body) for body in bodies), "not base64url"
    raw = [base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)) for body in bodies]
    assert min(len(value) * 8 for value in raw) >= KEY_BITS, "fewer than 256 bits"
    close = max(len(shared_start(pair)) for pair in combinations(bodies, 2))
    assert close < SHARED, f"two keys share their first {close} characters"
    bits = "".join(f"{byte:08b}" for value in raw for byte in value)
    ones = bits.count("1")
    spread = 6 * (len(bits) / 4) ** 0.5  # six standard deviations: one alarm in 10^9
    assert abs(ones - len(bits) / 2) < spread, f"{ones} of {len(bits)} bits are set"


@requirement("AUTH-16")
def test_a_refusal_carries_a_challenge(
    wire: Wire, keys_or_random: Keys, good_case: GoodCase
) -> None:
    """RFC 9110 has a server send one with every 401: a scheme, and parameters after it."""
    for key in (None, keys_or_random.random()):
        answer = wire.knock(key)
        if answer.status == UNAUTHORIZED:
            challenge = answer.header("www-authenticate") or ""
            assert re.match(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+( |$)", challenge), f"got {challenge!r}"
    establish(wire.knock().status == UNAUTHORIZED, "a missing key gets 401")
    good_case.conclude()
